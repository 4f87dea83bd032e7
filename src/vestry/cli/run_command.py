"""A command as a child that waits until everything is ready for it, is given the signals meant for it, and ends with us.

The child shares our process group and terminal: what the terminal sends (Ctrl-C, Ctrl-Z, a new size) reaches both by
itself, so that only signals which somebody sent to us alone are passed on.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from vestry.cli.failure import Failure
from vestry.cli.run_keeper import die_with_parent
from vestry.cli.run_namespace import NoNamespace

#: Signals that are passed on to the command.
PASSED_ON = frozenset(
    (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
)
_MOST_SOCKETS = 16

#: What the child does before it waits: it returns listening sockets and the descriptor of its namespace, if it has one.
Preparation = Callable[[], tuple[list[socket.socket], int | None]]


class Child:
    """A command that has not begun; made while this process has one thread. Raises NoNamespace."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], prepare: Preparation) -> None:
        self._mask: set[int] = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON | {signal.SIGCHLD})
        self._command = command
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._channel.close()
                _become(command, environment, prepare, other, self._mask, parent)
            finally:
                os._exit(1)
        other.close()
        said, descriptors, _, _ = socket.recv_fds(
            self._channel, 65_536, _MOST_SOCKETS, socket.MSG_CMSG_CLOEXEC
        )
        answer = json.loads(said or b'{"error": "the process ended before it was ready"}')
        if "error" in answer:
            self.give_up()
            raise NoNamespace(answer["error"])
        self.namespace = descriptors.pop() if answer["namespace"] else None
        self.sockets = [socket.socket(fileno=one) for one in descriptors]

    def give_up(self) -> None:
        """Let it end without having begun."""
        self._channel.close()
        os.waitpid(self.pid, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def begin(self) -> None:
        """Let the command begin. Raises Failure where it cannot be run."""
        self._channel.send(b"go")
        said = self._channel.recv(65_536)
        self._channel.close()
        if said:
            os.waitpid(self.pid, 0)
            raise Failure(f"{self._command[0]} cannot be run: {said.decode()}.")

    def attend(self) -> int:
        """Wait for the command to end, passing signals on; return its wait status."""
        while True:
            seen = signal.sigwaitinfo(PASSED_ON | {signal.SIGCHLD})
            if seen.si_signo == signal.SIGCHLD:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                if ended:
                    return status
            elif seen.si_code <= 0:  # sent by a process: what a terminal sends reaches the command as well
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, seen.si_signo)


def end_as(status: int) -> int:
    """Return the exit code of a wait status; a command that a signal ended takes us along, as a shell expects."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the command has left its own core
    with contextlib.suppress(OSError):
        signal.signal(-code, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
    os.kill(os.getpid(), -code)
    return 128 - code


def _become(
    command: Sequence[str],
    environment: Mapping[str, str],
    prepare: Preparation,
    channel: socket.socket,
    mask: set[int],
    parent: int,
) -> NoReturn:
    """Prepare, say so, wait for the word, and be the command."""
    try:
        sockets, namespace = prepare()
    except (NoNamespace, OSError) as error:
        channel.send(json.dumps({"error": str(error)}).encode())
        os._exit(1)
    die_with_parent()
    descriptors = [one.fileno() for one in sockets] + ([] if namespace is None else [namespace])
    line = json.dumps({"namespace": namespace is not None}).encode()
    socket.send_fds(channel, [line], descriptors)
    if not channel.recv(2) or os.getppid() != parent:
        os._exit(1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a command would inherit that
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - running it is what was asked
    except OSError as error:
        channel.send((error.strerror or str(error)).encode())
    os._exit(1)
