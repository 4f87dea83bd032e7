"""Writes put together: one a connection and turn, in order, before the connection closes, none to one that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vestry.server.transport import JoinedTransport, Turn


class Wire:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.gone = False

    def is_closing(self) -> bool:
        return self.gone

    def write(self, data: bytes) -> None:
        assert not self.gone
        self.sent.append(data)

    def close(self) -> None:
        self.gone = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def in_a_turn(act: Callable[[JoinedTransport, Wire], None]) -> Wire:
    async def main() -> Wire:
        wire = Wire()
        act(JoinedTransport(wire, Turn(asyncio.get_running_loop())), wire)
        assert wire.gone or not wire.sent, "nothing is sent before the turn is over"
        await asyncio.sleep(0)
        return wire

    return asyncio.run(main())


def test_what_is_written_in_one_turn_is_sent_at_once() -> None:
    def act(joined: JoinedTransport, _: Wire) -> None:
        for part in (b"head", b"body", b"next head"):
            joined.write(part)

    assert in_a_turn(act).sent == [b"headbodynext head"]


def test_a_second_turn_sends_only_what_is_new() -> None:
    async def main() -> list[bytes]:
        wire = Wire()
        joined = JoinedTransport(wire, Turn(asyncio.get_running_loop()))
        for part in (b"one", b"two"):
            joined.write(part)
            await asyncio.sleep(0)
        return wire.sent

    assert asyncio.run(main()) == [b"one", b"two"]


def test_closing_sends_first() -> None:
    def act(joined: JoinedTransport, _: Wire) -> None:
        joined.write(b"the last words")
        joined.close()

    assert in_a_turn(act).sent == [b"the last words"]


def test_a_connection_that_is_gone_is_sent_nothing() -> None:
    def act(joined: JoinedTransport, wire: Wire) -> None:
        joined.write(b"too late")
        wire.close()

    assert in_a_turn(act).sent == []


def test_everything_else_goes_through() -> None:
    def act(joined: JoinedTransport, _: Wire) -> None:
        assert joined.get_extra_info("peer") == "the peer"

    in_a_turn(act)
