"""Stamped values: text that anybody may read, and that only this installation can make or change.

A stamped value is base64 of: version (1 byte), ring key number (2), the value, and 23 bytes of keyed BLAKE2b (RFC 7693)
over its purpose and everything before, under the ring key; its personalization tells it from what seals are made of.
Where nothing is secret, this proves as much as a seal, at a third of the time.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from hashlib import blake2b
from hmac import compare_digest

from vestry.credentials.seal import KeyRing

_VERSION = b"\x01"
_HEAD, _MAC_BYTES = 3, 23
_PERSON = b"vestry stamp"


def stamp(ring: KeyRing, value: bytes, purpose: bytes) -> str:
    """Return `value`, stamped for one purpose with the ring's current key.

    A value has 1, 4, 7 … bytes, so that base64 spells it in one way only; with another length raises ValueError.
    INVARIANT: a purpose ends in a zero byte.
    """
    signed = _VERSION + ring.current.number.to_bytes(2, "big") + value
    if (len(signed) + _MAC_BYTES) % 3:
        raise ValueError("a stamped value has a length that base64 fills")
    return b2a_base64(signed + _mac(ring.current.secret, purpose + signed), newline=False).decode()


def stamped(ring: KeyRing, text: bytes, purpose: bytes) -> bytes | None:
    """Return the value of a stamped text, or None.

    1. It is base64 in its one spelling. 2. Its version and its ring key are known. 3. The stamp holds for the purpose.
    """
    try:
        raw = a2b_base64(text)
    except Error:  # 1
        return None
    signed, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    key = ring.numbered(signed[1:_HEAD])
    if (
        len(text) * 3 != len(raw) * 4 or signed[:1] != _VERSION or key is None
    ):  # 1: what was skipped is short; 2
        return None
    return signed[_HEAD:] if compare_digest(mac, _mac(key.secret, purpose + signed)) else None  # 3


def _mac(secret: bytes, message: bytes) -> bytes:
    return blake2b(message, digest_size=_MAC_BYTES, key=secret, person=_PERSON).digest()
