"""HTTP/1.1 with bounds that an ASGI application cannot set: bytes and number of headers, and the time they may take."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vestry import limits


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol; a request whose head is too large is a 400, one whose head comes too slowly is dropped."""

    _head_bytes = 0
    _head_count = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins: its head has REQUEST_SECONDS to come."""
        self._head_bytes = self._head_count = 0
        super().on_message_begin()
        self._start_timer()

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        self._head_bytes += len(url)
        if self._head_bytes > limits.REQUEST_LINE_BYTES:
            raise httptools.HttpParserError("the request line is too long")
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._head_count += 1
        self._head_bytes += len(name) + len(value)
        if self._head_count > limits.HEADER_COUNT or self._head_bytes > limits.HEADER_BYTES:
            raise httptools.HttpParserError("the headers are too large")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete; the application bounds the body."""
        self._stop_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that never ends is bounded by the timer and by its size in one delivery."""
        if self._timer is not None:
            self._undelivered += len(data)
            if self._undelivered > limits.HEADER_BYTES + limits.REQUEST_LINE_BYTES + limits.BODY_BYTES:
                self.transport.close()
                return
        super().data_received(data)

    _undelivered = 0

    def _start_timer(self) -> None:
        self._stop_timer()
        self._undelivered = 0
        self._timer = self.loop.call_later(limits.REQUEST_SECONDS, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
