"""A connection's writes, put together: what is answered in one turn of the event loop leaves when the turn is over.

uvloop hands every write to the kernel at once, which on one machine carries it to its reader before it returns. The head
and the body of each answer would be two such journeys, and the interpreter would come back to cold caches from each.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Turn:
    """The connections that have something to send when this turn of the event loop ends."""

    __slots__ = ("_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[JoinedTransport] = []

    def add(self, transport: JoinedTransport) -> None:
        """Let `transport` send at the end of this turn."""
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(transport)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


class JoinedTransport:
    """A transport whose writes wait for the end of the turn; everything else goes straight through."""

    def __init__(self, transport: Any, turn: Turn) -> None:
        self._transport = transport
        self._turn = turn
        self._parts: list[bytes] = []
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Send `data`, together with whatever else is written in this turn."""
        if not self._parts:
            self._turn.add(self)
        self._parts.append(data)

    def flush(self) -> None:
        """Send what is waiting; what waits for a connection that is gone is dropped."""
        parts, self._parts = self._parts, []
        if parts and not self.is_closing():
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        """Send what is waiting, then close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
