"""Secrets of access keys."""

from __future__ import annotations

from binascii import b2a_base64

#: Bytes of entropy in a secret access key: thirty make forty characters of base64.
SECRET_ENTROPY = 30


def new_secret(entropy: bytes) -> str:
    """Return a secret access key, 40 characters of [A-Za-z0-9+/]; `entropy` is SECRET_ENTROPY random bytes.

    With another number of bytes raises ValueError.
    """
    if len(entropy) != SECRET_ENTROPY:
        raise ValueError(f"a secret access key is made of {SECRET_ENTROPY} random bytes")
    return b2a_base64(entropy, newline=False).decode()
