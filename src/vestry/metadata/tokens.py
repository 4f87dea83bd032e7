"""Session tokens of IMDSv2: stamped, and good for one instance for as long as its owner asked.

Nothing is stored: any node, after any restart, knows a token again. It carries only when it ends; the instance and its
account's incarnation are part of what it is stamped for, so that it is good for that instance alone.
Source: EC2 User Guide, "How Instance Metadata Service Version 2 works".
"""

from __future__ import annotations

from vestry.credentials.seal import KeyRing
from vestry.credentials.stamp import stamp, stamped
from vestry.directory.machines import Instance

#: Random bytes that tell tokens apart.
SALT_BYTES = 8

#: How long a token may live, in seconds.
SHORTEST, LONGEST = 1, 21_600

_LONGEST_DIGITS = 5


def wanted_life(text: bytes | None) -> int | None:
    """Return the seconds that a token request asks for, None where that is no number from SHORTEST to LONGEST."""
    if text is None or not text.isdigit() or len(text) > _LONGEST_DIGITS:
        return None
    seconds = int(text)
    return seconds if SHORTEST <= seconds <= LONGEST else None


def make_token(ring: KeyRing, instance: Instance, incarnation: str, ends: int, salt: bytes) -> str:
    """Return a token of an instance that ends at `ends`, by the session clock; `salt` is SALT_BYTES fresh random bytes."""
    return stamp(ring, ends.to_bytes(8, "big") + salt, _purpose(instance, incarnation))


def token_end(ring: KeyRing, instance: Instance, incarnation: str, token: bytes) -> int:
    """Return when a token ends, 0 for one that is not this instance's."""
    value = stamped(ring, token, _purpose(instance, incarnation))
    return 0 if value is None else int.from_bytes(value[:8], "big")


def _purpose(instance: Instance, incarnation: str) -> bytes:
    return f"vestry instance metadata {instance.id} {incarnation}\x00".encode()
