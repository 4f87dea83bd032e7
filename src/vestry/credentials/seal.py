"""Sealed tokens: authenticated encryption under a ring of keys.

A token is base64 of: version (1 byte), ring key number (4 bytes), salt (16 bytes), ciphertext and tag. The key of a
token is derived from its ring key and its random salt, so no nonce is ever reused; version, number and salt are
associated data. Only the canonical base64 form opens.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vestry.errors import InvalidClientTokenId

VERSION = 1
SALT_BYTES = 16
RING_KEY_BYTES = 32
LONGEST_TOKEN = 65_536

_HEAD = 5
_BODY = _HEAD + SALT_BYTES
_NONCE = bytes(12)


class RingKey(msgspec.Struct, frozen=True, gc=False):
    """One key of the ring."""

    number: int
    secret: bytes


class KeyRing(msgspec.Struct, frozen=True, gc=False):
    """The keys that open tokens, by number; `current` seals new ones."""

    keys: Mapping[int, RingKey]
    current: int


def derive(key: RingKey, salt: bytes, label: bytes) -> bytes:
    """Return 32 bytes that belong to one token and one purpose."""
    return hmac.digest(key.secret, label + salt, "sha256")


def seal(ring: KeyRing, payload: bytes, salt: bytes) -> str:
    """Return a token that carries `payload`; `salt` is SALT_BYTES fresh random bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes")
    key = ring.keys[ring.current]
    head = bytes((VERSION,)) + key.number.to_bytes(4, "big") + salt
    body = AESGCM(derive(key, salt, b"token")).encrypt(_NONCE, payload, head)
    return base64.b64encode(head + body).decode()


def open_sealed(ring: KeyRing, token: str, purpose: bytes = SESSION) -> tuple[bytes, bytes]:
    """Return the payload and the salt of a token, or raise InvalidClientTokenId as `open_with_key` does."""
    _, payload, salt = open_with_key(ring, token, purpose)
    return payload, salt


def open_with_key(ring: KeyRing, token: str, purpose: bytes = SESSION) -> tuple[RingKey, bytes, bytes]:
    """Return the ring key that sealed a token, its payload and its salt, or raise InvalidClientTokenId.

    1. The token is not longer than 64 KiB.
    2. It is base64, in the one canonical spelling: alphabet, padding and unused bits.
    3. Its version and its ring key are known, and it is long enough to hold a salt and a tag.
    4. Its tag holds for purpose, version, ring id, salt and ciphertext.
    """
    if len(token) > TOKEN_CHARACTERS:  # 1
        raise InvalidClientTokenId
    try:
        text = token.encode("ascii")
        raw = a2b_base64(text, strict_mode=True)
    except (UnicodeEncodeError, Error):  # 2
        raise InvalidClientTokenId from None
    if b2a_base64(raw, newline=False) != text:  # 2
        raise InvalidClientTokenId
    key = ring.named(raw[:3])
    if key is None or len(raw) < _HEAD + _TAG:  # 3
        raise InvalidClientTokenId
    head = raw[:_HEAD]
    try:
        payload = AESGCM(_sealing_key(key, purpose, head)).decrypt(_NONCE, raw[_HEAD:], head)
    except InvalidTag:  # 4
        raise InvalidClientTokenId from None
    return key, payload, head[3:]


def derived(key: RingKey, label: bytes, salt: bytes) -> bytes:
    """Return 32 bytes bound to a ring key, a label and a token's salt; a label serves one use only."""
    return digest(key.secret, b"vestry derived v1\x00" + label + b"\x00" + salt, "sha256")


def _sealing_key(key: RingKey, purpose: bytes, head: bytes) -> bytes:
    return digest(key.secret, b"vestry sealing\x00" + purpose + b"\x00" + head, "sha256")
