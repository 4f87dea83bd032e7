"""Making SAML documents: the metadata and the responses of the built-in identity provider.

It is to what reads them as any provider is: nothing here is shared with the code that verifies, apart from names.
Source: SAML 2.0 core and metadata; XML Encryption 1.1.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from vestry.credentials.saml_encryption import OAEP_MGF1_SHA1
from vestry.credentials.saml_xml import (
    ASSERTION,
    ENCRYPTION,
    METADATA,
    PROTOCOL,
    SIGNATURE,
    Element,
    ds,
    saml,
    xenc,
)

_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a name
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#: How far from its issue an assertion begins and ends, in seconds.
_BEFORE, _CONFIRMED, _VALID = 60, 300, 3600


class Statement(msgspec.Struct, frozen=True):
    """What the provider says of someone. `issued` is in epoch seconds; `attributes` are values by name."""

    issuer: str
    subject: str
    recipient: str
    audience: str
    issued: int
    attributes: Mapping[str, Sequence[str]]
    name_format: str = PERSISTENT


def make_metadata(entity_id: str, certificates: Sequence[x509.Certificate], sign_in: str) -> str:
    """Return the metadata of a provider that signs with these certificates' keys, as CreateSAMLProvider takes it."""
    root = etree.Element(
        f"{{{METADATA}}}EntityDescriptor", {"entityID": entity_id}, nsmap={"md": METADATA, "ds": SIGNATURE}
    )
    provider = _add(root, f"{{{METADATA}}}IDPSSODescriptor", protocolSupportEnumeration=PROTOCOL)
    for certificate in certificates:
        key = _add(provider, f"{{{METADATA}}}KeyDescriptor", use="signing")
        data = _add(_add(key, ds("KeyInfo")), ds("X509Data"))
        _add(data, ds("X509Certificate"), _base64(certificate.public_bytes(Encoding.DER)))
    _add(provider, f"{{{METADATA}}}NameIDFormat", PERSISTENT)
    _add(provider, f"{{{METADATA}}}SingleSignOnService", Binding=_POST, Location=sign_in)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode()


def make_response(
    said: Statement,
    key: RSAPrivateKey,
    certificate: x509.Certificate,
    encrypt_to: x509.Certificate | None = None,
) -> bytes:
    """Return a response with one assertion, signed with `key` and encrypted for `encrypt_to` where that is given."""
    assertion = _assertion(said)
    signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    signed = signer.sign(
        assertion, key=key, cert=[certificate], reference_uri=f"#{assertion.get('ID')}", id_attribute="ID"
    )
    root = etree.Element(
        f"{{{PROTOCOL}}}Response",
        {
            "ID": _identifier(),
            "Version": "2.0",
            "IssueInstant": _time(said.issued),
            "Destination": said.recipient,
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )
    _add(root, saml("Issuer"), said.issuer)
    _add(_add(root, f"{{{PROTOCOL}}}Status"), f"{{{PROTOCOL}}}StatusCode", Value=_SUCCESS)
    if encrypt_to is None:
        root.append(signed)
    else:
        root.append(_encrypted(etree.tostring(signed), encrypt_to))
    return etree.tostring(root)


def _assertion(said: Statement) -> Element:
    root = etree.Element(
        saml("Assertion"),
        {"ID": _identifier(), "Version": "2.0", "IssueInstant": _time(said.issued)},
        nsmap={"saml": ASSERTION},
    )
    _add(root, saml("Issuer"), said.issuer)
    # The schema's place for the signature, where signxml puts it; its prefix is declared here so that nothing is renamed
    # when the assertion is put into a response: the signature covers prefixes.
    etree.SubElement(root, ds("Signature"), {"Id": "placeholder"}, nsmap={"ds": SIGNATURE})
    subject = _add(root, saml("Subject"))
    _add(subject, saml("NameID"), said.subject, Format=said.name_format)
    _add(
        _add(subject, saml("SubjectConfirmation"), Method=_BEARER),
        saml("SubjectConfirmationData"),
        NotOnOrAfter=_time(said.issued + _CONFIRMED),
        Recipient=said.recipient,
    )
    window = {"NotBefore": _time(said.issued - _BEFORE), "NotOnOrAfter": _time(said.issued + _VALID)}
    conditions = _add(root, saml("Conditions"), **window)
    _add(_add(conditions, saml("AudienceRestriction")), saml("Audience"), said.audience)
    statement = _add(
        root, saml("AuthnStatement"), AuthnInstant=_time(said.issued), SessionIndex=_identifier()
    )
    _add(_add(statement, saml("AuthnContext")), saml("AuthnContextClassRef"), _PASSWORD)
    attributes = _add(root, saml("AttributeStatement"))
    for name, values in said.attributes.items():
        attribute = _add(attributes, saml("Attribute"), Name=name)
        for value in values:
            _add(attribute, saml("AttributeValue"), value)
    return root


def _encrypted(plain: bytes, recipient: x509.Certificate) -> Element:
    """Return an EncryptedAssertion: AES-256-GCM under a fresh key, which is wrapped for the recipient's RSA key."""
    public = recipient.public_key()
    if not isinstance(public, RSAPublicKey):
        raise TypeError("assertions are encrypted for an RSA key")
    key, nonce = os.urandom(32), os.urandom(12)
    wrapped = public.encrypt(key, OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303 - what mgf1p means
    root = etree.Element(
        saml("EncryptedAssertion"), nsmap={"saml": ASSERTION, "xenc": ENCRYPTION, "ds": SIGNATURE}
    )
    data = _add(root, xenc("EncryptedData"), Type="http://www.w3.org/2001/04/xmlenc#Element")
    _add(data, xenc("EncryptionMethod"), Algorithm=_GCM)
    wrapping = _add(_add(data, ds("KeyInfo")), xenc("EncryptedKey"))
    _add(wrapping, xenc("EncryptionMethod"), Algorithm=OAEP_MGF1_SHA1)
    for element, content in ((wrapping, wrapped), (data, nonce + AESGCM(key).encrypt(nonce, plain, None))):
        _add(_add(element, xenc("CipherData")), xenc("CipherValue"), _base64(content))
    return root


def _add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text or None
    return element


def _identifier() -> str:
    return f"_{os.urandom(20).hex()}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
