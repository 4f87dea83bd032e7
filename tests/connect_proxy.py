"""An HTTP proxy that leads host names elsewhere: where DNS, or a line of /etc/hosts, would on somebody's network."""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from threads import in_thread

#: No tunnel is idle for longer.
IDLE_SECONDS = 20


class Proxy:
    """A running proxy. `asked` are the places it was asked for, as `host:port`, oldest first, `users` by whom ("" for
    nobody)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.users: set[str] = set()


@contextlib.contextmanager
def leading(places: Mapping[str, str]) -> Iterator[Proxy]:
    """Run a proxy until the block ends: each `host:port` of `places` is the one beside it, and there are no others."""
    held: list[Proxy] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            held[0].asked.append(self.path)
            user = self.headers.get("proxy-authorization", "").removeprefix("Basic ")
            held[0].users.add(base64.b64decode(user).decode())
            place = places.get(self.path)
            if place is None:
                self.send_error(403)
                return
            host, _, port = place.rpartition(":")
            with socket.create_connection((host, int(port)), 5) as there:
                self.send_response(200)
                self.end_headers()
                _carry(self.connection, there)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    held.append(Proxy(server.server_port))
    with in_thread(server):
        yield held[0]


def _carry(here: socket.socket, there: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(here, selectors.EVENT_READ, there)
        waiting.register(there, selectors.EVENT_READ, here)
        while ready := waiting.select(IDLE_SECONDS):
            for key, _ in ready:
                try:
                    data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)
                except OSError:
                    return
