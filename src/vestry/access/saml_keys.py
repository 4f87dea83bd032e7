"""The private keys of SAML providers, sealed at rest: for which row, and how they are opened."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vestry.access.authenticate import Keyring
from vestry.credentials.saml_encryption import read_private_key
from vestry.directory.entities import KINDS
from vestry.directory.providers import SamlProvider


def saml_key_context(provider: SamlProvider, key_id: str) -> bytes:
    """Return the associated data under which a provider's private key is sealed: account, kind, provider, key."""
    return f"{provider.account}/{KINDS[SamlProvider]}/{provider.unique_id}/{key_id}".encode()


def private_keys(provider: SamlProvider, keyring: Keyring) -> tuple[RSAPrivateKey, ...]:
    """Return a provider's private keys, opened. Raises VaultError when the store was tampered with."""
    return tuple(
        read_private_key(keyring.vault.open(key.secret, saml_key_context(provider, key.id)).decode())
        for key in provider.private_keys
    )
