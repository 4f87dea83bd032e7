"""Tokens of pages, whichever parameter of a service carries them: each holds the key of the last item that was shown.

So a page goes on in the right place whatever was made or deleted meanwhile. They are opaque, and no secret.
"""

from __future__ import annotations

import base64
import binascii

_MARK = b"vestry:"


def token_behind(key: str) -> str:
    """Return the token of the page behind the item with that key."""
    return base64.urlsafe_b64encode(_MARK + key.encode()).decode()


def key_in(token: str) -> str | None:
    """Return the key behind which the page of a token begins, None for a token that is not ours."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        return raw[len(_MARK) :].decode() if raw.startswith(_MARK) else None
    except (binascii.Error, ValueError):
        return None
