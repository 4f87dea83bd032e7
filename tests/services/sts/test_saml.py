"""AssumeRoleWithSAML, the whole way over real sockets: what an assertion gives, and whose is believed for which role."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import pytest

from places import Place, allowed, document, statement, trusting
from saml_documents import (
    ENTITY,
    PERSISTENT,
    SIGN_IN,
    encoded,
    instant,
    metadata,
    response,
    signer,
)
from saml_federation import DENIED, INVALID, SAML, Federation, now
from serving import serving


def seconds(answer: dict[str, Any]) -> int:
    """Return how long the credentials last, from now."""
    return round(answer["Credentials"]["Expiration"].timestamp() - time.time())


@pytest.fixture
def federation(place: Place) -> Federation:
    return Federation(place)


# ── The answer ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_assertion_gives_credentials_of_the_role(federation: Federation) -> None:
    role = federation.role()
    answer = federation.assume(role)
    number = federation.place.number
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{number}:assumed-role/work/alice"
    assert (answer["Subject"], answer["SubjectType"]) == ("alice@example.com", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == (ENTITY, SIGN_IN)
    qualified = f"{ENTITY}{number}/Corp".encode()
    assert (
        answer["NameQualifier"]
        == base64.b64encode(hashlib.sha1(qualified, usedforsecurity=False).digest()).decode()
    )
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    assert 3595 <= seconds(answer) <= 3600
    sts = federation.place.client("sts", answer["Credentials"])
    assert sts.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        (PERSISTENT, "persistent"),
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient"),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        ),
        ("", None),
    ],
)
def test_the_subjects_type_is_shortened_where_aws_does(
    federation: Federation, told: str, answered: str | None
) -> None:
    role = federation.role()
    assert federation.assume(role, federation.response(role, name_format=told)).get("SubjectType") == answered


def test_the_credentials_do_what_the_role_may(federation: Federation) -> None:
    role = federation.role()
    iam = federation.place.client("iam", federation.assume(role)["Credentials"])
    assert not allowed(iam.list_roles)
    may = document(statement("Allow", "iam:ListRoles"))
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=may)
    assert allowed(iam.list_roles)


def test_session_policies_narrow_it(federation: Federation) -> None:
    role = federation.role()
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    managed = federation.place.policy("listing", document(statement("Allow", "iam:ListRoles")))
    answer = federation.assume(
        role, Policy=document(statement("Allow", "iam:ListUsers")), PolicyArns=[{"arn": managed}]
    )
    assert answer["PackedPolicySize"] > 0
    iam = federation.place.client("iam", answer["Credentials"])
    assert [allowed(call) for call in (iam.list_roles, iam.list_users, iam.list_policies)] == [
        True,
        True,
        False,
    ]
    assert federation.refused(role, Policy="{")[1] == "MalformedPolicyDocument"
    assert federation.refused(role, PolicyArns=[{"arn": managed + "x"}])[1] == "NoSuchEntity"


def test_the_answer_is_the_same_whoever_signs_the_request(federation: Federation) -> None:
    """A signature on the request proves nothing here and is not looked at."""
    role = federation.role()
    answer = federation.place.sts.assume_role_with_saml(**federation.asking(role))
    assert answer["Subject"] == "alice@example.com"


# ── Who vouches ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_provider_that_does_not_exist_vouches_for_nobody(federation: Federation) -> None:
    role = federation.role()
    expected = (400, "InvalidIdentityToken", "Specified provider doesn't exist.")
    for arn in (
        federation.place.arn("saml-provider/corp"),
        "arn:aws:iam::000000000001:saml-provider/Corp",
        "x" * 20,
    ):
        assert federation.refused(role, PrincipalArn=arn) == expected
    federation.place.iam.delete_saml_provider(SAMLProviderArn=federation.provider)
    assert federation.refused(role) == expected


def test_another_key_vouches_for_nobody_until_it_is_in_the_metadata(federation: Federation) -> None:
    role = federation.role()
    text = federation.response(role, by=signer("other"))
    assert federation.refused(role, text) == (400, "InvalidIdentityToken", "Response signature invalid")
    both = metadata(signer(), signer("other"))
    federation.place.iam.update_saml_provider(SAMLProviderArn=federation.provider, SAMLMetadataDocument=both)
    assert federation.assume(role, text)["Subject"]
    assert federation.assume(role)["Subject"]


def test_another_entity_is_not_the_provider(federation: Federation) -> None:
    role = federation.role()
    text = federation.response(role, issuer="https://other.example.com")
    expected = (400, "InvalidIdentityToken", "Issuer not present in specified provider")
    assert federation.refused(role, text) == expected


def test_metadata_ends(federation: Federation) -> None:
    role = federation.role()
    soon = metadata(root=f'validUntil="{instant(now() + 2)}"')
    federation.place.iam.update_saml_provider(SAMLProviderArn=federation.provider, SAMLMetadataDocument=soon)
    text = federation.response(role)
    time.sleep(2.1)
    assert federation.refused(role, text) == (400, "InvalidIdentityToken", "Response signature invalid")


FAULTS = [
    ("what is no base64", {"text": "!!!!"}, (400, "InvalidIdentityToken", "Invalid base64 SAMLResponse")),
    (
        "too old",
        {"issued": -301},
        (400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"),
    ),
    (
        "from the future",
        {"issued": 90},
        (400, "InvalidIdentityToken", "The SAML assertion is not yet valid."),
    ),
    (
        "another audience",
        {"audience": "urn:x"},
        (400, "InvalidIdentityToken", "Response does not contain the required audience."),
    ),
    (
        "another recipient",
        {"recipient": "https://x.example"},
        (400, "InvalidIdentityToken", "Response does not contain the required recipient."),
    ),
    (
        "a condition that is not understood",
        {"conditions": "<saml:Conditions><x/></saml:Conditions>"},
        (400, "InvalidIdentityToken", INVALID),
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_what_is_refused_is_told_in_awss_words(
    federation: Federation, change: dict[str, Any], expected: Any
) -> None:
    role = federation.role()
    if "issued" in change:
        change = {"issued": now() + change["issued"]}
    text = change["text"] if "text" in change else federation.response(role, **change)
    assert federation.refused(role, text) == expected


def test_a_provider_that_did_not_sign_in_is_repeated(federation: Federation) -> None:
    role = federation.role()
    text = encoded(response("", status="urn:oasis:names:tc:SAML:2.0:status:Responder"))
    assert federation.refused(role, text)[:2] == (403, "IDPRejectedClaim")


def test_this_servers_own_place_is_a_recipient(federation: Federation) -> None:
    role, own = federation.role(), f"{federation.place.server.endpoint}/saml"
    identifier = federation.place.iam.get_saml_provider(SAMLProviderArn=federation.provider)[
        "SAMLProviderUUID"
    ]
    for url in (own, f"{own}/acs/{identifier}", f"https://signin.aws.amazon.com/saml/acs/{identifier}"):
        answer = federation.assume(role, federation.response(role, recipient=url, audience=url))
        assert answer["Audience"] == url
    assert federation.refused(role, federation.response(role, recipient=f"{own}/acs/{'A' * 26}"))[0] == 400


def test_the_public_url_is_what_the_own_place_is_called(tmp_path: Any) -> None:
    with serving(tmp_path / "data", public_url="https://iam.example.com") as server:
        federation = Federation(Place(server))
        role = federation.role()
        text = federation.response(role, recipient="https://iam.example.com/saml")
        assert federation.assume(role, text)["Audience"] == "https://iam.example.com/saml"
        text = federation.response(role, recipient=f"{server.endpoint}/saml")
        assert federation.refused(role, text)[1] == "InvalidIdentityToken"


# ── Which role ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_pair_of_role_and_provider_is_in_the_assertion(federation: Federation) -> None:
    role, other = federation.role("work"), federation.role("other")
    for pair in (
        f"{role},{federation.provider}",
        f"{federation.provider},{role}",
        f" {role} , {federation.provider}\n",
    ):
        assert federation.accepts_with(role, Role=["x", pair])
        assert not federation.accepts_with(other, Role=[pair])
    for pair in (
        f"{role},{federation.provider}x",
        f"{role}",
        f"{role},{other}",
        f"{role.replace('work', 'Work')},{federation.provider}",
        f"{role},{federation.provider},{federation.provider}",
    ):
        assert not federation.accepts_with(role, Role=[pair, f"{other},{federation.provider}"])


def test_of_several_pairs_any_may_be_chosen(federation: Federation) -> None:
    first, second = federation.role("one"), federation.role("two")
    pairs = [f"{role},{federation.provider}" for role in (first, second)]
    assert federation.accepts_with(first, Role=pairs)
    assert federation.accepts_with(second, Role=pairs)


@pytest.mark.parametrize("values", [None, [], ["nothing"], ["one,two"]])
def test_an_assertion_without_roles_is_refused(federation: Federation, values: list[str] | None) -> None:
    role = federation.role()
    text = federation.response(role, federation.attributes(role, Role=values))
    assert federation.refused(role, text) == (400, "InvalidIdentityToken", INVALID)


def test_a_name_is_needed(federation: Federation) -> None:
    role = federation.role()
    assert federation.refused(role, federation.response(role, name=None)) == DENIED


def test_a_role_that_does_not_exist_or_does_not_trust_is_denied_alike(federation: Federation) -> None:
    missing = federation.place.arn("role/missing")
    closed = federation.place.role("closed")
    web = federation.role("web", "sts:AssumeRoleWithWebIdentity")
    for role in (missing, closed, web):
        assert federation.refused(role) == DENIED
    assert federation.refused("arn:aws:iam::123456789012:user/somebody", "x" * 8)[1] == "ValidationError"


def test_a_role_of_another_account_is_denied(federation: Federation) -> None:
    elsewhere = Place(federation.place.server)
    role = elsewhere.role("work", trusting({"Federated": "arn:aws:iam::000000000001:saml-provider/x"}, SAML))
    assert federation.refused(role) == DENIED


def test_a_role_of_another_account_is_denied_though_it_trusts_the_provider(federation: Federation) -> None:
    elsewhere = Place(federation.place.server)
    role = elsewhere.role("work", trusting({"Federated": federation.provider}, SAML))
    assert federation.refused(role) == DENIED


def test_roles_of_awss_own_sign_on_are_denied(federation: Federation) -> None:
    assert federation.refused(federation.role("AWSReservedSSO_Admin_0123456789abcdef")) == DENIED
