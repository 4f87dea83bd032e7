"""The keeper: a process that outlives the one that runs a command, to leave nothing behind however that ends.

It holds the way out of the namespace, and waits. When its other half is gone — done, or killed — it ends whatever still
runs in the namespace and the way out with it: then the kernel takes the namespace away.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

#: How long what is left may take to end by itself, and then to be ended, in seconds.
GRACE_SECONDS = 2.0
KILL_SECONDS = 5.0
#: How long the way out may take to stand, in seconds.
WAY_SECONDS = 10.0
_LOOK_SECONDS = 0.01
_PARENT_DEATH_SIGNAL = 1  # linux/prctl.h


class Keeper:
    """The half that is looked after. Made while the process has one thread; what it opens later, the keeper hasn't."""

    def __init__(self) -> None:
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._channel.close()
                _keep(other)
            finally:
                os._exit(0)
        other.close()

    def watch(self, command: int, namespace: int | None, way: Sequence[str] = ()) -> str:
        """Look after a process and its namespace (a descriptor), and open the way out; return why there is none.

        The text is empty where all is well.
        """
        descriptors = [os.pidfd_open(command), *([] if namespace is None else [namespace])]
        try:
            order = json.dumps({"pid": command, "way": list(way)}).encode()
            socket.send_fds(self._channel, [order], descriptors)
            return (self._channel.recv(4096) or b"its keeper ended").decode().rstrip("\0")
        finally:
            os.close(descriptors[0])

    def end(self) -> None:
        """Let the keeper end what is left; return when it has."""
        self._channel.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def die_with_parent() -> None:
    """Have this process killed when the one that made it is gone, whatever it becomes."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def processes_in(namespace: int) -> list[int]:
    """Return pidfds of the processes in a network namespace; the caller closes them."""
    wanted, found = os.fstat(namespace), []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            held = os.pidfd_open(int(name))  # first: from here on the number means this process
            try:
                place = os.stat(f"/proc/{name}/ns/net")
            except OSError:
                os.close(held)
                continue
            if (place.st_dev, place.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.append(held)
            else:
                os.close(held)
    return found


def _keep(channel: socket.socket) -> None:
    """Be the keeper, until the other end of `channel` is closed."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: None)  # not ignored: what it starts would inherit that
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    kept = os.dup2(channel.detach(), 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    with socket.socket(fileno=kept) as other:
        order, descriptors, _, _ = socket.recv_fds(other, 65_536, 2, socket.MSG_CMSG_CLOEXEC)
        if not order:
            return
        asked = json.loads(order)
        command, namespace = descriptors[0], descriptors[1] if len(descriptors) > 1 else None
        with contextlib.ExitStack() as held:
            said = ""
            if asked["way"]:
                said = _open_way(asked["way"], asked["pid"], held)
            with contextlib.suppress(OSError):
                other.send(said.encode() or b"\0")  # a packet without a byte would look like the end
                other.recv(1)  # nothing is sent: this is the end of the other half
            _end(command, namespace)


def _open_way(way: Sequence[str], pid: int, held: contextlib.ExitStack) -> str:
    """Start the program, and wait for the route it makes; return why there is none, or nothing."""
    said = held.enter_context(os.fdopen(os.memfd_create("said"), "r+b"))
    program = subprocess.Popen(
        way,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - the keeper has one thread
    )
    held.callback(_stop, program)
    patience = time.monotonic() + WAY_SECONDS
    while not _has_route(pid):
        if program.poll() is not None:
            said.seek(0)
            return said.read(3000).decode(errors="replace").strip() or f"it ended: {program.returncode}"
        if time.monotonic() > patience:
            return "it took too long"
        time.sleep(_LOOK_SECONDS)
    return ""


def _has_route(pid: int) -> bool:
    """Tell whether the namespace of a process has a default route."""
    with contextlib.suppress(OSError):
        rows = [line.split() for line in Path(f"/proc/{pid}/net/route").read_text().splitlines()[1:]]
        return any(row[1] == "00000000" for row in rows if len(row) > 1)
    return False


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _end(command: int, namespace: int | None) -> None:
    """End the command and all else in its namespace: asked to at first, then made to."""
    began = time.monotonic()
    asked = False
    while time.monotonic() < began + GRACE_SECONDS + KILL_SECONDS:
        left = [os.dup(command)] if namespace is None else processes_in(namespace)
        late = time.monotonic() > began + GRACE_SECONDS
        gone = True
        for held in left:
            with contextlib.suppress(ProcessLookupError):
                if late or not asked:
                    signal.pidfd_send_signal(held, signal.SIGKILL if late else signal.SIGTERM)
                else:
                    signal.pidfd_send_signal(held, 0)
                gone = False
            os.close(held)
        if gone:
            return
        asked = True
        time.sleep(_LOOK_SECONDS)
