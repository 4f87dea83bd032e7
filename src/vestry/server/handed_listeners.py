"""Listening sockets that other processes hand to the server, through a second Unix socket in the data directory.

Who owns a listening socket where the server can't open one (in a network namespace of its own) or has no reason to
(on loopback, for as long as a command runs) connects to `listeners.sock` and sends one line of JSON with the socket
(SCM_RIGHTS): `{"serve": KIND, …}`. One line comes back: `{"ok": {}}`, or `{"error": …}` as on the operator's channel.
The server then answers what connects there for as long as the Unix connection lives. The owner keeps the socket open:
while no server runs, clients wait in its backlog, and the next server is handed the same socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from vestry.errors import Fault, ValidationError
from vestry.server.log import Log
from vestry.server.unix_socket import listen_beside

SOCKET = "listeners.sock"
LONGEST_LINE = 65_536

#: How many may be handed over at a time, and how long one may take to say what it is (in seconds).
MOST_LISTENERS = 256
LINE_SECONDS = 10


_TCP = {(family, socket.IPPROTO_TCP) for family in (socket.AF_INET, socket.AF_INET6)}
_MOST_DESCRIPTORS = 8  # that are received with one line


class Served(Protocol):
    """A listening socket that is being served."""

    def close(self) -> None:
        """Accept nothing more, and end the connections that were accepted; what is under way is answered."""
        ...


#: Begins to serve a listening socket as the order says, until the result is closed. Raises Fault for an order that
#: can't be carried out.
Kind = Callable[[socket.socket, Mapping[str, Any]], Awaitable[Served]]


class HandedListeners:
    """Takes listening sockets over and gives them to their kind; `kinds` has one row for each word after `serve`."""

    def __init__(self, folder: Path, kinds: Mapping[str, Kind], log: Log) -> None:
        self._path = folder / SOCKET
        self._kinds = kinds
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._door: socket.socket | None = None

    def open(self) -> None:
        """Begin to take listening sockets. Raises OSError."""
        self._door = listen_beside(self._path)
        self._begin(self._accept(self._door))

    async def close(self) -> None:
        """Serve none of them any longer; their owners notice, and wait for the next server."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._door is not None:
            self._door.close()
            self._door = None
            self._path.unlink(missing_ok=True)

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, door: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                channel, _ = await loop.sock_accept(door)
            except OSError as error:
                self._log.problem("listeners are not taken", reason=str(error))
                await asyncio.sleep(1)
                continue
            self._begin(self._attend(channel))

    async def _attend(self, channel: socket.socket) -> None:
        """Serve what is handed over through `channel`, until its other end is closed."""
        served: Served | None = None
        order: Mapping[str, Any] = {}
        with channel:
            try:
                async with asyncio.timeout(LINE_SECONDS):
                    order, served = await self._take(channel)
                    await asyncio.get_running_loop().sock_sendall(channel, b'{"ok": {}}\n')
                self._log.line("listener taken", serve=order["serve"])
                await _readable(channel)  # nothing more is ever sent: this is the end of the connection
            except Fault as fault:
                answer = {"error": {"code": fault.code, "message": fault.message, "hint": fault.hint}}
                with contextlib.suppress(OSError):
                    channel.send(msgspec.json.encode(answer) + b"\n")
            except (TimeoutError, OSError):
                pass
            finally:
                if served is not None:
                    served.close()
                    self._log.line("listener given back", serve=order["serve"])

    async def _take(self, channel: socket.socket) -> tuple[Mapping[str, Any], Served]:
        """Return what is ordered, and the socket being served as ordered. Raises Fault.

        1. There are not too many already.
        2. The order is one line of JSON that names a kind.
        3. With it comes one descriptor, and that is a listening TCP socket.
        """
        line, descriptors = await _receive(channel)
        with contextlib.ExitStack() as held:
            for number in descriptors:
                held.callback(os.close, number)
            if len(self._tasks) - 1 > MOST_LISTENERS:  # 1; the task that accepts is not one of them
                raise ValidationError(f"The server serves at most {MOST_LISTENERS} sockets handed to it.")
            try:
                order = msgspec.json.decode(line, type=dict[str, Any])  # 2
                kind = self._kinds[order["serve"]]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise ValidationError("The server does not know how to serve this socket.") from None
            if len(descriptors) != 1:  # 3
                raise ValidationError("One listening socket is handed over at a time.")
            listener = listening_socket(descriptors[0])
        try:
            return order, await kind(listener, order)
        except BaseException:
            listener.close()
            raise


def listening_socket(descriptor: int) -> socket.socket:
    """Return a listening TCP socket of our own for a descriptor. Raises ValidationError where it is something else."""
    number = os.dup(descriptor)
    try:
        found = socket.socket(fileno=number)
    except OSError:  # no socket at all
        os.close(number)
    else:
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if listens and (found.family, found.proto) in _TCP:
            return found
        found.close()
    raise ValidationError("What was handed over is not a listening TCP socket.")


async def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """Return a line and the descriptors that came with it. Raises ConnectionError where there is no whole line."""
    line, descriptors = b"", list[int]()
    try:
        while not line.endswith(b"\n"):
            await _readable(channel)
            part, more, _, _ = socket.recv_fds(
                channel, LONGEST_LINE, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
            descriptors += more
            line += part
            if not part or len(line) > LONGEST_LINE or len(descriptors) > _MOST_DESCRIPTORS:
                raise ConnectionError  # noqa: TRY301
    except BaseException:
        for number in descriptors:
            os.close(number)
        raise
    return line, descriptors


async def _readable(channel: socket.socket) -> None:
    """Wait until there is something to read, the end of the connection included."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(channel, wake)
    try:
        await ready
    finally:
        loop.remove_reader(channel)
