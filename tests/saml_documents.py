"""SAML documents for tests, made of text so that anything in them can be wrong: metadata, assertions, responses."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from vestry.credentials.saml import Trust
from vestry.credentials.saml_metadata import read_metadata

NOW = 1_800_000_000
ENTITY = "https://idp.example.com/metadata"
SIGN_IN = "https://signin.aws.amazon.com/saml"
ROLE = "arn:aws:iam::111122223333:role/Reader"
PROVIDER = "arn:aws:iam::111122223333:saml-provider/Corp"
AWS = "https://aws.amazon.com/SAML/Attributes/"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NAMESPACES = (
    'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
)
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

Attributes = Mapping[str, Sequence[str]]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer:
    """A key and its certificate, as an identity provider has them."""

    def __init__(self, key: Key, days: int = 3650) -> None:
        self.key = key
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
        begins = datetime.fromtimestamp(NOW, UTC) - timedelta(days=30)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )

    @property
    def der(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    def sign(
        self,
        xml: str,
        *,
        method: SignatureMethod = SignatureMethod.RSA_SHA256,
        digest: DigestAlgorithm = DigestAlgorithm.SHA256,
        canonical: str = EXCLUSIVE,
        reference: str | None = None,
        weak: bool = False,
    ) -> str:
        """Return the document with its root element signed."""
        root = etree.fromstring(xml.encode())
        kind = _Weak if weak else XMLSigner
        signer = kind(signature_algorithm=method, digest_algorithm=digest, c14n_algorithm=canonical)
        uri = f"#{root.get('ID')}" if reference is None else reference
        signed = signer.sign(
            root,
            key=self.key,
            cert=[self.certificate],
            reference_uri=uri if uri != "" else None,
            id_attribute="ID",
        )
        return etree.tostring(signed).decode()


class _Weak(XMLSigner):  # type: ignore[misc]
    """A signer that takes what signxml itself warns of."""

    def check_deprecated_methods(self) -> None:
        return


@cache
def signer(name: str = "good") -> Signer:
    """Return one of the signers of this run: `good`, `other`, `curve`."""
    if name == "curve":
        return Signer(ec.generate_private_key(ec.SECP256R1()))
    return Signer(rsa.generate_private_key(65537, 2048))


def instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(
    *signers: Signer, entity: str = ENTITY, root: str = "", inside: str = "", use: str = 'use="signing"'
) -> str:
    """Return a metadata document, long enough for the API."""
    keys = "".join(
        f"<md:KeyDescriptor {use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{one.der}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for one in signers or (signer(),)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made for a test -->\n'
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity}" {root}>'
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{keys}{inside}<md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>"
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
        ' Location="https://idp.example.com/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


def trust(*signers: Signer, **changes: Any) -> Trust:
    """Return what a registered provider of those signers is judged by."""
    known = read_metadata(metadata(*signers))
    given: dict[str, Any] = {
        "provider_id": "SAMLPROVIDER0000000000001",
        "entity_id": known.entity_id,
        "certificates": known.certificates,
        "valid_until": known.valid_until,
    }
    return Trust(**(given | changes))


def attributes(**changes: Sequence[str] | None) -> dict[str, Sequence[str]]:
    """Return AWS's attributes; a change to None takes one away."""
    found: dict[str, Sequence[str] | None] = {"Role": [f"{ROLE},{PROVIDER}"], "RoleSessionName": ["alice"]}
    found |= changes
    return {AWS + name: values for name, values in found.items() if values is not None}


def attribute_xml(name: str, values: Sequence[str]) -> str:
    inner = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inner}</saml:Attribute>'


def assertion(
    *,
    now: int = NOW,
    identifier: str = "_assertion1",
    issuer: str = ENTITY,
    name: str | None = "alice@example.com",
    name_format: str = PERSISTENT,
    recipient: str = SIGN_IN,
    audience: str | None = "urn:amazon:webservices",
    issued: int | None = None,
    given: Attributes | None = None,
    statement: str = "",
    confirmation: str | None = None,
    conditions: str | None = None,
    session: str = "",
) -> str:
    """Return an unsigned assertion; every part can be another."""
    begun = now if issued is None else issued
    if confirmation is None:
        confirmation = (
            f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData'
            f' NotOnOrAfter="{instant(begun + 300)}" Recipient="{recipient}"/></saml:SubjectConfirmation>'
        )
    if conditions is None:
        inner = (
            ""
            if audience is None
            else (
                f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
            )
        )
        conditions = (
            f'<saml:Conditions NotBefore="{instant(begun - 30)}" NotOnOrAfter="{instant(begun + 3600)}">'
            f"{inner}</saml:Conditions>"
        )
    named = "" if name is None else f'<saml:NameID Format="{name_format}">{name}</saml:NameID>'
    listed = "".join(attribute_xml(*pair) for pair in (attributes() if given is None else given).items())
    return (
        f'<saml:Assertion {NAMESPACES} ID="{identifier}" Version="2.0" IssueInstant="{instant(begun)}">'
        f"<saml:Issuer>{issuer}</saml:Issuer>"
        f"<saml:Subject>{named}{confirmation}</saml:Subject>{conditions}"
        f'<saml:AuthnStatement AuthnInstant="{instant(begun)}" {session}/>'
        f"<saml:AttributeStatement>{listed}{statement}</saml:AttributeStatement></saml:Assertion>"
    )


def response(
    inner: str,
    *,
    now: int = NOW,
    issuer: str = ENTITY,
    destination: str = SIGN_IN,
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success",
    extra: str = "",
) -> str:
    """Return an unsigned response around what is given."""
    return (
        f'<samlp:Response {NAMESPACES} ID="_response1" Version="2.0" IssueInstant="{instant(now)}"'
        f' Destination="{destination}"><saml:Issuer>{issuer}</saml:Issuer>'
        f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>{extra}{inner}</samlp:Response>'
    )


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def signed_response(
    by: Signer | None = None, edit: Callable[[str], str] = lambda xml: xml, **changes: Any
) -> str:
    """Return the base64 of a response whose assertion is signed; `edit` changes the text after signing."""
    made = (by or signer()).sign(assertion(**changes))
    return encoded(edit(response(made, now=changes.get("now", NOW))))
