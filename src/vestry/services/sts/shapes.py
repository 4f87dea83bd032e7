"""What the answers of several operations have in common."""

from __future__ import annotations

from typing import Any

from vestry.credentials.session import Credentials


def credentials_shape(minted: Credentials) -> dict[str, Any]:
    """Return temporary credentials in the model's shape."""
    return {
        "AccessKeyId": minted.access_key_id,
        "SecretAccessKey": minted.secret_access_key,
        "SessionToken": minted.token,
        "Expiration": minted.expires,
    }
