"""XML signatures of SAML: what may be signed how, and only what was signed is read on.

A signature proves the bytes that it was made over, not the document that they came in: whoever checks the one and reads
the other is open to *wrapping*. So the form of a signature is narrowed to what SAML's profile needs before signxml
verifies it, and what leaves this module is made anew from the signed bytes that signxml returns.
Sources: SAML 2.0 core, 5.4; XML Signature 1.1; Somorovsky et al., "On Breaking SAML" (2012); signxml, "See what is signed".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from vestry.credentials.saml_metadata import certificate_of
from vestry.credentials.saml_xml import Element, XmlRefused, children, ds, identifiers, read_xml, saml

_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_PREFIXES: Final = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"

#: RSA (PKCS #1 and PSS) and ECDSA with SHA-2: no SHA-1, no MD5, no DSA, and no HMAC, whose key would be a public one.
METHODS: Final = frozenset(
    (
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    )
)
DIGESTS: Final = frozenset((DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512))

_METHOD_NAMES: Final = frozenset(method.value for method in METHODS)
_DIGEST_NAMES: Final = frozenset(digest.value for digest in DIGESTS)


def check_places(root: Element, holders: Sequence[Element]) -> None:
    """Raise XmlRefused unless signatures are only where SAML puts them, and every id names one element.

    1. A signature is a child of one of `holders` (the response, its assertion); nowhere else is there one.
    2. A holder has at most one.
    3. No two attributes that may name an element have the same value.
    """
    allowed = [signature for holder in holders for signature in children(holder, ds("Signature"))]
    if len(allowed) != sum(1 for _ in root.iter(ds("Signature"))):  # 1
        raise XmlRefused("a signature is where none belongs")
    if any(len(children(holder, ds("Signature"))) > 1 for holder in holders):  # 2
        raise XmlRefused("several signatures where one belongs")
    named = list(identifiers(root))
    if len(set(named)) < len(named):  # 3
        raise XmlRefused("several elements have the same id")


def is_signed(holder: Element) -> bool:
    """Tell whether an element carries a signature; whose it is, and whether it holds, is not looked at."""
    return bool(children(holder, ds("Signature")))


def verified(root: Element, holder: Element, certificates: Sequence[str]) -> Element:
    """Return `holder` (the root, or a child of it) as it was signed, or raise XmlRefused.

    1. Its signature has the one form that SAML's profile needs (`_check_form`).
    2. It verifies under one of `certificates`, those of the provider's metadata. What the signature itself says of its
       key is not read.
    3. What was signed is the holder: same element, same ID.

    The element returned is made from the signed bytes, so nothing that is not signed is in it.
    """
    signature = children(holder, ds("Signature"))[0]
    _check_form(signature, holder.get("ID", ""))  # 1
    location = "./" if holder is root else f"./{holder.tag}/"
    for encoded in certificates:
        signed = _signed_bytes(root, location, encoded)
        if signed is not None:
            found = read_xml(signed, largest=len(signed))
            if found.tag != holder.tag or found.get("ID") != holder.get("ID"):  # 3
                raise XmlRefused("the signature is of something else")
            return found
    raise XmlRefused("the signature does not verify with a key of the provider")  # 2


def _signed_bytes(root: Element, location: str, encoded: str) -> bytes | None:
    """Return what the signature at `location` covers when it holds under a certificate, else None.

    A certificate's own dates are not judged, as AWS does not: the metadata says which keys count.
    """
    certificate = certificate_of(encoded)
    expected = SignatureConfiguration(
        location=location,
        expect_references=1,
        signature_methods=METHODS,
        digest_algorithms=DIGESTS,
        ignore_ambiguous_key_info=True,  # KeyInfo is not read at all
        verification_time=certificate.not_valid_before_utc,
    )
    try:
        result = XMLVerifier().verify(
            root,
            x509_cert=certificate,
            expect_config=expected,
            id_attribute="ID",
            validate_schema=False,  # `_check_form` is narrower
        )
    except Exception:  # noqa: BLE001 - whatever goes wrong while verifying, it is not verified
        return None
    return None if isinstance(result, list) else result.signed_data


def _check_form(signature: Element, identifier: str) -> None:
    """Raise XmlRefused unless a signature is of the form that SAML's profile needs.

    1. It has SignedInfo, SignatureValue and at most a KeyInfo: no Object, in which signed content could hide.
    2. SignedInfo has a CanonicalizationMethod, a SignatureMethod and one Reference.
    3. Canonicalization is exclusive, without comments.
    4. The method of signature and that of the digest are among METHODS and DIGESTS.
    5. The reference is to the ID of the element that holds the signature, within this document.
    6. Its transforms are the enveloped signature and exclusive canonicalization, in this order, and no others.
    """
    parts = [part.tag for part in signature]
    if parts not in (
        [ds("SignedInfo"), ds("SignatureValue")],
        [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")],
    ):
        raise XmlRefused("the signature has parts that do not belong")  # 1
    if [part.tag for part in signature[0]] != [
        ds("CanonicalizationMethod"),
        ds("SignatureMethod"),
        ds("Reference"),
    ]:
        raise XmlRefused("the signature is not of one reference")  # 2
    canonical, method, reference = signature[0]
    _check_exclusive(canonical)  # 3
    if method.get("Algorithm") not in _METHOD_NAMES or len(method):  # 4
        raise XmlRefused("the method of signature is not accepted")
    if not identifier or reference.get("URI") != f"#{identifier}":  # 5
        raise XmlRefused("the signature refers to something else than what holds it")
    if [part.tag for part in reference] != [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]:
        raise XmlRefused("the reference has parts that do not belong")  # 6
    transforms, digest, _ = reference
    if digest.get("Algorithm") not in _DIGEST_NAMES or len(digest):  # 4
        raise XmlRefused("the digest is not accepted")
    if [part.get("Algorithm") for part in transforms] != [_ENVELOPED, _EXCLUSIVE] or len(transforms[0]):  # 6
        raise XmlRefused("the reference has transforms that are not accepted")
    _check_exclusive(transforms[1])


def _check_exclusive(element: Element) -> None:
    """Raise XmlRefused unless `element` names exclusive canonicalization without comments, with at most a prefix list."""
    if element.get("Algorithm") != _EXCLUSIVE or len(element) > 1:
        raise XmlRefused("the canonicalization is not accepted")
    if len(element) and element[0].tag != _PREFIXES:
        raise XmlRefused("the canonicalization has parts that do not belong")


def assertions(root: Element) -> list[Element]:
    """Return every assertion of a document, encrypted or not, wherever it is."""
    return [element for tag in ("Assertion", "EncryptedAssertion") for element in root.iter(saml(tag))]
