"""Session tokens of IMDSv2: sealed, and good for one instance for as long as its owner asked.

Nothing is stored: any node, after any restart, knows a token again. It carries only when it ends; the instance and its
account's incarnation are part of what it is sealed for, so that it opens for that instance alone.
Source: EC2 User Guide, "How Instance Metadata Service Version 2 works".
"""

from __future__ import annotations

from vestry.credentials.seal import KeyRing, open_sealed, seal
from vestry.directory.machines import Instance
from vestry.errors import InvalidClientTokenId

#: How long a token may live, in seconds.
SHORTEST, LONGEST = 1, 21_600

_PURPOSE = "vestry instance metadata {} {}\x00"
_LONGEST_DIGITS = 5


def wanted_life(text: bytes | None) -> int | None:
    """Return the seconds that a token request asks for, None where that is no number from SHORTEST to LONGEST."""
    if text is None or not text.isdigit() or len(text) > _LONGEST_DIGITS:
        return None
    seconds = int(text)
    return seconds if SHORTEST <= seconds <= LONGEST else None


def make_token(ring: KeyRing, instance: Instance, incarnation: str, ends: int, salt: bytes) -> str:
    """Return a token of an instance that ends at `ends`, by the session clock; `salt` is SALT_BYTES fresh random bytes."""
    return seal(ring, ends.to_bytes(8, "big"), salt, _purpose(instance, incarnation))


def token_end(ring: KeyRing, instance: Instance, incarnation: str, token: bytes) -> int:
    """Return when a token ends, 0 for one that is not this instance's."""
    try:
        payload, _ = open_sealed(ring, token.decode("latin-1"), _purpose(instance, incarnation))
    except InvalidClientTokenId:
        return 0
    return int.from_bytes(payload, "big")


def _purpose(instance: Instance, incarnation: str) -> bytes:
    return _PURPOSE.format(instance.id, incarnation).encode()
