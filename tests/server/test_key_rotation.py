"""The keys that seal session tokens are turned under way: live sessions go on, and revoked ones end at once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import Vestry
from places import Place, refusal
from serving import Server, serving
from vestry.cli.failure import Failure

INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


class Sessions:
    """A user who assumes a role, again and again."""

    def __init__(self, server: Server) -> None:
        self.place = Place(server)
        self.user = self.place.user("ann")
        self.role = self.place.role("r", json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": self.place.arn("user/ann")}, "Action": "sts:AssumeRole"}],
        }))  # fmt: skip

    def fresh(self) -> dict[str, Any]:
        sts = self.place.client("sts", self.user)
        made: dict[str, Any] = sts.assume_role(RoleArn=self.role, RoleSessionName="work")["Credentials"]
        return made

    def works(self, keys: dict[str, Any]) -> bool:
        found: str = self.place.client("sts", keys).get_caller_identity()["Arn"]
        return found.endswith("/work")

    def refused(self, keys: dict[str, Any]) -> tuple[int, str, str]:
        return refusal(self.place.client("sts", keys).get_caller_identity)


def number(credentials: dict[str, Any]) -> int:
    """Return the number of the key that sealed a session's token."""
    return int.from_bytes(base64.b64decode(credentials["SessionToken"])[1:3], "big")


def states(server: Server) -> dict[int, str]:
    return {row["Number"]: row["State"] for row in server.operator("keys.list")["Keys"]}


def test_a_key_is_published_then_used_and_the_old_one_is_kept_and_forgotten(data: Path) -> None:
    with serving(data, test_clock=True) as server:
        sessions = Sessions(server)
        first = sessions.fresh()
        assert states(server) == {1: "in use"}
        server.operator("keys.rotate")
        assert states(server) == {1: "in use", 2: "published"}
        assert number(sessions.fresh()) == number(first) == 1
        with pytest.raises(Failure, match="published already"):
            server.operator("keys.rotate")
        server.operator("clock.advance", seconds=61)
        until(lambda: states(server) == {1: "kept", 2: "in use"})
        second = sessions.fresh()
        assert number(second) == 2
        assert sessions.works(first)
        assert sessions.works(second)
        server.operator("clock.advance", seconds=36 * 3600 - 300)
        time.sleep(1.2)
        assert states(server) == {1: "kept", 2: "in use"}
        server.operator("clock.advance", seconds=300)
        until(lambda: states(server) == {2: "in use"})
        assert sessions.refused(first) == INVALID
        until(lambda: '"state":"forgotten"' in server.log.getvalue())


def test_a_token_sealed_during_publication_opens_after_a_restart(data: Path) -> None:
    with serving(data) as server:
        sessions = Sessions(server)
        server.operator("keys.rotate")
        made = sessions.fresh()
    with serving(data) as server:
        assert states(server) == {1: "in use", 2: "published"}
        assert server.client("sts", made).get_caller_identity()["Arn"].endswith("/work")


def test_revoking_ends_every_session_at_once(data: Path) -> None:
    with serving(data) as server:
        sessions = Sessions(server)
        first = sessions.fresh()
        assert sessions.works(first)
        server.operator("keys.rotate")
        server.operator("keys.rotate", revoke=True)
        assert states(server) == {3: "in use"}
        assert sessions.refused(first) == INVALID
        fresh = sessions.fresh()
        assert number(fresh) == 3
        assert sessions.works(fresh)


def test_without_a_server_the_store_is_turned(data: Path, vestry: Vestry) -> None:
    with serving(data) as server:
        sessions = Sessions(server)
        made = sessions.fresh()
    said = vestry("keys", "rotate", "--data", str(data))
    assert said.code == 0, said.err
    rows = said.out.splitlines()
    assert rows[1].split()[0] == "1"
    assert rows[1].endswith("in use")
    assert "published, in use from" in rows[2]
    with serving(data) as server:
        assert server.client("sts", made).get_caller_identity()["Arn"].endswith("/work")
    said = vestry("keys", "rotate", "--revoke", "--data", str(data), "--json")
    assert [row["Number"] for row in json.loads(said.out)["Keys"]] == [3]
    assert "secret" not in said.out.lower()
    with serving(data) as server:
        assert refusal(server.client("sts", made).get_caller_identity) == INVALID
    assert "in use" in vestry("keys", "list", "--data", str(data)).out


def test_another_deployments_token_and_every_altered_bit_are_refused(
    data: Path, tmp_path: Path, server: Server
) -> None:
    with serving(data) as other:
        foreign = Sessions(other).fresh()
    sessions = Sessions(server)
    made = sessions.fresh()
    for keys in (foreign, made | {"SessionToken": foreign["SessionToken"]}):
        assert sessions.refused(keys) == INVALID
    raw = base64.b64decode(made["SessionToken"])
    for place in (0, 1, 2, 3, 18, 19, len(raw) // 2, len(raw) - 1):
        for bit in (0, 7):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            altered = made | {"SessionToken": base64.b64encode(changed).decode()}
            assert sessions.refused(altered) == INVALID, (place, bit)
    assert sessions.works(made)


def test_a_token_carries_no_secret_in_the_clear(server: Server) -> None:
    sessions = Sessions(server)
    made = sessions.fresh()
    raw = base64.b64decode(made["SessionToken"])
    for secret in (
        made["SecretAccessKey"],
        made["AccessKeyId"],
        sessions.user["SecretAccessKey"],
        "work",
        "AROA",
    ):
        assert secret.encode() not in raw
