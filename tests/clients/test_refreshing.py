"""Clients that live for hours on an instance: they renew the role's credentials by themselves, and meet no error."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import msgspec
import pytest

from inside import Machine
from places import Place, refusal
from processes import process
from serving import Server
from shifted import ShiftedClock
from vestry.server.run import Ready
from vestry.server.settings import Clock

PROGRAMS = Path(__file__).parent / "programs"
#: A role's shortest maximum, which is how long credentials live then; there are new ones every twenty minutes.
HOUR = 3600
#: Credentials serve three steps at most, so that four are used.
STEP, STEPS = 20 * 60, 10


class World(NamedTuple):
    """A server and an instance of it, and the clock that they and their clients go by."""

    machine: Machine
    clock: ShiftedClock
    endpoint: str

    def advance(self, seconds: int) -> None:
        """Move the clock, and wait for the server to tell the new time, which it looks at once a second."""
        self.clock.advance(seconds)
        wanted = datetime.now(UTC) + timedelta(seconds=self.clock.seconds - 2)
        until = time.monotonic() + 10
        while True:
            with urllib.request.urlopen(f"{self.endpoint}/health", timeout=10) as answer:  # noqa: S310 - the server's
                if parsedate_to_datetime(answer.headers["date"]) >= wanted:
                    return
            assert time.monotonic() < until, "the server's clock did not move"
            time.sleep(0.02)

    @contextlib.contextmanager
    def living(self, *command: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Run a program on the instance until the block ends."""
        with subprocess.Popen(
            self.machine.command(*command),
            env=self.machine.environment(**self.clock.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                yield running
            finally:
                running.kill()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ShiftedClock(tmp_path)
    with process(tmp_path / "data", before=clock.before) as running:
        ready = msgspec.convert(running.ready, Ready)
        place = Place(Server(ready, tmp_path / "data", Clock(False), io.StringIO()))
        machine = Machine(place, tmp_path, MetadataOptions={"HttpTokens": "required"})
        assert place.iam.get_role(RoleName="app")["Role"]["MaxSessionDuration"] == HOUR
        yield World(machine, clock, ready.endpoint)


def ask(client: subprocess.Popen[str]) -> list[str]:
    """Let a client ask STS who it is; return that and the access key that it used."""
    assert client.stdin is not None
    assert client.stdout is not None
    print("ask", file=client.stdin, flush=True)
    line = client.stdout.readline()
    if not line:
        client.wait(10)
        assert client.stderr is not None
        pytest.fail(client.stderr.read())
    return line.split()


def begun_with(world: World) -> Any:
    """Return a client that goes on with the credentials of the beginning."""
    program = "import boto3; print(*boto3.Session().get_credentials().get_frozen_credentials())"
    said = world.machine.out(sys.executable, "-c", program, **world.clock.variables)
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    keys = dict(zip(names, said.split()[:3], strict=True))
    return boto3.client("sts", endpoint_url=world.endpoint, region_name="us-east-1", **keys)


def test_clients_that_live_for_hours_renew_their_credentials_without_an_error(world: World) -> None:
    script = world.machine.home / "asking.mjs"
    script.write_text((PROGRAMS / "asking.mjs").read_text())
    (script.parent / "node_modules").symlink_to(Path(__file__).parent / "node_modules")
    commands = {"boto3": [sys.executable, PROGRAMS / "asking.py"], "JavaScript": ["node", script]}
    keys: dict[str, list[str]] = {name: [] for name in commands}
    never_renewed = begun_with(world)
    assert never_renewed.get_caller_identity()["Arn"] == world.machine.arn
    with contextlib.ExitStack() as held:
        clients = {name: held.enter_context(world.living(*command)) for name, command in commands.items()}
        for step in range(STEPS):
            if step:
                world.advance(STEP)
            for name, client in clients.items():
                who, key = ask(client)
                assert who == world.machine.arn, name
                keys[name].append(key)
    for name, used in keys.items():
        assert len(set(used)) >= 4, f"{name} renewed them {len(set(used)) - 1} times"
        assert used == sorted(used, key=used.index), f"{name} went back to old ones"
    assert refusal(never_renewed.get_caller_identity)[1] == "ExpiredToken", "the hours were hours"
