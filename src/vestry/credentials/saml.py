"""SAML responses: from the base64 that a client presents to an assertion that may be believed.

Source: SAML 2.0 core and profiles (4.1.4.3, what a service provider must verify); IAM User Guide, "Configure SAML
assertions for the authentication response" and "Troubleshoot SAML federation with IAM" (texts).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vestry import limits
from vestry.credentials.saml_assertion import Assertion, read_assertion
from vestry.credentials.saml_encryption import decrypted
from vestry.credentials.saml_signature import assertions, check_places, is_signed, verified
from vestry.credentials.saml_xml import PROTOCOL, Element, XmlRefused, read_xml, saml, text_of
from vestry.errors import ExpiredIdentityToken, IdentityProviderRefused, InvalidIdentityToken

_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_AWS_AUDIENCE: Final = "urn:amazon:webservices"
#: Where AWS's own sign-in takes responses; the end names a provider that encrypts.
_SIGN_IN: Final = re.compile(
    r"https://(?:[a-z0-9-]+\.)?signin\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/(?:static/)?saml"
    r"(?:/acs/([A-Z0-9]+))?",
    re.ASCII,
)


class Trust(msgspec.Struct, frozen=True, gc=False):
    """What a response is judged by: the provider as it is registered, and what this server is called.

    `certificates` are those of its metadata; `valid_until` is when that metadata ends, 0 for never. `encrypted_only`
    refuses assertions that come in the clear. `own_urls` are where this server takes responses.
    """

    provider_id: str
    entity_id: str
    certificates: Sequence[str]
    valid_until: int
    private_keys: Sequence[RSAPrivateKey] = ()
    encrypted_only: bool = False
    own_urls: frozenset[str] = frozenset()


def verify_response(encoded: str, trust: Trust, wall: int) -> Assertion:
    """Return the assertion of a SAML response, verified at the time `wall` (epoch seconds).

    Raises InvalidIdentityToken, ExpiredIdentityToken and IdentityProviderRefused. What must hold:

    1. It is base64 of XML that we read, and a Response of version 2.0.
    2. The provider says that it signed the user in.
    3. The provider's metadata is still valid, and is the issuer's: the response's where it has one, and the assertion's.
    4. There is one assertion in it, which the provider signed (`_signed_assertion`); nothing else is read from here on.
    5. It is an assertion of the form that AWS asks for (`saml_assertion.read_assertion`), by the same issuer.
    6. It was issued at most five minutes ago, and not in the future.
    7. Now is within its every NotBefore and NotOnOrAfter. Up to SAML_SKEW_SECONDS too early is not too early.
    8. Its Recipient is AWS's sign-in or this server's, and so is the response's Destination, where it has one.
    9. Every AudienceRestriction, of which there is at least one, names AWS or such a place.

    Whether it was presented before is for the caller to find out, who knows what was committed.
    """
    root = _response(encoded)  # 1
    _check_status(root)  # 2
    if trust.valid_until and wall >= trust.valid_until:  # 3
        raise InvalidIdentityToken("Response signature invalid", hint="The provider's metadata has expired.")
    _check_issuers(root, trust.entity_id)  # 3
    try:
        element = _signed_assertion(root, trust)  # 4
    except XmlRefused as refused:
        raise InvalidIdentityToken("Response signature invalid", hint=_hint(refused)) from None
    try:
        assertion = read_assertion(element)  # 5
    except XmlRefused as refused:
        raise _invalid(refused) from None
    if assertion.issuer != trust.entity_id:  # 5
        raise _other_issuer()
    _check_times(assertion, wall)  # 6, 7
    _check_addressee(root, assertion, trust)  # 8, 9
    return assertion


def _response(encoded: str) -> Element:
    try:
        raw = b64decode("".join(encoded.split()), validate=True)
        root = read_xml(raw, largest=limits.SAML_RESPONSE_BYTES)
    except (binascii.Error, ValueError) as problem:  # XmlRefused is a ValueError
        raise InvalidIdentityToken("Invalid base64 SAMLResponse", hint=_hint(problem)) from None
    if root.tag != f"{{{PROTOCOL}}}Response" or root.get("Version") != "2.0":
        raise _invalid("it is not a Response of version 2.0")
    return root


def _check_status(root: Element) -> None:
    """Raise IdentityProviderRefused unless the status is success. It need not be signed: it can only refuse."""
    status = root.find(f"{{{PROTOCOL}}}Status/{{{PROTOCOL}}}StatusCode")
    value = None if status is None else status.get("Value")
    if value != _SUCCESS:
        raise IdentityProviderRefused(
            "The identity provider reported that authentication failed.",
            hint=f"Its status is {value!s:.100}.",
        )


def _check_issuers(root: Element, entity_id: str) -> None:
    """Raise InvalidIdentityToken when an issuer is told in the clear and is another. It can only refuse."""
    for path in ("Issuer", f"Assertion/{saml('Issuer')}"):
        for issuer in root.iterfind(saml(path)):
            if text_of(issuer).strip() != entity_id:
                raise _other_issuer()


def _other_issuer() -> InvalidIdentityToken:
    return InvalidIdentityToken("Issuer not present in specified provider")


def _signed_assertion(root: Element, trust: Trust) -> Element:
    """Return the response's assertion, made from signed bytes, or raise XmlRefused.

    1. There is one assertion in the document, encrypted or not, and it is the response's child.
    2. Signatures are only the response's and the assertion's own, one each (`saml_signature.check_places`).
    3. Every signature that there is holds (`saml_signature.verified`); what is read on is what it signed.
    4. There is a signature, of the response, or of the assertion, or of both.
    5. An encrypted assertion decrypts to one assertion, to which 2 and 3 apply. A provider that requires encryption has
       no other. Every failure is told in the same words, so that nobody learns from them what decrypted.
    """
    found = assertions(root)
    if len(found) != 1 or found[0].getparent() is not root:  # 1
        raise XmlRefused("there is not exactly one assertion")
    check_places(root, (root, found[0]) if found[0].tag == saml("Assertion") else (root,))  # 2
    signed = is_signed(root)
    if signed:
        root = verified(root, root, trust.certificates)  # 3
    assertion = assertions(root)[0]
    if assertion.tag == saml("EncryptedAssertion"):
        root = assertion = read_xml(
            decrypted(assertion, trust.private_keys), largest=limits.SAML_RESPONSE_BYTES
        )  # 5
        if root.tag != saml("Assertion") or assertions(root) != [root]:
            raise XmlRefused("what is encrypted is not one assertion")
        check_places(root, (root,))  # 2
    elif trust.encrypted_only:  # 5
        raise XmlRefused("the provider requires encrypted assertions")
    if is_signed(assertion):
        return verified(root, assertion, trust.certificates)  # 3
    if not signed:  # 4
        raise XmlRefused("neither the response nor the assertion is signed")
    return assertion


def _check_times(assertion: Assertion, wall: int) -> None:
    if wall - assertion.issued > limits.SAML_REDEEM_SECONDS:
        raise ExpiredIdentityToken("Token must be redeemed within 5 minutes of issuance")
    ends = [window.ends for window in assertion.windows] + [assertion.session_end]
    if any(end is not None and wall >= end for end in ends):
        raise ExpiredIdentityToken("The SAML assertion has expired.")
    begins = [window.begins for window in assertion.windows] + [assertion.issued]
    if any(begin is not None and wall + limits.SAML_SKEW_SECONDS < begin for begin in begins):
        raise InvalidIdentityToken(
            "The SAML assertion is not yet valid.", hint="Compare the provider's clock with this server's."
        )


def _check_addressee(root: Element, assertion: Assertion, trust: Trust) -> None:
    destination = root.get("Destination")
    if not _is_here(assertion.recipient, trust) or (destination and not _is_here(destination, trust)):
        raise InvalidIdentityToken(
            "Response does not contain the required recipient.",
            hint="Recipient and Destination are https://signin.aws.amazon.com/saml or this server's own /saml.",
        )
    met = [
        any(audience == _AWS_AUDIENCE or _is_here(audience, trust) for audience in restriction)
        for restriction in assertion.audiences
    ]
    if not met or not all(met):
        raise InvalidIdentityToken("Response does not contain the required audience.")


def _is_here(url: str, trust: Trust) -> bool:
    """Tell whether `url` is where AWS's sign-in or this server takes responses, of this provider if it names one."""
    found = _SIGN_IN.fullmatch(url)
    if found is not None:
        return found[1] in (None, trust.provider_id)
    return url.removesuffix(f"/acs/{trust.provider_id}") in trust.own_urls


def _invalid(problem: object) -> InvalidIdentityToken:
    return InvalidIdentityToken("Your request included an invalid SAML response.", hint=_hint(problem))


def _hint(problem: object) -> str:
    return f"The SAML response was refused: {problem}."
