"""Handing listening sockets to the server that runs on a data directory, and to the next one when it restarts.

Only the standard library: processes that wait for hours are small.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from vestry.cli.failure import Failure
from vestry.cli.operator import connect, read_answer

SOCKET = "listeners.sock"

#: How often a server that is away is looked for, in seconds.
LOOK_SECONDS = 0.1


class Listening(NamedTuple):
    """A listening socket, and how the server shall serve it: `{"serve": KIND, …}`."""

    order: Mapping[str, Any]
    socket: socket.socket


def hand_over(folder: Path, listening: Listening) -> socket.socket | None:
    """Let the server on `folder` serve a socket; return the connection for as long as which it does.

    None where no server runs. Raises Failure where it refuses.
    """
    with contextlib.ExitStack() as held:
        channel = connect(folder, SOCKET, held)
        if channel is None:
            return None
        line = json.dumps(listening.order).encode() + b"\n"
        try:
            socket.send_fds(channel, [line], [listening.socket.fileno()])
            answer = held.enter_context(channel.makefile("rb")).readline()
        except OSError:
            return None
        if not answer:
            return None  # it is going away
        read_answer(answer)
        held.pop_all()
    return channel


class Handed:
    """Listening sockets in the care of whatever server runs on a data directory."""

    def __init__(self, folder: Path, listening: Sequence[Listening]) -> None:
        self._folder = folder
        self._listening = listening
        self._channels: dict[int, socket.socket] = {}
        self._refused = ""

    def begin(self) -> None:
        """Hand all of them over. Raises Failure where one is refused, or where no server runs."""
        for number, one in enumerate(self._listening):
            channel = hand_over(self._folder, one)
            if channel is None:
                raise Failure(f"No server runs on {self._folder}.", "Start it: vestry serve")
            self._channels[number] = channel

    def keep(self) -> NoReturn:
        """Hand over again whatever a server gives back, for ever. A refusal is said once, and tried again."""
        while True:
            for number, one in enumerate(self._listening):
                if number not in self._channels:
                    self._again(number, one)
            whole = len(self._channels) == len(self._listening)
            ends = select.poll()
            for channel in self._channels.values():
                ends.register(channel, select.POLLIN)
            ended = {descriptor for descriptor, _ in ends.poll(None if whole else LOOK_SECONDS * 1000)}
            for number, channel in list(self._channels.items()):
                if channel.fileno() in ended:
                    channel.close()
                    del self._channels[number]

    def close(self) -> None:
        """Take all of them back; the sockets are closed."""
        for channel in self._channels.values():
            channel.close()
        for one in self._listening:
            one.socket.close()

    def _again(self, number: int, one: Listening) -> None:
        try:
            channel = hand_over(self._folder, one)
        except Failure as failure:
            if str(failure) != self._refused:
                self._refused = str(failure)
                sys.stderr.write(f"vestry: the server serves this no longer: {failure}\n")
            return
        if channel is not None:
            self._refused = ""
            self._channels[number] = channel
