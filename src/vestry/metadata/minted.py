"""Credentials as an instance is given them, and those that were made before.

They follow from the claims and the sealing key alone (`credentials.session.mint_again`), so keeping them decides
nothing: whether the role may be had is asked at each request, and claims that differ make other credentials.
"""

from __future__ import annotations

from vestry.credentials.seal import KeyRing, RingKey
from vestry.credentials.session import SessionClaims, mint_again
from vestry.metadata.writing import document, moment

#: Documents that are kept; each takes about two kilobytes.
_KEPT = 32_768

#: Whose they are: an instance, in one version of the service, as one principal.
Holder = tuple[str, str, str]


class Minted:
    """The newest document of each holder; when there are `most`, all of them are forgotten."""

    __slots__ = ("_made", "_most")

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._made: dict[Holder, tuple[RingKey, SessionClaims, str]] = {}

    def __len__(self) -> int:
        return len(self._made)

    def document(self, holder: Holder, ring: KeyRing, claims: SessionClaims) -> str:
        """Return the credentials of a session as a document."""
        made = self._made.get(holder)
        if made is not None and made[0] == ring.current and made[1] == claims:
            return made[2]
        text = credentials_document(ring, claims)
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[holder] = ring.current, claims, text
        return text


def credentials_document(ring: KeyRing, claims: SessionClaims) -> str:
    """Return the credentials of a session as a document."""
    minted = mint_again(ring, claims)
    return document(
        {
            "Code": "Success",
            "LastUpdated": moment(claims.issued),
            "Type": "AWS-HMAC",
            "AccessKeyId": minted.access_key_id,
            "SecretAccessKey": minted.secret_access_key,
            "Token": minted.token,
            "Expiration": moment(minted.expires),
        }
    )
