"""The certificate by which an instance's identity document is proven. It belongs to the installation."""

from __future__ import annotations

import msgspec


class IdentityCertificate(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A certificate that is published, as PEM, and its private key, which is sealed. `created` is by the real clock."""

    created: int
    certificate: str
    secret: bytes
    account: str = ""

    @property
    def id(self) -> str:
        """The row's id: there is one such row."""
        return "identity"
