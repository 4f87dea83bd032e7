"""One HTTP request and its answer, as values."""

from __future__ import annotations

import msgspec

Headers = list[tuple[bytes, bytes]]


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it came: `path` and `query` raw, header names lower-case, `peer` the client's address."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    peer: str
    secure: bool

    def header(self, name: bytes) -> str | None:
        """Return the first header of that (lower-case) name."""
        for present, value in self.headers:
            if present == name:
                return value.decode("latin-1")
        return None


class HttpAnswer(msgspec.Struct, frozen=True, gc=False):
    """An answer; the server adds length and date."""

    status: int
    headers: Headers
    body: bytes = b""
