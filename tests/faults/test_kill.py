"""An acknowledged change survives `kill -9` the moment after.

Writers create, change and delete users without ever stopping at an error; the server is killed in the middle of it,
again and again; after each kill the store holds what was acknowledged, and of what was under way either all or nothing.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from processes import process
from vestry.cli.operator import perform
from vestry.store.database import open_store

KILLS = 100
LEAST_ACKNOWLEDGEMENTS = 20
WRITERS = 4
ABSENT = None


class Writer(threading.Thread):
    """Creates, re-paths and deletes users of its own; remembers for each which states the store may show."""

    def __init__(self, number: int, keys: dict[str, Any], endpoint: list[str]) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.number = number
        self.keys = keys
        self.endpoint = endpoint
        self.possible: dict[str, set[str | None]] = {}
        self.acknowledged = 0
        self.stopped = False

    def run(self) -> None:
        step, client, place = 0, None, ""
        while not self.stopped:
            if place != self.endpoint[0] or client is None:
                place = self.endpoint[0]
                client = self._client(place)
            step += 1
            name = f"w{self.number}-{step // 3}"
            present = next(iter(self.possible.get(name, {ABSENT})))
            try:
                if step % 3 == 0:
                    self._attempt(client.create_user, name, ABSENT, "/", UserName=name, Path="/")
                elif step % 3 == 1:
                    self._attempt(client.update_user, name, present, "/b/", UserName=name, NewPath="/b/")
                elif step % 9 == 2:
                    self._attempt(client.delete_user, name, present, ABSENT, UserName=name)
            except ClientError:
                self.possible[name] = (
                    {present} if len(self.possible.get(name, {1})) == 1 else self.possible[name]
                )
            except (BotoCoreError, ResponseParserError, OSError):  # the kill cut it off
                time.sleep(0.01)

    def _attempt(
        self, call: Any, name: str, before: str | None, after: str | None, **parameters: Any
    ) -> None:
        known = self.possible.get(name, {ABSENT})
        self.possible[name] = known | {before, after}
        try:
            call(**parameters)
        except ClientError:  # refused: nothing was changed
            self.possible[name] = known
            return
        self.possible[name] = {after}
        self.acknowledged += 1

    def _client(self, endpoint: str) -> Any:
        # A session of its own: boto3's default session must not be used by several threads.
        return boto3.session.Session().client(
            "iam",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            config=botocore.config.Config(
                retries={"max_attempts": 0}, connect_timeout=2, read_timeout=5, parameter_validation=False
            ),
        )


def test_a_hundred_kills_lose_nothing_that_was_acknowledged(data: Path) -> None:
    keys = perform("account.create", {"alias": "victim"}, data, None)
    total = 0
    for kill in range(KILLS):
        with process(data) as server:
            writers = [Writer(kill * WRITERS + n, keys, [server.endpoint]) for n in range(WRITERS)]
            for writer in writers:
                writer.start()
            patience = time.monotonic() + 20
            while sum(w.acknowledged for w in writers) < LEAST_ACKNOWLEDGEMENTS + kill % 7:
                assert time.monotonic() < patience, "the writers make no progress"
                time.sleep(0.002)
            server.kill()
        for writer in writers:
            writer.stopped = True
        for writer in writers:
            writer.join(10)
        total += sum(writer.acknowledged for writer in writers)
        _check(data, keys, writers)
    print(f"{KILLS} kills, {total} acknowledged changes, none lost")


def _check(data: Path, keys: dict[str, Any], writers: list[Writer]) -> None:
    store = open_store(f"sqlite:///{data / 'vestry.db'}", (data / "master.key").read_bytes())
    try:
        users = store.load().accounts[keys["AccountId"]].users
    finally:
        store.close()
    for writer in writers:
        for name, possible in writer.possible.items():
            found = users.get(name)
            shown = ABSENT if found is None else found.path
            assert shown in possible, f"{name}: the store shows {shown!r}, acknowledged was {possible!r}"
