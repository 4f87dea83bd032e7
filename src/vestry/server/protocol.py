"""HTTP/1.1 with bounds that an ASGI application cannot set: bytes and number of headers, and the time they may take.

Nothing is done a header, and no timer is set a request: a head is judged when it is complete, and one timer a connection
looks after those that are not.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vestry import limits
from vestry.server.transport import JoinedTransport, Turn

#: An offer to go on in another protocol, in a head.
_OFFER = re.compile(rb"(?<=\r\n)upgrade(?=:)", re.IGNORECASE)
_SET_ASIDE = b"x-offer"


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, on `most` connections at a time. A request whose head is too large is a 400, one whose head comes
    too slowly is dropped."""

    #: When the head under way (or the wait for a connection's first) began, by the loop's clock; 0 while there is none.
    _began = 0.0
    _undelivered = 0
    #: A request is being read, its head or its body.
    _reading = False
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, turn: Turn, most: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turn = turn
        self._most = most

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request; a connection beyond the most there may be is closed."""
        joined: Any = JoinedTransport(transport, self._turn)
        super().connection_made(joined)
        if len(self.connections) > self._most:
            self.transport.close()
            return
        self._began = self.loop.time()
        self._timer = self.loop.call_later(limits.REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close, where no request is under way. Over TLS a client that does not read now says no farewell: it is not
        waited for longer than FAREWELL_SECONDS, or it would hold up the server's end."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(limits.FAREWELL_SECONDS, self.transport.abort)

    def on_message_begin(self) -> None:
        """A request begins: its head has REQUEST_SECONDS to come."""
        super().on_message_begin()
        self._began = self.loop.time()
        self._undelivered = 0
        self._reading = True

    def on_headers_complete(self) -> None:
        """The head is complete, and judged; the application bounds the body."""
        self._began = 0.0
        headers = self.headers
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
        if len(self.url) > limits.REQUEST_LINE_BYTES:
            raise httptools.HttpParserError("the request line is too long")
        if len(headers) > limits.HEADER_COUNT or size > limits.HEADER_BYTES:
            raise httptools.HttpParserError("the headers are too large")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is complete; what comes next is another's head."""
        self._reading = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes. A head that does not end in its first delivery may not grow beyond what a head may be.

        An offer of another protocol is not taken up, as a server may (RFC 9110, 7.8), and must not reach the parser, which
        would pass over the request's body: Java's HttpClient offers HTTP/2 with its first request.
        """
        if b"pgrade:" in data and not self._reading:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(_SET_ASIDE, head) + end + rest
        began = self._began
        super().data_received(data)
        if began and self._began == began and not self.transport.is_closing():
            self._undelivered += len(data)
            if self._undelivered > limits.HEADER_BYTES + limits.REQUEST_LINE_BYTES:
                self.send_400_response("Invalid HTTP request received.")

    def _look(self) -> None:
        """Drop a connection whose head is late; look again when the next could be."""
        now = self.loop.time()
        if self._began and now >= self._began + limits.REQUEST_SECONDS:
            self._timer = None
            if not self.transport.is_closing():
                self.transport.close()
            return
        due = (self._began or now) + limits.REQUEST_SECONDS
        self._timer = self.loop.call_later(max(due - now, 0.01), self._look)
