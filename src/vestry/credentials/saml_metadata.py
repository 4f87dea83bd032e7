"""An identity provider's metadata: who it is, and the keys that it signs with.

Source: SAML 2.0 metadata, 2.3.2 and 2.4.3; IAM User Guide, "Create a SAML identity provider in IAM" and
"Troubleshoot SAML federation with IAM" (signing keys of 1024 bits or more).
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from vestry import limits
from vestry.credentials.saml_xml import (
    METADATA,
    PROTOCOL,
    Element,
    XmlRefused,
    children,
    ds,
    instant,
    read_xml,
)

_ENTITY_CHARACTERS = 1024


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """What we keep of a metadata document. `certificates` are base64 of DER, in the document's order; `valid_until` is
    in epoch seconds, 0 where the document does not say."""

    entity_id: str
    certificates: tuple[str, ...]
    valid_until: int = 0


def read_metadata(text: str) -> Metadata:
    """Return what a metadata document says, or raise XmlRefused.

    1. It is XML that we read (`saml_xml.read_xml`); comments are passed over.
    2. Its root is an EntityDescriptor with an entityID of at most 1024 characters.
    3. It has an IDPSSODescriptor for SAML 2.0 with a SingleSignOnService.
    4. Such a descriptor holds at least one key for signing, as an X.509 certificate. Whether a certificate has expired
       does not matter: AWS does not look at that either.
    5. Every such key is RSA of 1024 bits or more, or of an elliptic curve.
    """
    root = read_xml(
        text.encode("utf-8", "surrogatepass"), largest=limits.SAML_METADATA_BYTES, lenient=True
    )  # 1
    entity = root.get("entityID", "")
    if root.tag != _md("EntityDescriptor") or not 0 < len(entity) <= _ENTITY_CHARACTERS:  # 2
        raise XmlRefused("the metadata is not of one entity with an entityID")
    providers = [
        part
        for part in children(root, _md("IDPSSODescriptor"))
        if PROTOCOL in part.get("protocolSupportEnumeration", "").split()
        and children(part, _md("SingleSignOnService"))
    ]
    if not providers:  # 3
        raise XmlRefused("the metadata has no IDPSSODescriptor for SAML 2.0 with a SingleSignOnService")
    certificates: dict[str, None] = {}
    for provider in providers:
        for key in children(provider, _md("KeyDescriptor")):
            if key.get("use", "signing") == "signing":
                certificates.update(dict.fromkeys(map(_checked, key.iter(ds("X509Certificate")))))
    if not certificates:  # 4
        raise XmlRefused("the metadata has no certificate for signing")
    ends = [end for part in (root, *providers) if (end := instant(part.get("validUntil"))) is not None]
    return Metadata(entity, tuple(certificates), min(ends, default=0))


def certificate_of(encoded: str) -> x509.Certificate:
    """Return a certificate kept in Metadata."""
    return x509.load_der_x509_certificate(b64decode(encoded))


def _checked(element: Element) -> str:
    """Return a certificate's base64 in one spelling, its key checked."""
    try:
        certificate = x509.load_der_x509_certificate(
            b64decode("".join((element.text or "").split()), validate=True)
        )
        key = certificate.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise XmlRefused("a certificate cannot be read") from None
    strong = isinstance(key, ec.EllipticCurvePublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= limits.SAML_KEY_BITS
    )
    if not strong:  # 5
        raise XmlRefused("a key is neither RSA of 1024 bits or more nor of an elliptic curve")
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _md(name: str) -> str:
    return f"{{{METADATA}}}{name}"
