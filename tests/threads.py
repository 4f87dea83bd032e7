"""Servers of the standard library that tests run beside themselves."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def in_thread(server: socketserver.BaseServer, name: str | None = None) -> Iterator[None]:
    """Serve in a thread of that name until the block ends; the server is closed then."""
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), name=name)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
