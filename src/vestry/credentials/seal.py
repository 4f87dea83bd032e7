"""Sealed tokens: text that only this installation can make, read or change.

A token is base64 of: version (1 byte), ring key number (2), salt (16), ciphertext and tag (payload + 16). Version,
number and salt are associated data. Keyed BLAKE2b (RFC 7693) of these and the token's purpose under the ring key gives
64 bytes: half of them are the token's own AES-256-GCM key, so the nonce can be fixed, and the other half, its
*material*, makes what belongs to the token and is never written. Nothing has to be stored to open one. Version 1
had HMAC-SHA512 in BLAKE2b's place, which takes four times as long for so short a text; its tokens still open.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Mapping
from hashlib import blake2b
from hmac import digest

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vestry.errors import InvalidClientTokenId
from vestry.limits import TOKEN_CHARACTERS

SALT_BYTES = 16
RING_KEY_BYTES = 32
LARGEST_NUMBER = 0xFFFF

#: What a token is for. One made for one purpose never opens for another. INVARIANT: a purpose ends in a zero byte.
SESSION = b"vestry session\x00"

_VERSION, _OLD_VERSION = b"\x02", b"\x01"
_HEAD = 3 + SALT_BYTES
_TAG_BYTES = 16
#: Fixed, because no key seals a second message. INVARIANT: a salt is never used twice.
_NONCE = bytes(12)


class RingKey(msgspec.Struct, frozen=True, gc=False):
    """One sealing key: its number (0 … 65535, written in every token it seals) and its 32 secret bytes."""

    number: int
    secret: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.number <= LARGEST_NUMBER or len(self.secret) != RING_KEY_BYTES:
            raise ValueError(
                f"a ring key has a number up to {LARGEST_NUMBER} and {RING_KEY_BYTES} secret bytes"
            )


class KeyRing:
    """The keys by number: the current one seals, any of them opens. Immutable; rotation makes a new ring."""

    __slots__ = ("_heads", "current")

    def __init__(self, keys: Mapping[int, RingKey], current: int) -> None:
        if current not in keys or any(number != key.number for number, key in keys.items()):
            raise ValueError("a key ring holds its current key, and every key under its own number")
        self.current = keys[current]
        self._heads = {
            version + key.number.to_bytes(2, "big"): key
            for key in keys.values()
            for version in (_VERSION, _OLD_VERSION)
        }

    def named(self, head: bytes) -> RingKey | None:
        """Return the key that a token's first three bytes (version, number) name, or None where there is none."""
        return self._heads.get(head)

    def numbered(self, number: bytes) -> RingKey | None:
        """Return the key of a number (two bytes), or None where there is none."""
        return self._heads.get(_VERSION + number)


def seal(ring: KeyRing, payload: bytes, salt: bytes, purpose: bytes = SESSION) -> str:
    """Return a token that carries `payload` for one `purpose`, sealed with the ring's current key.

    `salt` is SALT_BYTES fresh random bytes; with another length, or a payload too long for a token, raises ValueError.
    """
    return seal_with_material(ring, payload, salt, purpose)[0]


def seal_with_material(
    ring: KeyRing, payload: bytes, salt: bytes, purpose: bytes = SESSION
) -> tuple[str, bytes]:
    """Return what `seal` does, and the token's 32 bytes of material."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    head = _VERSION + ring.current.number.to_bytes(2, "big") + salt
    keys = blake2b(purpose + head, key=ring.current.secret).digest()
    token = b2a_base64(head + AESGCM(keys[:32]).encrypt(_NONCE, payload, head), newline=False).decode()
    if len(token) > TOKEN_CHARACTERS:
        raise ValueError("the payload is too long for a token")
    return token, keys[32:]


def payload_bytes(characters: int) -> int:
    """Return how many bytes of payload, at most, make a token of that many characters, or the next multiple of four."""
    return 3 * -(-characters // 4) - _HEAD - _TAG_BYTES


def open_sealed(ring: KeyRing, token: str, purpose: bytes = SESSION) -> tuple[bytes, bytes]:
    """Return the payload and the salt of a token, or raise InvalidClientTokenId as `open_with_material` does."""
    return open_with_material(ring, token, purpose)[:2]


def open_with_material(ring: KeyRing, token: str, purpose: bytes = SESSION) -> tuple[bytes, bytes, bytes]:
    """Return the payload, the salt and the material of a token, or raise InvalidClientTokenId.

    1. The token is not longer than 64 KiB.
    2. It is base64, in the one canonical spelling: alphabet, padding and unused bits.
    3. Its version and its ring key are known.
    4. Its tag holds for purpose, version, ring key number, salt and ciphertext.
    """
    if len(token) > TOKEN_CHARACTERS:  # 1
        raise InvalidClientTokenId
    try:
        text = token.encode("ascii")
        raw = a2b_base64(text)
    except (UnicodeEncodeError, Error):  # 2
        raise InvalidClientTokenId from None
    if b2a_base64(raw, newline=False) != text:  # 2: also whatever the lenient reader skipped
        raise InvalidClientTokenId
    key = ring.named(raw[:3])
    if key is None:  # 3
        raise InvalidClientTokenId
    head = raw[:_HEAD]
    if head[:1] == _VERSION:
        keys = blake2b(purpose + head, key=key.secret).digest()
    else:
        keys = digest(key.secret, purpose + head, "sha512")
    try:
        payload = AESGCM(keys[:32]).decrypt(_NONCE, raw[_HEAD:], head)
    except InvalidTag:  # 4
        raise InvalidClientTokenId from None
    return payload, head[3:], keys[32:]
