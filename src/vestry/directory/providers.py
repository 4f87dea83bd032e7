"""Identity providers that an account trusts to say who somebody is.

A provider is known by its ARN alone: one that is deleted and made again under the same name is trusted again by the
trust policies that name it, as on AWS. Times are epoch seconds (UTC).
"""

from __future__ import annotations

import msgspec

from vestry.arn import PARTITION

Pairs = tuple[tuple[str, str], ...]


class OidcProvider(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An OpenID Connect provider; `id` is its URL without https://, exactly as it was registered."""

    account: str
    id: str
    created: int
    client_ids: tuple[str, ...] = ()  # the audiences that are accepted, in the order in which they were added
    thumbprints: tuple[str, ...] = ()  # SHA-1 of certificates, lower-case hex
    tags: Pairs = ()

    @property
    def url(self) -> str:
        """What its tokens and its discovery document must say as issuer."""
        return f"https://{self.id}"

    @property
    def arn(self) -> str:
        """The provider's ARN."""
        return f"arn:{PARTITION}:iam::{self.account}:oidc-provider/{self.id}"


class SamlKey(msgspec.Struct, frozen=True, gc=False):
    """A private key that opens a SAML provider's encrypted assertions. `secret` is its PEM, sealed."""

    id: str
    created: int
    secret: bytes


class SamlProvider(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A SAML provider. `entity_id`, `certificates` (base64 of DER) and `valid_until` (0: for ever) are read from
    `metadata` when it is set. `unique_id` is AWS's SAMLProviderUUID."""

    account: str
    name: str
    unique_id: str
    created: int
    metadata: str
    entity_id: str
    certificates: tuple[str, ...]
    valid_until: int = 0
    encryption_required: bool = False
    private_keys: tuple[SamlKey, ...] = ()  # in the order in which they were added
    tags: Pairs = ()

    @property
    def id(self) -> str:
        """The row's id: names are unique without regard to case."""
        return self.name.lower()

    @property
    def arn(self) -> str:
        """The provider's ARN."""
        return f"arn:{PARTITION}:iam::{self.account}:saml-provider/{self.name}"


class UsedAssertion(msgspec.Struct, frozen=True, gc=False):
    """A SAML assertion that was accepted once. `id` is made of its provider and its own id; after `until` it would be
    refused for its age, and need not be remembered."""

    account: str
    id: str
    until: int

    @property
    def minute(self) -> int:
        """The minute in which it ends: they are forgotten by the minute."""
        return self.until // 60
