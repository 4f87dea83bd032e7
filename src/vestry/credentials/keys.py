"""Secrets of long-term access keys."""

from __future__ import annotations

import base64

#: Bytes of entropy in a secret access key: thirty make forty characters of base64.
SECRET_ENTROPY = 30


def new_secret(entropy: bytes) -> str:
    """Return a 40-character secret access key; `entropy` must be SECRET_ENTROPY random bytes (else ValueError)."""
    if len(entropy) != SECRET_ENTROPY:
        raise ValueError(f"a secret needs {SECRET_ENTROPY} bytes of entropy")
    return base64.b64encode(entropy).decode()
