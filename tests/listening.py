"""A link-local listener for tests: in a thread of its own, on a free port of a loopback address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvloop

from vestry import limits
from vestry.server.descriptors import Seats
from vestry.server.link_local import Answering, LinkLocalListener
from vestry.server.listening import listen


@contextlib.contextmanager
def listening(answering: Answering, address: str = "127.0.0.1") -> Iterator[str]:
    """Serve on a socket until the block ends; yield the endpoint."""
    listener = listen(address, 0)
    host, port = listener.getsockname()[:2]
    began = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        served = LinkLocalListener(answering, time.time, Seats(limits.LINK_LOCAL_CONNECTIONS))
        await served.open(listener)
        running.append((asyncio.get_running_loop(), stop))
        began.set()
        await stop.wait()
        served.close()
        await asyncio.sleep(0)

    def thread() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())

    worker = threading.Thread(target=thread, name="link-local")
    worker.start()
    assert began.wait(10)
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        loop, stop = running[0]
        loop.call_soon_threadsafe(stop.set)
        worker.join(10)
        assert not worker.is_alive()


def connect(endpoint: str, *, patience: float = 10, source: str | None = None) -> socket.socket:
    """Return a connection to an endpoint, from a source address of one's own choice."""
    host, _, port = endpoint.removeprefix("http://").rpartition(":")
    place = (source, 0) if source else None
    return socket.create_connection((host.strip("[]"), int(port)), patience, place)


def ask(connection: socket.socket, data: bytes, wanted: bytes = b"") -> bytes:
    """Send bytes; return what comes back: until it is closed or, where something is wanted, until that has come."""
    found = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        if data:
            connection.sendall(data)
        while chunk := connection.recv(65536):
            found += chunk
            if wanted and wanted in found:
                break
    return found
