"""AWS Security Token Service.

Enters: calls of the service `sts`. Leaves: answers in the model's shapes; nothing of a session is stored.
Start in `assume_role`.
"""

from vestry.services.sts import (
    assume_role,
    assume_root,
    decode_message,
    delegated_access,
    federation_token,
    identity,
    saml,
    session_token,
    web_identity,
    web_identity_token,
)

__all__ = [
    "assume_role",
    "assume_root",
    "decode_message",
    "delegated_access",
    "federation_token",
    "identity",
    "saml",
    "session_token",
    "web_identity",
    "web_identity_token",
]
