"""The private keys that open a SAML provider's encrypted assertions: at most two, sealed, never shown again.

Source: IAM API reference, UpdateSAMLProvider; IAM User Guide, "Troubleshoot SAML federation with IAM" (texts).
"""

from __future__ import annotations

from base64 import b32encode

import msgspec

from vestry import limits
from vestry.access.saml_keys import saml_key_context
from vestry.credentials.saml_encryption import read_private_key
from vestry.credentials.saml_xml import XmlRefused
from vestry.credentials.vault import NONCE_BYTES
from vestry.directory.providers import SamlKey, SamlProvider
from vestry.errors import InvalidInput, LimitExceeded
from vestry.services.operation import Call


def added_key(call: Call, provider: SamlProvider) -> SamlProvider:
    """Return `provider` with the key of parameter AddPrivateKey. Raises InvalidInput, LimitExceeded."""
    pem: str = call.parameters["AddPrivateKey"]
    try:
        read_private_key(pem)
    except XmlRefused as refused:
        raise InvalidInput("Invalid private key.", hint=f"The private key was refused: {refused}.") from None
    if len(provider.private_keys) >= limits.SAML_PRIVATE_KEYS:
        raise LimitExceeded(f"Private key limit of {limits.SAML_PRIVATE_KEYS} is reached.")
    identifier = b32encode(call.entropy(16)).decode().rstrip("=")
    context = saml_key_context(provider, identifier)
    sealed = call.keyring.vault.seal(pem.encode(), context, call.entropy(NONCE_BYTES))
    return msgspec.structs.replace(
        provider, private_keys=(*provider.private_keys, SamlKey(identifier, call.now, sealed))
    )


def removed_key(provider: SamlProvider, identifier: str) -> SamlProvider:
    """Return `provider` without a key. Raises InvalidInput where there is none, or none would be left to require."""
    rest = tuple(key for key in provider.private_keys if key.id != identifier)
    if len(rest) == len(provider.private_keys):
        raise InvalidInput("Failed to remove private key because the Key ID does not match a private key.")
    if provider.encryption_required and not rest:
        raise InvalidInput(
            "Failed to remove private key.",
            hint="Its encryption mode is Required: add another key first, or allow assertions in the clear.",
        )
    return msgspec.structs.replace(provider, private_keys=rest)
