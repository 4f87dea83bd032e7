"""What must hold of a SAML response; tests carry the numbers of `verify_response` and of `read_assertion`."""

from __future__ import annotations

from typing import Any

import pytest

from saml_documents import (
    AWS,
    BEARER,
    ENTITY,
    NOW,
    PERSISTENT,
    PROVIDER,
    ROLE,
    SIGN_IN,
    assertion,
    encoded,
    instant,
    response,
    signed_response,
    signer,
    trust,
)
from vestry.credentials.saml import verify_response
from vestry.credentials.saml_assertion import Assertion, Window
from vestry.errors import ExpiredIdentityToken, Fault, IdentityProviderRefused, InvalidIdentityToken

INVALID = "Your request included an invalid SAML response."
OWN = "https://iam.example.com/saml"
ID = "SAMLPROVIDER0000000000001"


def verify(text: str, wall: int = NOW, **known: Any) -> Assertion:
    return verify_response(text, trust(**known), wall)


def refused(
    text: str, message: str, kind: type[Fault] = InvalidIdentityToken, wall: int = NOW, **known: Any
) -> Fault:
    with pytest.raises(kind) as caught:
        verify(text, wall, **known)
    assert caught.value.message == message
    return caught.value


def test_everything_that_is_asked_for_is_read() -> None:
    assert verify(signed_response(session=f'SessionNotOnOrAfter="{instant(NOW + 7200)}"')) == Assertion(
        id="_assertion1",
        issuer=ENTITY,
        issued=NOW,
        name="alice@example.com",
        name_format=PERSISTENT,
        recipient=SIGN_IN,
        windows=(Window(NOW - 30, NOW + 3600), Window(None, NOW + 300)),
        audiences=(frozenset({"urn:amazon:webservices"}),),
        session_end=NOW + 7200,
        attributes={f"{AWS}Role": (f"{ROLE},{PROVIDER}",), f"{AWS}RoleSessionName": ("alice",)},
    )


# ── 1 and 2: a response, of success ──────────────────────────────────────────────────────────────────────────────
def test_1_base64_may_be_broken_into_lines() -> None:
    text = signed_response()
    assert verify("\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\n").name


@pytest.mark.parametrize(
    "text",
    [
        "!!!!",
        "AAA",
        signed_response()[:-6] + "=====",
        encoded("<a>"),
        signed_response()[:40] + "!" + signed_response()[40:],
        encoded(""),
        encoded("x" * 75_000),
        "é" * 8,
    ],
)
def test_1_what_is_no_base64_of_xml_is_refused(text: str) -> None:
    refused(text, "Invalid base64 SAMLResponse")


def test_1_a_response_is_at_most_as_large_as_the_api_takes() -> None:
    refused(encoded(response(assertion(), extra=" " * 75_000)), "Invalid base64 SAMLResponse")


@pytest.mark.parametrize(
    "text",
    [
        signer().sign(assertion()),
        response(signer().sign(assertion())).replace(":Response", ":ArtifactResponse"),
        response(signer().sign(assertion())).replace('Version="2.0"', 'Version="1.1"', 1),
        response(signer().sign(assertion())).replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
    ],
    ids=["a bare assertion", "another message", "another version", "another protocol"],
)
def test_1_what_is_no_response_is_refused(text: str) -> None:
    refused(encoded(text), INVALID)


@pytest.mark.parametrize("status", ["Requester", "Responder", "AuthnFailed", "success"])
def test_2_a_provider_that_did_not_sign_in_is_told(status: str) -> None:
    text = encoded(response("", status=f"urn:oasis:names:tc:SAML:2.0:status:{status}"))
    fault = refused(
        text, "The identity provider reported that authentication failed.", IdentityProviderRefused
    )
    assert (fault.code, fault.status) == ("IDPRejectedClaim", 403)
    assert status in fault.hint


def test_2_a_response_without_a_status_is_refused() -> None:
    text = response(signer().sign(assertion())).replace("samlp:Status", "samlp:State")
    refused(
        encoded(text), "The identity provider reported that authentication failed.", IdentityProviderRefused
    )


