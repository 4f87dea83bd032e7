"""HTTP/1.1 for what machines ask at their link-local addresses: small requests, small answers, no waiting.

An asyncio protocol of its own, at half of what a request costs through an ASGI application. What is asked is answered
within the call that read it, so answers leave in the order of their requests. Bounded are a head in bytes and headers,
a body, the time that a request may take and a connection may idle or leave its answers unread, the requests of one
delivery, and the connections, in all and of one address.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import httptools

from vestry import limits
from vestry.metadata.exchange import Ask, Reply
from vestry.server.descriptors import Seats
from vestry.server.transport import JoinedTransport, Turn

#: Answers what a peer (its address as text) asks. INVARIANT: it raises nothing and waits for nothing.
Answering = Callable[[str, Ask], Reply]

#: How often connections are looked at, in seconds: what bounds their time is late by no more.
LOOK_SECONDS = 1.0

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"Connection: close\r\n"


class LinkLocalListener:
    """The connections of one listening socket, each on one of `seats`. `wall` is read for the Date header."""

    def __init__(self, answering: Answering, wall: Callable[[], float], seats: Seats) -> None:
        self.answering = answering
        self._wall = wall
        self._open: dict[str, set[LinkLocalProtocol]] = {}
        self._seats = seats
        self._second = -1
        self._date = b""
        self._server: asyncio.AbstractServer | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, listener: socket.socket) -> None:
        """Serve a listening socket, and own it, until `close`."""
        loop = asyncio.get_running_loop()
        turn = Turn(loop)
        self._server = await loop.create_server(
            lambda: LinkLocalProtocol(self, turn, loop), sock=listener, backlog=limits.LINK_LOCAL_BACKLOG
        )
        self._timer = loop.call_later(LOOK_SECONDS, self._look, loop)

    def close(self) -> None:
        """Close the socket and its connections; what was answered is still sent."""
        if self._server is not None and self._timer is not None:
            self._server.close()
            self._timer.cancel()
        for connection in self._connections():
            connection.close()

    def admit(self, connection: LinkLocalProtocol) -> bool:
        """Count a new connection; False where there are too many."""
        held = self._open.setdefault(connection.peer, set())
        if len(held) >= limits.LINK_LOCAL_CONNECTIONS_OF_ONE or not self._seats.take():
            return False
        held.add(connection)
        return True

    def forget(self, connection: LinkLocalProtocol) -> None:
        """Forget a connection that is gone; one that was not admitted was never counted."""
        held = self._open.get(connection.peer, set())
        if connection in held:
            held.remove(connection)
            self._seats.give()
        if not held:
            self._open.pop(connection.peer, None)

    def date(self) -> bytes:
        """Return the Date header of this second."""
        second = int(self._wall())
        if second != self._second:
            self._second = second
            self._date = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in self._connections():
            connection.look(now)
        self._timer = loop.call_later(LOOK_SECONDS, self._look, loop)

    def _connections(self) -> list[LinkLocalProtocol]:
        return [connection for held in self._open.values() for connection in held]


class LinkLocalProtocol(asyncio.Protocol):
    """One connection. What cannot be read is a 400, and ends it."""

    def __init__(self, listener: LinkLocalListener, turn: Turn, loop: asyncio.AbstractEventLoop) -> None:
        self._listener = listener
        self._turn = turn
        self._now = loop.time
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._ended = False
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._head = True  # what comes is a head
        self._size = 0  # bytes of the head's headers so far
        self._pending = 0  # bytes delivered of a request that is not complete
        self._answered = 0  # requests of this delivery
        self._hops = 0
        self._asked = 0.0  # when the request under way began; 0 while there is none
        self._idle = loop.time()  # when the last one was answered
        self._unread = 0.0  # since when answers wait for the client to read; 0 while none does
        self.peer = ""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request; one connection too many is told so."""
        self._transport = JoinedTransport(transport, self._turn)
        self.peer = address_of(transport.get_extra_info("peername"))
        if not self._listener.admit(self):
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._ended = True
        self._listener.forget(self)

    def pause_writing(self) -> None:
        """Answers wait for the client: read nothing more until it has them."""
        self._unread = self._now()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread = 0.0
        if not self._ended:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Read what came, and answer the requests that are complete."""
        if not self._asked:
            self._asked = self._now()
        self._answered = 0
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(400)
            return
        if self._asked:
            self._pending += len(data)
            if self._pending > limits.LINK_LOCAL_BYTES:
                self._refuse(400 if self._head else 413)

    def on_message_begin(self) -> None:
        """A request begins."""
        if not self._asked:
            self._asked = self._now()
        self._target, self._headers = b"", {}
        self._size = self._pending = 0

    def on_url(self, target: bytes) -> None:
        """Take the request's target, or a part of it."""
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a repeated one's values are joined by commas."""
        self._size += len(name) + len(value) + 4
        if self._size > limits.LINK_LOCAL_BYTES:
            raise httptools.HttpParserError("the headers are too large")
        name, headers = name.lower(), self._headers
        if name in headers:
            value = headers[name] + b"," + value
        elif len(headers) == limits.HEADER_COUNT:
            raise httptools.HttpParserError("there are too many headers")
        headers[name] = value

    def on_headers_complete(self) -> None:
        """The head is complete; a client may wait to be told that its body is welcome."""
        self._head = False
        if len(self._target) > limits.LINK_LOCAL_BYTES:
            raise httptools.HttpParserError("the request line is too long")
        if b"expect" in self._headers:
            self._transport.write(_CONTINUE)

    def on_message_complete(self) -> None:
        """Answer the request. A client that sends very many at once has to come again, and so has one that offers to go
        on in another protocol: nothing behind its request would be read."""
        if self._ended:
            return
        self._asked, self._idle = 0.0, self._asked
        self._answered += 1
        self._head = True
        parser = self._parser
        keep: bool = parser.should_keep_alive() and self._answered < limits.LINK_LOCAL_PIPELINED
        keep = keep and not parser.should_upgrade()
        path = path_of(self._target)
        if path is None:
            self._refuse(400)
            return
        method = parser.get_method().decode("latin-1")
        self._send(self._listener.answering(self.peer, Ask(method, path, self._headers)), method, keep)

    def look(self, now: float) -> None:
        """Drop the connection when its request is late, its answers stay unread, or it has idled for too long."""
        since = self._unread or self._asked
        if (since and now - since > limits.LINK_LOCAL_SECONDS) or now - self._idle > limits.IDLE_SECONDS:
            self._ended = True
            self._transport.abort()

    def close(self) -> None:
        """Send what is waiting, then close."""
        self._ended = True
        self._transport.close()

    def _refuse(self, status: int) -> None:
        """Answer what is no request, and end."""
        if not self._ended:
            self._send(Reply(status, [], b""), "", keep=False)

    def _send(self, reply: Reply, method: str, keep: bool) -> None:
        if reply.hops and reply.hops != self._hops:
            limit_hops(self._transport.get_extra_info("socket"), reply.hops)
            self._hops = reply.hops
        lines = [_LINES[reply.status], self._listener.date()]
        lines += [b"%b: %b\r\n" % header for header in reply.headers]
        lines.append(b"Content-Length: %d\r\n" % len(reply.body))
        if not keep:
            lines.append(_CLOSE)
        lines.append(b"\r\n")
        if method != "HEAD":
            lines.append(reply.body)
        self._transport.write(b"".join(lines))
        if not keep:
            self.close()


def limit_hops(connection: socket.socket, hops: int) -> None:
    """Let a connection's packets go no further than that, from now to its end.

    Set back behind the answer, the limit would not hold for the packets that repeat it when the first were lost on
    the way, and lost they are wherever the limit matters.
    """
    if connection.family == socket.AF_INET6:
        connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


def address_of(peer: tuple[str, int] | tuple[str, int, int, int] | None) -> str:
    """Return a peer's address in its usual spelling; an IPv4 one that came through an IPv6 socket as IPv4."""
    if peer is None:
        return ""
    return peer[0].partition("%")[0].removeprefix("::ffff:")


def path_of(target: bytes) -> str | None:
    """Return the path of a request's target, without its query; None for what has none."""
    if not target.startswith(b"/"):
        try:
            target = httptools.parse_url(target).path or b"/"
        except httptools.HttpParserInvalidURLError:
            return None
    return target.partition(b"?")[0].decode("latin-1")
