"""How many connections there is room for: what one process may have open, shared out.

What waits for others — idle connections of the endpoint, of machines — never takes the descriptors that the store needs
to commit, or those of another door. Source: getrlimit(2), RLIMIT_NOFILE.
"""

from __future__ import annotations

import resource
from typing import NamedTuple

from vestry import limits

#: What is enough for all connections that are admitted, and for all listeners that may be handed over.
_WANTED = 16_384


class Room(NamedTuple):
    """How many connections the endpoint may have, and how many all link-local listeners together."""

    endpoint: int
    link_local: int


def raise_limit() -> None:
    """Let this process open as many files as its hard limit allows: soft limits (1024, often) are for `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room() -> Room:
    """Return the shares: a quarter of what may be open for either, and no more than their bounds."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    quarter = (_WANTED if soft == resource.RLIM_INFINITY else soft) // 4
    return Room(min(quarter, limits.CONNECTIONS), min(quarter, limits.LINK_LOCAL_CONNECTIONS))


class Seats:
    """So many connections may be open at a time, over all listeners that share it."""

    __slots__ = ("_free",)

    def __init__(self, number: int) -> None:
        self._free = number

    def take(self) -> bool:
        """Take one; False where all are taken."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give(self) -> None:
        """Give one back that was taken."""
        self._free += 1
