"""The installation's identity certificate: made, published, and used to sign what instances show to others.

One certificate proves all three signatures of an identity document; AWS has one for each in every region.
"""

from __future__ import annotations

from collections.abc import Callable

from vestry.access.authenticate import Keyring, sealed_for
from vestry.credentials.instance_identity import IdentityKey, new_certificate
from vestry.credentials.vault import NONCE_BYTES
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.snapshot import Root

#: Documents whose signatures are kept: they follow from key and text alone, and take a millisecond to make.
_KEPT = 16_384

#: The paths whose answers a certificate proves.
SIGNATURES = ("pkcs7", "rsa2048", "signature")


def make_identity_certificate(
    wall: int, entropy: Callable[[int], bytes], keyring: Keyring
) -> IdentityCertificate:
    """Return a fresh certificate, its key sealed; `wall` is the real clock's reading in epoch seconds."""
    private, certificate = new_certificate(wall)
    made = IdentityCertificate(wall, certificate, b"")
    sealed = keyring.vault.seal(private, sealed_for(made), entropy(NONCE_BYTES))
    return IdentityCertificate(wall, certificate, sealed)


def identity_certificates(root: Root) -> dict[str, str]:
    """Return the certificates (PEM) to publish, by the name of what they prove; none before the first is made."""
    return {} if root.identity is None else dict.fromkeys(SIGNATURES, root.identity.certificate)


class Signer:
    """Signs documents, and keeps what it signed last: when there are `most` signatures, all of them are forgotten."""

    __slots__ = ("_held", "_keyring", "_most", "_signed")

    def __init__(self, keyring: Keyring, most: int = _KEPT) -> None:
        self._keyring = keyring
        self._most = most
        self._held: tuple[IdentityCertificate, IdentityKey] | None = None
        self._signed: dict[tuple[bool, str], str] = {}

    def __len__(self) -> int:
        return len(self._signed)

    def sign(self, identity: IdentityCertificate, text: str, *, enveloped: bool) -> str:
        """Return the signature of a document, `enveloped` with it as PKCS #7 or alone."""
        if self._held is None or self._held[0] != identity:
            private = self._keyring.vault.open(identity.secret, sealed_for(identity))
            self._held = identity, IdentityKey(private, identity.certificate)
            self._signed.clear()
        key = self._held[1]
        found = self._signed.get((enveloped, text))
        if found is None:
            found = key.enveloped(text.encode()) if enveloped else key.signature(text.encode())
            if len(self._signed) >= self._most:
                self._signed.clear()
            self._signed[enveloped, text] = found
        return found
