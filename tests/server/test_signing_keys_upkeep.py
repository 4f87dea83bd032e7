"""Accounts' signing keys are looked after for as long as the server runs, and only where something is due."""

from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import pytest
from immutables import Map

from vestry import limits
from vestry.access.authenticate import Keyring
from vestry.credentials.vault import Vault
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings
from vestry.directory.issuers import WebIdentityIssuer
from vestry.directory.snapshot import Root, assemble
from vestry.errors import ServiceUnavailable
from vestry.server import signing_keys
from vestry.server.committer import Published
from vestry.server.log import Log
from vestry.server.settings import Clock
from vestry.services.signing_keys import make_key

NUMBER = "111122223333"
KEYRING = Keyring(Vault(bytes(32)))


class Drafts:
    """Runs attempts on a root of the test's own."""

    def __init__(self, root: Root) -> None:
        self.root, self.drafts = root, list[Draft]()

    async def submit(self, attempt: Any) -> Any:
        self.drafts.append(Draft(self.root))
        return attempt(self.drafts[-1])


def issuing(issuer: bool = True) -> Root:
    keys = tuple(make_key(NUMBER, each, 1, 0, os.urandom, KEYRING) for each in ("RS256", "ES384"))
    rows = [Settings(NUMBER, "a", "i", 1), *([WebIdentityIssuer(NUMBER, "n", True, keys)] if issuer else [])]
    return assemble(rows, 1)


def test_nothing_is_committed_where_nothing_is_due() -> None:
    root = issuing()
    committer = Drafts(root)
    turn = signing_keys.turn_over
    asyncio.run(turn(Published(root), committer, KEYRING, limits.KEY_LIFETIME - 1))  # type: ignore[arg-type]
    assert committer.drafts == []
    asyncio.run(turn(Published(root), committer, KEYRING, limits.KEY_LIFETIME))  # type: ignore[arg-type]
    assert len(committer.drafts[0].changes) == 1


@pytest.mark.parametrize("now", [Root(accounts=Map()), issuing(issuer=False)], ids=["account", "issuer"])
def test_what_was_deleted_meanwhile_gets_no_keys(now: Root) -> None:
    committer = Drafts(now)
    published = Published(issuing())
    asyncio.run(signing_keys.turn_over(published, committer, KEYRING, limits.KEY_LIFETIME))  # type: ignore[arg-type]
    assert committer.drafts[0].changes == []


def test_a_store_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_keys, "INTERVAL", 0.01)
    asked, stream = list[int](), io.StringIO()

    async def main() -> None:
        again = asyncio.Event()

        async def turn_over(*_: object) -> None:
            asked.append(1)
            if len(asked) == 1:
                raise ServiceUnavailable
            again.set()

        monkeypatch.setattr(signing_keys, "turn_over", turn_over)
        log = Log(stream)
        nothing: Any = None
        task = asyncio.create_task(signing_keys.keep_turning(nothing, nothing, KEYRING, Clock(), log))
        try:
            await asyncio.wait_for(again.wait(), 10)
        finally:
            task.cancel()
            log.close()

    asyncio.run(main())
    assert "not turned over" in stream.getvalue()
