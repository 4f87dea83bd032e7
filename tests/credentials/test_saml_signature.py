"""XML signatures of SAML: every way of having something else believed than what was signed.

Tests carry the numbers of `saml_signature` and `saml._signed_assertion`. Each document is signed with a good key, over a
SignedInfo that says what the case is about, so that only the rule can refuse it; the hint says that it was the rule.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hmac import HMAC
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from saml_documents import (
    EXCLUSIVE,
    NOW,
    Signer,
    assertion,
    encoded,
    instant,
    response,
    signed_response,
    signer,
    trust,
)
from vestry.credentials.saml import verify_response
from vestry.credentials.saml_assertion import Assertion
from vestry.errors import InvalidIdentityToken

DSIG = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
Edit = Callable[[str], str]


def verify(text: str, *signers: Signer) -> Assertion:
    return verify_response(text, trust(*signers), NOW)


def refused(text: str, why: str, *signers: Signer) -> None:
    with pytest.raises(InvalidIdentityToken) as caught:
        verify(text, *signers)
    assert caught.value.message == "Response signature invalid"
    assert why in caught.value.hint


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def hand_signed(
    xml: str, edit: Edit = str, inside: str = "", value: Callable[[bytes], bytes] | None = None
) -> str:
    """Return the document with its root signed by hand: `edit` changes SignedInfo before it is signed."""
    root = etree.fromstring(xml.encode())
    digest = base64.b64encode(hashlib.sha256(canonical(root)).digest()).decode()
    information = (
        f'<ds:SignedInfo xmlns:ds="{DSIG}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
        f'<ds:Reference URI="#{root.get("ID")}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{DSIG}enveloped-signature"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    changed = edit(information)
    assert edit is str or changed != information, "the case changes nothing"
    covered = canonical(etree.fromstring(changed.encode()))
    made = signer().key.sign(covered, PKCS1v15(), hashes.SHA256()) if value is None else value(covered)  # type: ignore[call-arg,arg-type]
    signature = (
        f'<ds:Signature xmlns:ds="{DSIG}">{changed}<ds:SignatureValue>{base64.b64encode(made).decode()}'
        f"</ds:SignatureValue>{inside}</ds:Signature>"
    )
    root.insert(1, etree.fromstring(signature.encode()))
    return etree.tostring(root).decode()


def replaced(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new)


# ── What is accepted ─────────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_signed_by_hand_verifies() -> None:
    assert verify(encoded(response(hand_signed(assertion())))).name == "alice@example.com"


def test_the_assertion_may_be_signed() -> None:
    assert verify(signed_response()).name == "alice@example.com"


def test_the_response_may_be_signed() -> None:
    assert verify(encoded(signer().sign(response(assertion())))).name == "alice@example.com"


def test_both_may_be_signed() -> None:
    inner = signer().sign(assertion())
    assert verify(encoded(signer().sign(response(inner)))).name == "alice@example.com"


def test_any_key_of_the_metadata_counts() -> None:
    assert verify(signed_response(signer("other")), signer(), signer("other")).name == "alice@example.com"


@pytest.mark.parametrize(
    ("by", "method", "digest"),
    [
        ("good", SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512),
        ("good", SignatureMethod.RSA_SHA384, DigestAlgorithm.SHA384),
        ("good", SignatureMethod.SHA256_RSA_MGF1, DigestAlgorithm.SHA384),
        ("good", SignatureMethod.SHA384_RSA_MGF1, DigestAlgorithm.SHA384),
        ("good", SignatureMethod.SHA512_RSA_MGF1, DigestAlgorithm.SHA512),
        ("curve", SignatureMethod.ECDSA_SHA256, DigestAlgorithm.SHA256),
        ("curve", SignatureMethod.ECDSA_SHA384, DigestAlgorithm.SHA384),
        ("curve", SignatureMethod.ECDSA_SHA512, DigestAlgorithm.SHA512),
    ],
)
def test_strong_methods_count(by: str, method: SignatureMethod, digest: DigestAlgorithm) -> None:
    text = encoded(response(signer(by).sign(assertion(), method=method, digest=digest)))
    assert verify(text, signer(by)).name == "alice@example.com"


def test_2_what_a_signature_says_of_its_key_is_not_read() -> None:
    numbers = signer("other").certificate.public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
    told = (
        f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
        f"</ds:RSAKeyValue></ds:KeyValue><ds:X509Data><ds:X509Certificate>{signer('other').der}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo>"
    )
    assert verify(encoded(response(hand_signed(assertion(), inside=told)))).name == "alice@example.com"


def test_an_expired_certificate_still_names_the_key() -> None:
    old = Signer(signer().key, days=1)
    assert verify(encoded(response(old.sign(assertion()))), old).name == "alice@example.com"


def test_a_prefix_list_is_part_of_canonicalization() -> None:
    prefixes = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="ds"/>'
    text = hand_signed(
        assertion(), replaced(f'"{EXCLUSIVE}"/></ds:Tr', f'"{EXCLUSIVE}">{prefixes}</ds:Transform></ds:Tr')
    )
    assert verify(encoded(response(text))).name == "alice@example.com"


# ── Who signed ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_4_nothing_signed_is_refused() -> None:
    refused(encoded(response(assertion())), "neither the response nor the assertion is signed")


def test_2_a_signature_by_somebody_else_is_refused_though_it_brings_its_certificate() -> None:
    refused(signed_response(signer("other")), "does not verify with a key of the provider")


@pytest.mark.parametrize("outer", [True, False], ids=["the response's", "the assertion's"])
def test_3_where_both_are_signed_both_must_hold(outer: bool) -> None:
    first, second = (signer(), signer("other")) if outer else (signer("other"), signer())
    refused(encoded(second.sign(response(first.sign(assertion())))), "does not verify")


@pytest.mark.parametrize("part", ["SignatureValue", "DigestValue"])
@pytest.mark.parametrize("content", ["", "AAAA", "!", "QUJD" * 86])
def test_2_a_broken_signature_is_refused(part: str, content: str) -> None:
    def edit(text: str) -> str:
        start, end = text.index(f"<ds:{part}>") + len(part) + 5, text.index(f"</ds:{part}>")
        return text[:start] + content + text[end:]

    refused(signed_response(edit=edit), "does not verify")


CHANGED = [
    ("the name", "alice@example.com", "admin@example.com"),
    ("a role", "role/Reader", "role/Admins"),
    ("the audience", "urn:amazon:webservices", "urn:amazon:webservice"),
    ("the times", instant(NOW + 300), instant(NOW + 400)),
    ("the id", "_assertion1", "_assertion2"),
]


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in CHANGED], ids=[row[0] for row in CHANGED])
def test_2_what_was_changed_after_signing_is_refused(old: str, new: str) -> None:
    refused(signed_response(edit=replaced(old, new)), "does not verify")


# ── Weak algorithms ──────────────────────────────────────────────────────────────────────────────────────────────
WEAK = [
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
    "none",
    "",
]


@pytest.mark.parametrize("method", WEAK)
def test_form_4_a_weak_method_is_refused(method: str) -> None:
    edit = replaced("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", method)
    refused(encoded(response(hand_signed(assertion(), edit))), "the method of signature is not accepted")


def test_form_4_a_real_signature_with_sha1_is_refused() -> None:
    text = signer().sign(assertion(), method=SignatureMethod.RSA_SHA1, weak=True)
    refused(encoded(response(text)), "the method of signature is not accepted")


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_form_4_a_mac_keyed_with_the_public_key_is_refused(encoding: serialization.Encoding) -> None:
    public = (
        signer()
        .certificate.public_key()
        .public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    def mac(covered: bytes) -> bytes:
        maker = HMAC(public, hashes.SHA256())
        maker.update(covered)
        return maker.finalize()

    edit = replaced("#rsa-sha256", "#hmac-sha256")
    refused(
        encoded(response(hand_signed(assertion(), edit, value=mac))),
        "the method of signature is not accepted",
    )


@pytest.mark.parametrize(
    "digest",
    [
        f"{DSIG}sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "",
    ],
)
def test_form_4_a_weak_digest_is_refused(digest: str) -> None:
    edit = replaced("http://www.w3.org/2001/04/xmlenc#sha256", digest)
    refused(encoded(response(hand_signed(assertion(), edit))), "the digest is not accepted")


def test_form_4_a_real_digest_with_sha1_is_refused() -> None:
    text = signer().sign(assertion(), digest=DigestAlgorithm.SHA1, weak=True)
    refused(encoded(response(text)), "the digest is not accepted")


# ── References and transforms ────────────────────────────────────────────────────────────────────────────────────
ENVELOPED = f'<ds:Transform Algorithm="{DSIG}enveloped-signature"/>'
EXCLUDED = f'<ds:Transform Algorithm="{EXCLUSIVE}"/>'
BOTH = f"{ENVELOPED}{EXCLUDED}"
XPATH = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(self::*)</ds:XPath></ds:Transform>'
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'

PREFIX_LIST = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="ds"/>'
FORMS = [
    ("5: the whole document", 'URI="#_assertion1"', 'URI=""', "refers to something else"),
    ("5: nothing", 'URI="#_assertion1"', "", "refers to something else"),
    ("5: another element", 'URI="#_assertion1"', 'URI="#_response1"', "refers to something else"),
    (
        "5: an XPointer",
        'URI="#_assertion1"',
        "URI=\"#xpointer(id('_assertion1'))\"",
        "refers to something else",
    ),
    ("5: a file", 'URI="#_assertion1"', 'URI="file:///etc/passwd"', "refers to something else"),
    ("5: a page", 'URI="#_assertion1"', 'URI="http://127.0.0.1:9/a.xml"', "refers to something else"),
    ("5: two marks", 'URI="#_assertion1"', 'URI="##_assertion1"', "refers to something else"),
    (
        "2: two references",
        "</ds:Reference>",
        "</ds:Reference><ds:Reference URI='#_assertion1'/>",
        "not of one reference",
    ),
    ("2: a reference that is no more", "ds:Reference", "ds:Manifest", "not of one reference"),
    ("6: XPath", BOTH, f"{ENVELOPED}{XPATH}{EXCLUDED}", "transforms that are not accepted"),
    ("6: XSLT", BOTH, f"{ENVELOPED}{XSLT}", "transforms that are not accepted"),
    (
        "6: base64",
        BOTH,
        f'{ENVELOPED}<ds:Transform Algorithm="{DSIG}base64"/>',
        "transforms that are not accepted",
    ),
    ("6: only the envelope", BOTH, ENVELOPED, "transforms that are not accepted"),
    ("6: only canonicalization", BOTH, EXCLUDED, "transforms that are not accepted"),
    ("6: the other way round", BOTH, EXCLUDED + ENVELOPED, "transforms that are not accepted"),
    ("6: one of them twice", BOTH, BOTH + EXCLUDED, "transforms that are not accepted"),
    (
        "6: with comments",
        BOTH,
        f'{ENVELOPED}<ds:Transform Algorithm="{EXCLUSIVE}WithComments"/>',
        "transforms that are not accepted",
    ),
    (
        "6: inclusive",
        BOTH,
        f'{ENVELOPED}<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>',
        "transforms that are not accepted",
    ),
    ("6: none", f"<ds:Transforms>{BOTH}</ds:Transforms>", "", "parts that do not belong"),
    (
        "6: a transform with something in it",
        ENVELOPED,
        f'<ds:Transform Algorithm="{DSIG}enveloped-signature"><x/></ds:Transform>',
        "transforms that are not accepted",
    ),
    (
        "6: another thing in canonicalization",
        EXCLUDED,
        f'<ds:Transform Algorithm="{EXCLUSIVE}"><x/></ds:Transform>',
        "parts that do not belong",
    ),
    (
        "3: canonicalization with comments",
        f'Method Algorithm="{EXCLUSIVE}"',
        f'Method Algorithm="{EXCLUSIVE}WithComments"',
        "the canonicalization is not accepted",
    ),
    (
        "3: inclusive canonicalization",
        f'Method Algorithm="{EXCLUSIVE}"',
        'Method Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
        "the canonicalization is not accepted",
    ),
    (
        "3: canonicalization with two things in it",
        f'Method Algorithm="{EXCLUSIVE}"/>',
        f'Method Algorithm="{EXCLUSIVE}">{2 * PREFIX_LIST}</ds:CanonicalizationMethod>',
        "the canonicalization is not accepted",
    ),
    (
        "4: a digest with something in it",
        'xmlenc#sha256"/>',
        'xmlenc#sha256"><x/></ds:DigestMethod>',
        "the digest is not accepted",
    ),
    (
        "4: a method with something in it",
        '#rsa-sha256"/>',
        '#rsa-sha256"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>',
        "the method of signature is not accepted",
    ),
]


@pytest.mark.parametrize(("old", "new", "why"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_form(old: str, new: str, why: str) -> None:
    refused(encoded(response(hand_signed(assertion(), replaced(old, new)))), why)


@pytest.mark.parametrize(
    "inside", ["<ds:Object/>", "<ds:KeyInfo/><ds:Object><x/></ds:Object>", "<ds:KeyInfo/><ds:KeyInfo/>"]
)
def test_form_1_a_signature_with_further_parts_is_refused(inside: str) -> None:
    refused(
        encoded(response(hand_signed(assertion(), inside=inside))),
        "the signature has parts that do not belong",
    )


def test_form_5_an_element_without_an_id_cannot_be_signed() -> None:
    text = hand_signed(assertion().replace('ID="_assertion1" ', ""), replaced("#None", "#"))
    refused(encoded(response(text)), "refers to something else")


# ── Where signatures are ─────────────────────────────────────────────────────────────────────────────────────────
def signature_of(xml: str) -> str:
    return etree.tostring(next(etree.fromstring(xml.encode()).iter(f"{{{DSIG}}}Signature"))).decode()


def test_places_2_two_signatures_of_one_element_are_refused() -> None:
    signed = signer().sign(assertion())
    again = signed.replace("</saml:Assertion>", f"{signature_of(signed)}</saml:Assertion>")
    refused(encoded(response(again)), "several signatures")


@pytest.mark.parametrize("place", ["<saml:AttributeStatement>", "<saml:Subject>", "<saml:AttributeValue>"])
def test_places_1_a_signature_further_in_is_refused(place: str) -> None:
    signed = signer().sign(assertion())
    elsewhere = signed.replace(place, place + signature_of(signed))
    refused(encoded(response(elsewhere)), "a signature is where none belongs")


def test_places_1_a_signature_beside_the_assertion_in_another_element_is_refused() -> None:
    signed = signer().sign(assertion())
    extra = f"<samlp:Extensions>{signature_of(signed)}</samlp:Extensions>"
    refused(encoded(response(signed, extra=extra)), "a signature is where none belongs")


def test_places_1_a_detached_signature_is_refused() -> None:
    signed = signer().sign(assertion())
    refused(encoded(response(assertion(), extra=signature_of(signed))), "refers to something else")


@pytest.mark.parametrize("name", ["ID", "Id", "id", "xml:id"])
def test_places_3_an_id_that_names_two_elements_is_refused(name: str) -> None:
    edit = replaced("<samlp:Status>", f'<samlp:Status {name}="_assertion1">')
    refused(signed_response(edit=edit), "several elements have the same id")


# ── Wrapping ─────────────────────────────────────────────────────────────────────────────────────────────────────
def evil(identifier: str = "_evil") -> str:
    return assertion(identifier=identifier, name="admin@example.com")


def wrapped(case: str) -> str:
    """Return a response that holds a signed assertion and another that is not, arranged as in "On Breaking SAML"."""
    signed = signer().sign(assertion())
    unsigned = etree.tostring(_without_signature(signed)).decode()
    signature = signature_of(signed)
    forged = evil().replace("</saml:Assertion>", "%s</saml:Assertion>")
    arrangements = {
        "the signed one as a sibling, the other first": response(evil() + signed),
        "the signed one as a sibling, the other last": response(signed + evil()),
        "the signed one inside the other": response(forged % signed),
        "the signed one inside the other's signature": response(
            forged % signature.replace("</ds:Signature>", f"<ds:Object>{unsigned}</ds:Object></ds:Signature>")
        ),
        "the other carries the signature of the signed one beside it": response(
            forged % signature + unsigned
        ),
        "the other carries the signature of the signed one inside it": response(
            forged % (signature + unsigned)
        ),
        "the other in an extension": response(signed, extra=f"<samlp:Extensions>{evil()}</samlp:Extensions>"),
        "the signed one in an extension": response(
            evil(), extra=f"<samlp:Extensions>{signed}</samlp:Extensions>"
        ),
        "the signed one in advice": response(forged % f"<saml:Advice>{signed}</saml:Advice>"),
        "a signed response inside another": response(evil(), extra=signer().sign(response(assertion()))),
        "an encrypted one beside the signed one": response(signed + "<saml:EncryptedAssertion/>"),
    }
    return arrangements[case]


def _without_signature(xml: str) -> etree._Element:
    root = etree.fromstring(xml.encode())
    for found in list(root.iter(f"{{{DSIG}}}Signature")):
        root.remove(found)
    return root


CASES = [
    "the signed one as a sibling, the other first",
    "the signed one as a sibling, the other last",
    "the signed one inside the other",
    "the signed one inside the other's signature",
    "the other carries the signature of the signed one beside it",
    "the other carries the signature of the signed one inside it",
    "the other in an extension",
    "the signed one in an extension",
    "the signed one in advice",
    "a signed response inside another",
    "an encrypted one beside the signed one",
]


@pytest.mark.parametrize("case", CASES)
def test_1_wrapping_is_refused(case: str) -> None:
    refused(encoded(wrapped(case)), "there is not exactly one assertion")


def test_1_an_assertion_that_is_not_the_responses_child_is_refused() -> None:
    signed = signer().sign(assertion())
    refused(
        encoded(response(f"<samlp:Extensions>{signed}</samlp:Extensions>")),
        "there is not exactly one assertion",
    )


def test_1_no_assertion_is_refused() -> None:
    refused(encoded(signer().sign(response(""))), "there is not exactly one assertion")


def test_wrapping_with_the_same_id_is_refused() -> None:
    signed = signer().sign(assertion())
    text = response(
        evil("_assertion1").replace("</saml:Assertion>", f"{signature_of(signed)}</saml:Assertion>")
    )
    refused(encoded(text), "does not verify")


# ── Text ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("hidden", ["<!-- -->", "<!---->", "<?x?>"])
@pytest.mark.parametrize("text", ["alice@example.com", "role/Reader", "urn:amazon:webservices"])
def test_text_that_a_comment_cuts_is_refused(hidden: str, text: str) -> None:
    def edit(xml: str) -> str:
        return xml.replace(text, text[:5] + hidden + text[5:])

    with pytest.raises(InvalidIdentityToken) as caught:
        verify(signed_response(edit=edit))
    assert "comments" in caught.value.hint


@pytest.mark.parametrize(
    "doctype", ['<!DOCTYPE r [<!ENTITY x "admin">]>', '<!DOCTYPE r SYSTEM "file:///etc/passwd">']
)
def test_a_document_type_is_refused(doctype: str) -> None:
    with pytest.raises(InvalidIdentityToken) as caught:
        verify(signed_response(edit=lambda xml: doctype + xml))
    assert "document type" in caught.value.hint


def test_other_spellings_of_the_same_text_change_nothing() -> None:
    plain = verify(signed_response())
    assert verify(signed_response(edit=replaced("alice@", "&#97;lice<![CDATA[@]]>"))) == plain
    assert (
        verify(
            signed_response(
                edit=replaced('ID="_assertion1" Version="2.0"', "Version=\"2.0\"  ID='_assertion1'")
            )
        )
        == plain
    )
