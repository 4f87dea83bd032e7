"""The floor: a bare ASGI application that reads the body and returns 600 bytes. Nothing in Python is quicker here."""

from __future__ import annotations

from typing import Any

_BODY = b"x" * 600
_HEADERS = [(b"content-type", b"text/xml"), (b"content-length", b"600")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, return 600 bytes."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
