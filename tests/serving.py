"""A server for tests: in a thread of its own, on a free loopback port, with a session clock that the test owns."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import uvloop

from vestry.cli.operator import perform
from vestry.server.log import Log
from vestry.server.run import Ready, run
from vestry.server.settings import Clock, Settings


class Server:
    """A running server: `endpoint`, those of `metadata` and `containers`, the data directory, the clock, and what it logged."""

    def __init__(self, ready: Ready, data: Path, clock: Clock, log: io.StringIO) -> None:
        self.endpoint = ready.endpoint
        self.metadata = ready.metadata
        self.containers = ready.containers
        self.data = data
        self.clock = clock
        self.log = log

    def operator(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Ask the server as its operator."""
        return perform(command, arguments, self.data, None)

    def logged(self, text: str, count: int = 1) -> list[dict[str, Any]]:
        """Return the log lines with a text in them, when there are `count`: they are written soon after an answer."""
        until = time.monotonic() + 10
        while True:
            found = [json.loads(line) for line in self.log.getvalue().splitlines() if text in line]
            if len(found) >= count:
                return found
            assert time.monotonic() < until, f"{text} is not logged {count} times"
            time.sleep(0.05)

    def account(self, alias: str, identifier: str | None = None) -> dict[str, Any]:
        """Create an account; return its id and root key."""
        return self.operator("account.create", alias=alias, id=identifier)

    def client(self, service: str, keys: dict[str, Any], **config: Any) -> Any:
        """Return a boto3 client that signs with root keys, access keys or temporary credentials."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=botocore.config.Config(
                retries={"max_attempts": 0},
                parameter_validation=config.pop("parameter_validation", True),
                **config,
            ),
        )


@contextlib.contextmanager
def serving(data: Path, **settings: Any) -> Iterator[Server]:
    """Run a server on `data` until the block ends."""
    clock, stream = Clock(settings.get("test_clock", False)), io.StringIO()
    log = Log(stream)
    ready: list[Ready] = []
    began = threading.Event()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    failure: list[BaseException] = []

    def announce(line: Ready) -> None:
        ready.append(line)
        began.set()

    async def main() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        await run(Settings(data=data, port=0, **settings), clock, announce, stop, log)

    def thread() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failure.append(error)
        finally:
            began.set()

    worker = threading.Thread(target=thread, name="server")
    worker.start()
    assert began.wait(30), "the server did not begin"
    if failure:
        worker.join()
        raise failure[0]
    try:
        yield Server(ready[0], Path(ready[0].data), clock, stream)
    finally:
        loop, stop = stopping[0]
        loop.call_soon_threadsafe(stop.set)
        worker.join(40)
        log.close()
        assert not worker.is_alive(), "the server did not stop"
