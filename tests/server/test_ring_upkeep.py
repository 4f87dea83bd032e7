"""The keys that seal sessions are tended each second, also after the store has failed."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from immutables import Map

from vestry.directory.entities import RingKey
from vestry.directory.snapshot import Root
from vestry.errors import ServiceUnavailable
from vestry.server import ring as upkeep
from vestry.server.committer import Published
from vestry.server.log import Log
from vestry.server.settings import Clock


class Committer:
    """Fails once and then does what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.done = asyncio.Event()

    async def submit(self, attempt: Any) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise ServiceUnavailable
        self.done.set()
        return [("in use", 2)]


def test_a_store_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "LOOK_SECONDS", 0.01)
    keys = (RingKey(1, 1, b""), RingKey(2, 1, b"", standby=True))
    published, stream = Published(Root(ring=Map({key.number: key for key in keys}))), io.StringIO()

    async def main() -> None:
        committer, log = Committer(), Log(stream)
        task = asyncio.create_task(upkeep.tend_ring(published, committer, Clock(), log))  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(committer.done.wait(), 10)
        finally:
            task.cancel()
            log.close()

    asyncio.run(main())
    assert "could not be tended" in stream.getvalue()
