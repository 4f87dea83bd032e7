"""Listening sockets of the server's own, and the URLs by which they are reached."""

from __future__ import annotations

import errno
import socket

#: What a person can do about it, by the reason.
_HINTS = {
    errno.EADDRINUSE: "Port 0 takes a free one.",
    errno.EADDRNOTAVAIL: "This machine has no such address: ip address add {host} dev INTERFACE gives it one.",
    errno.EACCES: "Ports below {port_limit} are root's: sysctl net.ipv4.ip_unprivileged_port_start lowers that.",
}
_FIRST_FREE_PORT = 1024


class CannotListen(Exception):
    """An address on which nothing can be served; the text says which and why."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 is a free one. Raises OSError."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket as `listening` does. Raises CannotListen, which says what helps."""
    try:
        return listening(host, port)
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "").format(host=host, port_limit=_FIRST_FREE_PORT)
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise CannotListen(f"cannot serve on {where}: {error.strerror}. {hint}".rstrip()) from None


def endpoint_of(host: str, port: int, *, secure: bool = False) -> str:
    """Return the URL at which clients on this machine reach the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{'https' if secure else 'http'}://{reachable}:{port}"
