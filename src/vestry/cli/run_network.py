"""A namespace's way out: a program that carries its packets as the user's own connections, without root.

Both programs are told to make the same place of it: the command is 10.0.2.100, 10.0.2.2 is this machine's loopback, and
10.0.2.3 resolves names as this machine does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import NamedTuple

RESOLVER = "10.0.2.3"
_ADDRESS, _LENGTH, _GATEWAY = "10.0.2.100", "24", "10.0.2.2"


class Way(NamedTuple):
    """A program that is installed: what it is called with for a process, and whether it needs a user namespace."""

    name: str
    command: Callable[[int], list[str]]
    own_user: bool = False


def find_way() -> Way | None:
    """Return the way out that this machine offers, None where neither program is installed."""
    if slirp := shutil.which("slirp4netns"):
        return Way("slirp4netns", lambda pid: [slirp, "--configure", "--mtu=65520", str(pid), "tap0"])
    if pasta := shutil.which("pasta"):
        # Its own rights are those of a namespace it can join, so that even root needs one. No port is forwarded.
        nothing = [word for option in "tuTU" for word in (f"-{option}", "none")]
        place = ["-I", "tap0", "-a", _ADDRESS, "-n", _LENGTH, "-g", _GATEWAY, "--dns-forward", RESOLVER]
        root = ["--runas", "0"] if os.geteuid() == 0 else []
        more = ["--config-net", "--quiet", "--foreground", *nothing, *place, *root]
        return Way("pasta", lambda pid: [pasta, *more, str(pid)], own_user=True)
    return None
