"""uvicorn, as Vestry runs it: without signal handling, and on more listening sockets than the first."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handling: a stopped server has done its work and exits 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def serve_also(self, listener: socket.socket, _: Mapping[str, Any]) -> Also:
        """Answer on one more listening socket exactly as on the first: the same application, bounds and certificate."""
        if not self.config.loaded:
            self.config.load()
        connections: weakref.WeakSet[Any] = weakref.WeakSet()

        def connect() -> Any:
            protocol: Any = self.config.http_protocol_class
            made = protocol(config=self.config, server_state=self.server_state, app_state={})
            connections.add(made)
            return made

        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            connect, sock=listener, ssl=self.config.ssl, backlog=self.config.backlog
        )
        return Also(self, server, connections)


class Also:
    """A further listening socket of a server, and the connections that came in by it."""

    def __init__(
        self, whole: uvicorn.Server, server: asyncio.AbstractServer, connections: weakref.WeakSet[Any]
    ) -> None:
        self._whole = whole
        self._server = server
        self._connections = connections

    def close(self) -> None:
        """Accept nothing more; end the connections, each behind the answer that is under way."""
        self._server.close()
        for connection in list(self._connections & self._whole.server_state.connections):
            connection.shutdown()
