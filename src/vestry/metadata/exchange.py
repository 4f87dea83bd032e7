"""What an instance asks and what it is answered, as values."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Ask(msgspec.Struct, frozen=True, gc=False):
    """A request: `path` as it was sent, without query; names of `headers` in lower case."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """An answer. Whoever sends it adds what belongs to the connection (Content-Length, Date, Connection), and to a HEAD
    leaves out the body.

    `hops` is the hop limit with which its packets must leave where the sender can set it; 0 for the system's own.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    hops: int = 0