# ── 3: the provider ──────────────────────────────────────────────────────────────────────────────────────────────
def test_3_metadata_that_has_ended_vouches_for_nobody() -> None:
    assert verify(signed_response(), valid_until=NOW + 1).name
    assert "metadata" in refused(signed_response(), "Response signature invalid", valid_until=NOW).hint


def test_3_another_issuer_of_the_response_is_refused() -> None:
    text = response(signer().sign(assertion()), issuer="https://other.example.com")
    refused(encoded(text), "Issuer not present in specified provider")


def test_3_another_issuer_of_the_assertion_is_refused() -> None:
    refused(signed_response(issuer=f"{ENTITY}/"), "Issuer not present in specified provider")


def test_3_a_response_needs_no_issuer() -> None:
    text = response(signer().sign(assertion())).replace(f"<saml:Issuer>{ENTITY}</saml:Issuer>", "", 1)
    assert verify(encoded(text)).issuer == ENTITY


# ── 5: the form of an assertion ──────────────────────────────────────────────────────────────────────────────────
DATA = f'<saml:SubjectConfirmationData NotOnOrAfter="{instant(NOW + 300)}" Recipient="{SIGN_IN}"/>'
FORMS: list[tuple[str, str, str]] = [
    ("read 1: another version", 'Version="2.0"', 'Version="1.1"'),
    ("read 1: no time of issue", "IssueInstant=", "Issue="),
    ("read 1: a time of issue that is none", f'IssueInstant="{instant(NOW)}"', 'IssueInstant="now"'),
    ("read 1: an id that is too long", "_assertion1", "_" * 1025),
    ("read 2: no issuer", "saml:Issuer>", "saml:Issued>"),
    ("read 2: two issuers", "<saml:Subject>", f"<saml:Issuer>{ENTITY}</saml:Issuer><saml:Subject>"),
    ("read 2: no subject", "saml:Subject>", "saml:Object>"),
    ("read 2: two subjects", "<saml:Conditions", "<saml:Subject/><saml:Conditions"),
    ("read 2: no conditions", "saml:Conditions", "saml:Terms"),
    ("read 2: conditions twice", "<saml:AuthnStatement", "<saml:Conditions/><saml:AuthnStatement"),
    (
        "read 3: two names",
        "<saml:SubjectConfirmation ",
        "<saml:NameID>admin</saml:NameID><saml:SubjectConfirmation ",
    ),
    ("read 3: not a bearer", BEARER, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
    ("read 3: no confirmation", "<saml:NameID", "</saml:Subject><saml:Object><saml:NameID"),
    ("read 3: no data", "saml:SubjectConfirmationData", "saml:Data"),
    ("read 3: data twice", DATA, DATA + DATA),
    (
        "read 3: two confirmations",
        "<saml:SubjectConfirmation ",
        f'<saml:SubjectConfirmation Method="{BEARER}">{DATA}</saml:SubjectConfirmation><saml:SubjectConfirmation ',
    ),
    ("read 3: no recipient", f'Recipient="{SIGN_IN}"', ""),
    ("read 3: an empty recipient", f'Recipient="{SIGN_IN}"', 'Recipient=""'),
    ("read 3: no end", f'NotOnOrAfter="{instant(NOW + 300)}"', ""),
    ("read 3: an end that is no time", f'NotOnOrAfter="{instant(NOW + 300)}"', 'NotOnOrAfter="never"'),
    (
        "read 4: an unknown condition",
        "<saml:AudienceRestriction>",
        "<saml:Condition/><saml:AudienceRestriction>",
    ),
    ("a beginning that is no time", 'NotBefore="', 'NotBefore="x'),
    (
        "a session's end that is no time",
        "<saml:AuthnStatement",
        '<saml:AuthnStatement SessionNotOnOrAfter="x"',
    ),
]


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_5_an_assertion_of_another_form_is_refused(old: str, new: str) -> None:
    text = assertion()
    assert old in text
    if "saml:Object>" in new:
        text = text.replace("</saml:Subject>", "</saml:Object>")
    refused(encoded(response(signer().sign(text.replace(old, new)))), INVALID)


@pytest.mark.parametrize(
    ("place", "tag"),
    [
        ("<saml:SubjectConfirmation ", "EncryptedID"),
        ("<saml:SubjectConfirmationData", "EncryptedID"),
        ("</saml:AttributeStatement>", "EncryptedAttribute"),
    ],
)
def test_5_parts_that_are_encrypted_by_themselves_are_refused_by_name(place: str, tag: str) -> None:
    text = assertion(name=None)
    assert place in text
    text = text.replace(place, f"<saml:{tag}><x/></saml:{tag}>{place}")
    hint = refused(encoded(response(signer().sign(text))), INVALID).hint
    assert tag in hint
    assert "encrypt the whole assertion" in hint


@pytest.mark.parametrize("condition", ["<saml:OneTimeUse/>", '<saml:ProxyRestriction Count="0"/>'])
def test_5_conditions_that_are_understood_are_accepted(condition: str) -> None:
    text = assertion().replace("<saml:AudienceRestriction>", f"{condition}<saml:AudienceRestriction>")
    assert verify(encoded(response(signer().sign(text)))).name


def test_5_an_assertion_without_a_name_is_read_as_such() -> None:
    assert verify(signed_response(name=None)).name is None
    assert verify(signed_response(name="")).name is None


def test_5_the_earliest_end_of_a_session_counts_where_one_is_told() -> None:
    end = f'SessionNotOnOrAfter="{instant(NOW + 900)}"'
    again = f'<saml:AuthnStatement AuthnInstant="{instant(NOW)}" '
    text = assertion(session=f'SessionNotOnOrAfter="{instant(NOW + 1800)}"')
    text = text.replace("<saml:AuthnStatement ", f"{again}{end}/>{again}/><saml:AuthnStatement ")
    assert verify(encoded(response(signer().sign(text)))).session_end == NOW + 900


def test_5_attributes_of_one_name_are_put_together() -> None:
    statement = f'<saml:Attribute Name="{AWS}Role"><saml:AttributeValue>x</saml:AttributeValue><saml:AttributeValue/></saml:Attribute>'
    assert verify(signed_response(statement=statement)).attributes[f"{AWS}Role"] == (
        f"{ROLE},{PROVIDER}",
        "x",
        "",
    )


# ── 6 and 7: times ───────────────────────────────────────────────────────────────────────────────────────────────
REDEEM = "Token must be redeemed within 5 minutes of issuance"
EXPIRED = "The SAML assertion has expired."
EARLY = "The SAML assertion is not yet valid."


def windows(begin: int, end: int, confirmed: int) -> dict[str, str]:
    """Return conditions and a confirmation with those times."""
    return {
        "conditions": f'<saml:Conditions NotBefore="{instant(begin)}" NotOnOrAfter="{instant(end)}"><saml:AudienceRestriction>'
        "<saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
        "confirmation": f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData'
        f' NotOnOrAfter="{instant(confirmed)}" Recipient="{SIGN_IN}"/></saml:SubjectConfirmation>',
    }


WIDE = windows(NOW - 9000, NOW + 9000, NOW + 9000)


def test_6_an_assertion_is_presented_within_five_minutes_of_its_issue() -> None:
    text = signed_response(**WIDE)
    assert verify(text, NOW + 300).name
    fault = refused(text, REDEEM, ExpiredIdentityToken, NOW + 301)
    assert (fault.code, fault.status) == ("ExpiredTokenException", 400)


def test_6_an_assertion_from_the_future_is_refused() -> None:
    text = signed_response(**WIDE)
    assert verify(text, NOW - 60).name
    refused(text, EARLY, wall=NOW - 61)


def test_7_the_ends_are_exclusive() -> None:
    for given in (windows(NOW, NOW + 10, NOW + 900), windows(NOW, NOW + 900, NOW + 10)):
        text = signed_response(**given)
        assert verify(text, NOW + 9).name
        refused(text, EXPIRED, ExpiredIdentityToken, NOW + 10)


def test_7_a_session_that_has_ended_is_refused() -> None:
    text = signed_response(session=f'SessionNotOnOrAfter="{instant(NOW + 10)}"')
    assert verify(text, NOW + 9).session_end == NOW + 10
    refused(text, EXPIRED, ExpiredIdentityToken, NOW + 10)


def test_7_the_beginnings_leave_a_minute_for_clocks() -> None:
    text = signed_response(**windows(NOW + 90, NOW + 900, NOW + 900))
    assert verify(text, NOW + 30).name
    refused(text, EARLY, wall=NOW + 29)
    confirmed = WIDE["confirmation"].replace("NotOnOrAfter", f'NotBefore="{instant(NOW + 90)}" NotOnOrAfter')
    text = signed_response(conditions=WIDE["conditions"], confirmation=confirmed)
    assert verify(text, NOW + 30).name
    refused(text, EARLY, wall=NOW + 29)


# ── 8 and 9: for whom ────────────────────────────────────────────────────────────────────────────────────────────
PLACES = [
    "https://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com/static/saml",
    "https://eu-west-1.signin.aws.amazon.com/saml",
    "https://us-west-2.signin.aws.amazon.com/saml/acs/SAMLPROVIDER0000000000001",
    "https://signin.amazonaws.cn/saml",
    "https://signin.amazonaws-us-gov.com/saml",
    OWN,
    f"{OWN}/acs/{ID}",
]
ELSEWHERE = [
    "https://signin.aws.amazon.com/saml/",
    "http://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com.example.com/saml",
    "https://example.com/https://signin.aws.amazon.com/saml",
    "https://evil.example.com/.signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com/saml?x",
    "https://us-west-2.signin.aws.amazon.com/saml/acs/SAMLPROVIDER0000000000002",
    f"{OWN}/acs/SAMLPROVIDER0000000000002",
    f"{OWN}x",
    "https://other.example.com/saml",
]


@pytest.mark.parametrize("url", PLACES)
def test_8_and_9_it_may_be_for_aws_or_for_this_server(url: str) -> None:
    own = frozenset((OWN,))
    assert verify(signed_response(recipient=url, audience=url), own_urls=own).recipient == url
    text = response(signer().sign(assertion()), destination=url)
    assert verify(encoded(text), own_urls=own).name


@pytest.mark.parametrize("url", ELSEWHERE)
def test_8_and_9_it_may_not_be_for_somebody_else(url: str) -> None:
    own = frozenset((OWN,))
    refused(signed_response(recipient=url), "Response does not contain the required recipient.", own_urls=own)
    refused(signed_response(audience=url), "Response does not contain the required audience.", own_urls=own)
    text = encoded(response(signer().sign(assertion()), destination=url))
    refused(text, "Response does not contain the required recipient.", own_urls=own)


def test_8_this_servers_own_place_is_unknown_unless_it_is_told() -> None:
    refused(signed_response(recipient=OWN), "Response does not contain the required recipient.")


def test_8_a_response_needs_no_destination() -> None:
    assert verify(encoded(response(signer().sign(assertion()), destination=""))).name


def test_9_an_assertion_without_an_audience_is_refused() -> None:
    refused(signed_response(audience=None), "Response does not contain the required audience.")


def test_9_every_restriction_must_be_met_by_one_of_its_audiences() -> None:
    restriction = "<saml:AudienceRestriction>%s</saml:AudienceRestriction>"
    good, bad = (f"<saml:Audience>{name}</saml:Audience>" for name in ("urn:amazon:webservices", "urn:x"))
    for inner, fine in ((restriction % (bad + good), True), (restriction % good + restriction % bad, False)):
        text = signed_response(conditions=f"<saml:Conditions>{inner}</saml:Conditions>")
        if fine:
            assert verify(text).name
        else:
            refused(text, "Response does not contain the required audience.")
