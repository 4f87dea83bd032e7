"""An account as an issuer of web identities: what it signs tokens with, and whether it does."""

from __future__ import annotations

import msgspec


class SigningKey(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One key pair. `public` is its JSON Web Key, as published; `secret` is sealed. `created` is by the real clock."""

    id: str  # RSA_1, EC384_2, …: the number is never used again
    algorithm: str  # RS256 or ES384
    created: int
    public: str
    secret: bytes


class WebIdentityIssuer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An account's outbound web identity federation. `name` and keys stay while it is disabled.

    Tokens that were issued before it was disabled go on, so the keys are published as before.
    """

    account: str
    name: str  # a UUID: the unguessable part of its URL
    enabled: bool
    keys: tuple[SigningKey, ...]  # oldest first

    @property
    def id(self) -> str:
        """The row's id: there is one such row in an account."""
        return "issuer"

    @property
    def path(self) -> str:
        """Where it is found under the server's public URL."""
        return f"/issuers/{self.account}/{self.name}"
