"""Identity providers' keys: what is at hand."""

from __future__ import annotations

from vestry.access.proof import Needs
from vestry.credentials.issuer_keys import KeySet


class IssuerKeys:
    """The keys of issuers, by URL."""

    def __init__(self) -> None:
        self._known: dict[str, KeySet] = {}

    def keys(self, issuer: str) -> KeySet | None:
        """Return an issuer's keys that are at hand."""
        return self._known.get(issuer)

    async def fetch(self, needs: Needs) -> None:
        """Nothing is fetched yet."""
