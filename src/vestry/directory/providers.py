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
