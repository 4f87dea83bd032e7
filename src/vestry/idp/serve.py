"""Serving the provider's documents over TLS, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from vestry.idp.documents import Routes


class Application:
    """An ASGI application that answers GET with the documents of `routes`, and nothing else."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        make = self._routes.get(scope["path"])
        if make is None:
            status, kind, body = 404, "text/plain", b"There is nothing here.\n"
        elif scope["method"] not in ("GET", "HEAD"):
            status, kind, body = 405, "text/plain", b"This can only be read.\n"
        else:
            kind, body = make()
            status = 200
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: whoever runs it says when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def serve(
    routes: Routes,
    listener: socket.socket,
    certificate: Path,
    key: Path,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; `ready` is called when requests are accepted. Raises OSError, ssl.SSLError."""
    config = uvicorn.Config(
        Application(routes),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_graceful_shutdown=2,
    )
    config.load()
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if not serving.done():
        ready()
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    stopping.cancel()
