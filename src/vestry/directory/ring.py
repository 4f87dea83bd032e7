"""The life of a sealing key: published, in use, kept, gone.

| state | seals | opens | until |
|---|---|---|---|
| published (`standby`) | no | yes | PUBLISHED seconds after it was made, so that every process knows it before it is used |
| in use | yes | yes | its successor comes into use |
| kept (`retired` says since when) | no | yes | LONGEST_SESSION has passed: no token that it sealed is alive |

INVARIANT: in every ring that was ever committed exactly one key is in use.
"""

from __future__ import annotations

from immutables import Map
from msgspec.structs import replace

from vestry.directory.draft import Draft
from vestry.directory.entities import RingKey
from vestry.limits import LONGEST_SESSION

#: Seconds between the moment a key is committed and the first token that it seals.
PUBLISHED = 60
LARGEST_NUMBER = 0xFFFF

Ring = Map[int, RingKey]


def in_use(ring: Ring) -> RingKey:
    """Return the key that seals. Raises ValueError for a ring that has none, or several."""
    (key,) = (key for key in ring.values() if not key.standby and not key.retired)
    return key


def waiting(ring: Ring) -> RingKey | None:
    """Return the key that is published and not yet in use."""
    return next((key for key in ring.values() if key.standby), None)


def begins(key: RingKey) -> int:
    """Return when a published key comes into use."""
    return key.created + PUBLISHED


def ends(key: RingKey) -> int:
    """Return when a key that is kept is forgotten."""
    return key.retired + LONGEST_SESSION


def free_number(ring: Ring) -> int:
    """Return the next number: one up from the newest key's, round and round, and never one that is in the ring."""
    number = max(ring.values(), key=lambda key: key.created).number
    while number in ring:
        number = (number + 1) % (LARGEST_NUMBER + 1)
    return number


def is_due(ring: Ring, now: int) -> bool:
    """Tell whether `tend` would change anything."""
    return any(
        (key.standby and now >= begins(key)) or (key.retired and now >= ends(key)) for key in ring.values()
    )


def tend(draft: Draft, now: int) -> list[tuple[str, int]]:
    """Bring into use what was published long enough, and forget what no living token needs; return what was done."""
    done = []
    fresh = waiting(draft.root.ring)
    if fresh is not None and now >= begins(fresh):
        old = in_use(draft.root.ring)
        draft.put(replace(old, retired=max(now, 1)), replacing=old)
        draft.put(replace(fresh, standby=False), replacing=fresh)
        done.append(("in use", fresh.number))
    for key in sorted(draft.root.ring.values(), key=lambda key: key.number):
        if key.retired and now >= ends(key):
            draft.remove(key)
            done.append(("forgotten", key.number))
    return done
