"""One HTTP request and its answer, as values."""

from __future__ import annotations

import msgspec

Headers = list[tuple[bytes, bytes]]
Fields = dict[bytes, bytes]


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it came: `path` and `query` raw, `peer` the client's address.

    `headers` are by lower-case name; the values of a repeated one are joined by commas (`credentials.encoding.gathered`).
    """

    method: str
    path: str
    query: bytes
    headers: Fields
    body: bytes
    peer: str
    secure: bool

    def header(self, name: bytes) -> str | None:
        """Return the header of that (lower-case) name."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class HttpAnswer(msgspec.Struct, frozen=True, gc=False):
    """An answer; the server adds length and date."""

    status: int
    headers: Headers
    body: bytes = b""
