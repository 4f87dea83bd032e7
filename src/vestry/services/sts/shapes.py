"""Temporary credentials as every operation that gives some answers them."""

from __future__ import annotations

from typing import Any

from vestry import limits
from vestry.credentials.seal import SALT_BYTES
from vestry.credentials.session import SessionClaims, mint
from vestry.services.operation import Call


def credentials_of(call: Call, claims: SessionClaims) -> dict[str, Any]:
    """Return the credentials of a new session, and how large its token is where the request speaks of that.

    Parameter MinimumSessionTokenSize says how many bytes the token has at least. Source: STS API reference.
    """
    least = call.parameters.get("MinimumSessionTokenSize")
    minted = mint(call.keyring.ring(call.root), claims, call.entropy(SALT_BYTES), least or 0)
    credentials = {
        "AccessKeyId": minted.access_key_id,
        "SecretAccessKey": minted.secret_access_key,
        "SessionToken": minted.token,
        "Expiration": minted.expires,
    }
    if least is None:
        return {"Credentials": credentials}
    size = len(minted.token)
    used = -(-100 * size // limits.SESSION_TOKEN_BYTES)
    return {"Credentials": credentials, "SessionTokenSize": size, "SessionTokenUtilization": min(100, used)}
