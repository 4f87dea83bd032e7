"""When the credentials of an instance or a task begin and end.

Time is cut into periods, whose beginnings are shifted for each of them so that not all of them change at once. What is
served is a pure function of the period: every reader, node and restart gets the same. Credentials live LIFE seconds and
there are new ones each PERIOD; where the role's maximum session duration is shorter, they live that long, and change
three times as often. So what is served has at least two thirds of an hour to go, where AWS promises five minutes.
Source: EC2 User Guide, "IAM roles for Amazon EC2"; the two lengths are those that are seen on EC2.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from vestry.directory.machines import Instance

LIFE, PERIOD = 23_040, 3600  # seconds
_PERIODS_OF_A_LIFE = 3


class Slot(NamedTuple):
    """When credentials begin and end, in epoch seconds of the session clock."""

    issued: int
    expires: int


def slot(instance: Instance, whose: str, now: int, longest: int = LIFE) -> Slot:
    """Return the slot of `now`, in which an instance has the credentials of `whose` (a unique id).

    A new association and a start of the instance begin a slot: what was issued before may have been revoked.
    """
    since = instance.association.since if instance.association is not None else 0
    return slot_since(f"{instance.id} {whose}", max(since, instance.started), now, longest)


def slot_since(seed: str, since: int, now: int, longest: int = LIFE) -> Slot:
    """Return the slot of `now` for what is told from others by `seed`; the first one begins at `since`."""
    life = min(LIFE, longest)
    period = min(PERIOD, life // _PERIODS_OF_A_LIFE)
    shift = crc32(seed.encode()) % period
    issued = max(now - (now - shift) % period, since)
    return Slot(issued, issued + life)
