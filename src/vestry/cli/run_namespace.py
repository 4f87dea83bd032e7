"""A network namespace of a process's own: entered, given addresses on its loopback device, and listened in.

Done by the process that will become the command, before it does; with system calls alone, so that no other program is
needed. Without root it takes a user namespace in which the user is who they are outside.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import ipaddress
import os
import socket
import struct
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vestry.server.listening import listening

# linux/sched.h, linux/sockios.h, linux/if.h, linux/mount.h
_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x0002_0000, 0x1000_0000, 0x4000_0000
_GET_FLAGS, _SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_UP = 1
_BIND, _RECURSIVE, _SLAVE = 0x1000, 0x4000, 0x8_0000
_LOOPBACK_INDEX = 1  # in every namespace

_ADDRESS_SECONDS = 5.0

RESOLVERS = Path("/etc/resolv.conf")

_HINTS = {
    errno.EPERM: "user namespaces are not allowed here (see sysctl user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)",
    errno.ENOSPC: "there may be no more of them (sysctl user.max_user_namespaces, user.max_net_namespaces)",
}
_libc = ctypes.CDLL(None, use_errno=True)


class NoNamespace(Exception):
    """This kernel gives no namespace to this user; the text says why."""


class Wanted(NamedTuple):
    """A listener that is to be: an address and port in the namespace, and how the server shall serve it."""

    address: str
    port: int
    order: Mapping[str, Any]


def enter(*, own_user: bool, resolver: str | None) -> None:
    """Put this process into a network namespace of its own, with loopback up. Raises NoNamespace.

    It must have one thread. A user namespace is made as well where there is no other way, or where `own_user` asks for
    it; who has the right to do without keeps all their rights. `resolver`: /etc/resolv.conf names this server alone, in
    there.
    """
    flags = _NEW_NETWORK | (_NEW_MOUNTS if resolver else 0)
    try:
        if own_user or not _unshared(flags):
            _enter_user_namespace(flags)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            name = b"lo".ljust(16, b"\0")
            (found,) = struct.unpack_from("16xh", fcntl.ioctl(device, _GET_FLAGS, name + bytes(16)))
            fcntl.ioctl(device, _SET_FLAGS, name + struct.pack("h14x", found | _UP))
        if resolver:
            _resolve_by(resolver)
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "")
        raise NoNamespace(f"{error.strerror}{': ' if hint else ''}{hint}") from None


def listen_at(wanted: Sequence[Wanted]) -> list[socket.socket]:
    """Return listening sockets, in order; an address that loopback lacks is added to it. Raises OSError."""
    for address in dict.fromkeys(one.address for one in wanted):
        if not ipaddress.ip_address(address).is_loopback:
            _add_address(address)
    return [_listening_soon(one.address, one.port) for one in wanted]


def _listening_soon(address: str, port: int) -> socket.socket:
    """Listen as `listening` does: the kernel takes a moment before a new IPv6 address can be used."""
    patience = time.monotonic() + _ADDRESS_SECONDS
    while True:
        try:
            return listening(address, port)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > patience:
                raise
            time.sleep(0.005)


def unreachable_resolvers(text: str) -> bool:
    """Tell whether a resolv.conf names a server on loopback: in a namespace, that is another machine's."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                if ipaddress.ip_address(words[1].partition("%")[0]).is_loopback:
                    return True
            except ValueError:
                continue
    return False


def _enter_user_namespace(flags: int) -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", flags | _NEW_USER)
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path(f"/proc/self/{file}").write_text(text)


def _unshared(flags: int) -> bool:
    try:
        _call("unshare", flags)
    except PermissionError:
        return False
    return True


def _add_address(address: str) -> None:
    packed = ipaddress.ip_address(address).packed
    if len(packed) == 16:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as device:
            fcntl.ioctl(device, _SET_ADDRESS, packed + struct.pack("=Ii", 128, _LOOPBACK_INDEX))
        return
    # An address beyond the first has a label, as of an interface of its own.
    label = f"lo:{packed.hex()}".encode().ljust(16, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        for request, value in ((_SET_ADDRESS, packed), (_SET_NETMASK, b"\xff\xff\xff\xff")):
            fcntl.ioctl(device, request, label + struct.pack("=HH4s8x", socket.AF_INET, 0, value))


def _resolve_by(server: str) -> None:
    """Cover /etc/resolv.conf with one that names `server`; nothing stays in the file system."""
    kept = [line for line in RESOLVERS.read_text().splitlines() if line.split()[:1] != ["nameserver"]]
    _call("mount", None, b"/", None, _RECURSIVE | _SLAVE, None)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join([*kept, f"nameserver {server}", ""]))
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        _call("mount", file.name.encode(), os.fsencode(RESOLVERS), None, _BIND, None)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
