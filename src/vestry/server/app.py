"""The ASGI application: reads a bounded body, hands the request to the front, sends the answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vestry import limits
from vestry.credentials.encoding import gathered
from vestry.server.exchange import HttpAnswer, HttpRequest
from vestry.server.front import Front

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_TOO_LARGE = HttpAnswer(413, [(b"connection", b"close")])
_TOO_LONG = HttpAnswer(400, [(b"connection", b"close")])
_TOO_SLOW = HttpAnswer(408, [(b"connection", b"close")])


class App:
    """One callable for uvicorn."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except TimeoutError:
            answer = _TOO_SLOW
        if answer is None:
            return
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Any, receive: ASGIReceiveCallable) -> HttpAnswer | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        query: bytes = scope["query_string"]
        if len(query) > limits.REQUEST_LINE_BYTES or len(scope["raw_path"]) > limits.REQUEST_LINE_BYTES:
            return _TOO_LONG
        message: Any = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            async with asyncio.timeout(limits.REQUEST_SECONDS):
                parts, size = [body], len(body)
                while message.get("more_body"):
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limits.BODY_BYTES:
                        return _TOO_LARGE
                    parts.append(part)
                body = b"".join(parts)
        client = scope["client"]
        request = HttpRequest(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            query,
            gathered(headers),
            body,
            client[0] if client else "127.0.0.1",
            scope["scheme"] == "https",
        )
        return await self._front.answer(request)
