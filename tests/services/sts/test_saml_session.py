"""What an assertion says of the session, and of its user to policies."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from typing import Any

import pytest

from places import Place, allowed, document, statement, trusting
from saml_documents import (
    ENTITY,
    SIGN_IN,
    attribute_xml,
    instant,
)
from saml_federation import DENIED, SAML, Federation, now

EDU = "urn:oid:1.3.6.1.4.1.5923.1.1.1."


def seconds(answer: dict[str, Any]) -> int:
    """Return how long the credentials last, from now."""
    return round(answer["Credentials"]["Expiration"].timestamp() - time.time())


@pytest.fixture
def federation(place: Place) -> Federation:
    return Federation(place)


# ── Its attributes ───────────────────────────────────────────────────────────────────────────────────────────────
NAMES = [
    (None, "RoleSessionName is required in AuthnResponse"),
    ([], "RoleSessionName is required in AuthnResponse"),
    (["a"], "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
    (["x" * 65], "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
    (["John Doe"], "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
    (["jöe"], "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
    (["one", "two"], "RoleSessionName in AuthnResponse must have exactly one value"),
]


@pytest.mark.parametrize(("values", "message"), NAMES)
def test_the_session_has_a_name(federation: Federation, values: list[str] | None, message: str) -> None:
    role = federation.role()
    text = federation.response(role, federation.attributes(role, RoleSessionName=values))
    assert federation.refused(role, text) == (400, "InvalidIdentityToken", message)


def test_the_session_is_named_by_the_assertion(federation: Federation) -> None:
    role = federation.role(Condition={"StringLike": {"sts:RoleSessionName": "jane@*"}})
    text = federation.response(role, federation.attributes(role, RoleSessionName=["jane@corp=+,.-_"]))
    assert federation.assume(role, text)["AssumedRoleUser"]["AssumedRoleId"].endswith(":jane@corp=+,.-_")
    assert not federation.accepts(role)


def test_how_long_it_lasts(federation: Federation) -> None:
    role = federation.role()
    federation.place.iam.update_role(RoleName="work", MaxSessionDuration=7200)
    told = {"SessionDuration": ["1800"]}
    session = f'SessionNotOnOrAfter="{instant(now() + 1200)}"'
    assert 3595 <= seconds(federation.assume(role)) <= 3600
    assert 7195 <= seconds(federation.assume(role, DurationSeconds=7200)) <= 7200
    short = federation.response(role, federation.attributes(role, **told))
    assert 1795 <= seconds(federation.assume(role, short, DurationSeconds=7200)) <= 1800
    long = federation.response(role, federation.attributes(role, SessionDuration=["43200"]))
    assert 3595 <= seconds(federation.assume(role, long)) <= 3600
    ending = federation.response(role, federation.attributes(role, **told), session=session)
    assert 1190 <= seconds(federation.assume(role, ending, DurationSeconds=7200)) <= 1200
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert federation.refused(role, DurationSeconds=7201) == (400, "ValidationError", message)
    assert federation.refused(role, DurationSeconds=899)[1] == "ValidationError"


@pytest.mark.parametrize(
    "values",
    [["899"], ["43201"], ["soon"], ["-900"], ["1800.0"], [""], ["٩٩٩"], ["001800"], ["1800", "1800"]],
)
def test_a_session_duration_is_a_number_in_range(federation: Federation, values: list[str]) -> None:
    role = federation.role()
    text = federation.response(role, federation.attributes(role, SessionDuration=values))
    status, code, message = federation.refused(role, text)
    assert (status, code) == (400, "InvalidIdentityToken")
    assert message.startswith("SessionDuration in AuthnResponse must")


# ── Tags and source identity ─────────────────────────────────────────────────────────────────────────────────────
BOTH = [SAML, "sts:TagSession"]


def tagged(**values: str) -> dict[str, Sequence[str]]:
    return {f"PrincipalTag:{key}": [value] for key, value in values.items()}


def test_tags_ask_for_tagging_and_become_the_sessions(federation: Federation) -> None:
    closed, role = federation.role("closed"), federation.role("work", BOTH)
    assert not federation.accepts_with(closed, **tagged(team="blue"))
    assert (
        federation.refused(
            closed, federation.response(closed, federation.attributes(closed, **tagged(a="b")))
        )
        == DENIED
    )
    text = federation.response(role, federation.attributes(role, **tagged(team="blue", Cost="1 2")))
    answer = federation.assume(role, text)
    assert answer["PackedPolicySize"] > 0
    may = document(
        statement("Allow", "iam:ListRoles", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    )
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=may)
    assert allowed(federation.place.client("iam", answer["Credentials"]).list_roles)
    assert not allowed(federation.place.client("iam", federation.assume(role)["Credentials"]).list_roles)


def test_the_trust_policy_sees_the_tags(federation: Federation) -> None:
    role = federation.role(
        "work",
        BOTH,
        Condition={
            "StringEquals": {"aws:RequestTag/team": "blue"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        },
    )
    assert federation.accepts_with(role, **tagged(team="blue"))
    assert not federation.accepts_with(role, **tagged(team="red"))
    assert not federation.accepts_with(role, **tagged(team="blue", more="x"))


def test_transitive_tags_go_on_through_chains(federation: Federation) -> None:
    condition = {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["team"]}}
    role = federation.role("work", BOTH, Condition=condition)
    given = tagged(team="blue", cost="1") | {"TransitiveTagKeys": ["team"]}
    answer = federation.assume(role, federation.response(role, federation.attributes(role, **given)))
    wanted = {"StringEquals": {"aws:RequestTag/team": "blue"}, "Null": {"aws:RequestTag/cost": "true"}}
    second = federation.place.role("second", trusting({"AWS": role}, "sts:*", Condition=wanted))
    sts = federation.place.client("sts", answer["Credentials"])
    assert allowed(sts.assume_role, RoleArn=second, RoleSessionName="on")
    both = tagged(team="blue", cost="1") | {"TransitiveTagKeys": ["team", "cost"]}
    assert not federation.accepts_with(role, **both)


TAGS = [
    (
        "twice, but for case",
        tagged(a="1", A="2"),
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    (
        "of AWS's own",
        tagged(**{"aws:x": "1"}),
        "aws: prefixed tag key names are not allowed for external use.",
    ),
    (
        "with two values",
        {"PrincipalTag:a": ["1", "2"]},
        "A session tag in AuthnResponse must have exactly one value",
    ),
    ("with no value", {"PrincipalTag:a": []}, "A session tag in AuthnResponse must have exactly one value"),
    (
        "without a key",
        tagged(**{"": "1"}),
        "A session tag is longer than allowed, or holds a character that is not.",
    ),
    (
        "with a long value",
        tagged(a="x" * 257),
        "A session tag is longer than allowed, or holds a character that is not.",
    ),
    (
        "that are transitive but not there",
        {"TransitiveTagKeys": ["a"]},
        "The specified transitive tag key must be included in the requested tags.",
    ),
    ("too many", tagged(**{f"k{n}": "v" for n in range(51)}), "No more than 50 session tags can be passed."),
]


@pytest.mark.parametrize(("given", "message"), [row[1:] for row in TAGS], ids=[row[0] for row in TAGS])
def test_tags_that_are_refused(federation: Federation, given: dict[str, Any], message: str) -> None:
    role = federation.role("work", "sts:*")
    text = federation.response(role, federation.attributes(role, **given))
    assert federation.refused(role, text) == (400, "InvalidIdentityToken", message)


def test_a_source_identity_asks_for_setting_it_and_stays(federation: Federation) -> None:
    closed = federation.role("closed")
    role = federation.role(
        "work", [SAML, "sts:SetSourceIdentity"], Condition={"StringLike": {"sts:SourceIdentity": "j*"}}
    )
    given = {"SourceIdentity": ["jane"]}
    assert not federation.accepts_with(closed, **given)
    assert not federation.accepts_with(role, SourceIdentity=["bob"])
    answer = federation.assume(role, federation.response(role, federation.attributes(role, **given)))
    assert answer["SourceIdentity"] == "jane"
    may = document(
        statement("Allow", "iam:ListRoles", Condition={"StringEquals": {"aws:SourceIdentity": "jane"}})
    )
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=may)
    assert allowed(federation.place.client("iam", answer["Credentials"]).list_roles)
    for value in ("j", "aws:jane", "AWS:jane", "jane doe"):
        text = federation.response(role, federation.attributes(role, SourceIdentity=[value]))
        message = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
        assert federation.refused(role, text) == (400, "InvalidIdentityToken", message)


# ── Condition keys ───────────────────────────────────────────────────────────────────────────────────────────────
def test_the_assertions_own_keys_are_in_the_trust_decision(federation: Federation) -> None:
    number = federation.place.number
    qualifier = base64.b64encode(
        hashlib.sha1(f"{ENTITY}{number}/Corp".encode(), usedforsecurity=False).digest()
    ).decode()
    own = {
        "saml:aud": SIGN_IN,
        "saml:iss": ENTITY,
        "saml:doc": f"{number}/Corp",
        "saml:sub": "alice@example.com",
        "saml:sub_type": "persistent",
        "saml:namequalifier": qualifier,
    }
    for name, (key, value) in enumerate(own.items()):
        fits = federation.role(f"fits{name}", Condition={"StringEquals": {key: value}})
        other = federation.role(f"other{name}", Condition={"StringEquals": {key: f"{value}x"}})
        assert federation.accepts(fits), key
        assert not federation.accepts(other), key


DIRECTORY = [
    (f"{EDU}1", "saml:eduPersonAffiliation", True),
    (f"{EDU}3", "saml:eduPersonOrgDN", False),
    (f"{EDU}6", "saml:eduPersonPrincipalName", False),
    (f"{EDU}10", "saml:eduPersonTargetedID", True),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "saml:eduOrgHomePageURI", True),
    ("urn:oid:2.5.4.3", "saml:cn", True),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "saml:mail", True),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "saml:surname", True),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:primaryGroupSID", True),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:uid", True),
    ("0.9.2342.19200300.100.1.45", "saml:organizationStatus", True),
]


@pytest.mark.parametrize(("attribute", "key", "several"), DIRECTORY)
def test_attributes_of_directories_are_condition_keys(
    federation: Federation, attribute: str, key: str, several: bool
) -> None:
    operator = "ForAnyValue:StringEquals" if several else "StringEquals"
    role = federation.role(Condition={operator: {key: "staff"}})
    assert federation.accepts(role, statement=attribute_xml(attribute, ["staff", "member"]))
    assert federation.accepts(role, statement=attribute_xml(attribute, ["member", "staff"])) is several
    assert not federation.accepts(role, statement=attribute_xml(attribute, ["member"]))
    assert not federation.accepts(role)
    assert not federation.accepts(role, statement=attribute_xml(key, ["staff"]))


def test_of_two_attributes_that_make_one_key_the_first_in_awss_list_counts(federation: Federation) -> None:
    role = federation.role(Condition={"ForAnyValue:StringEquals": {"saml:surname": "staff"}})
    first, second = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "2.5.4.4"
    for values, expected in ((("staff", "other"), True), (("other", "staff"), False)):
        told = [attribute_xml(name, [value]) for name, value in zip((first, second), values, strict=True)]
        assert federation.accepts(role, statement="".join(told)) is expected
        assert federation.accepts(role, statement="".join(reversed(told))) is expected


def test_a_subject_without_a_format_has_no_type(federation: Federation) -> None:
    role = federation.role(Condition={"Null": {"saml:sub_type": "true"}})
    assert federation.accepts(role, name_format="")
    assert not federation.accepts(role)


def test_what_stays_in_the_session_and_what_does_not(federation: Federation) -> None:
    role = federation.role()
    number = federation.place.number
    qualifier = base64.b64encode(
        hashlib.sha1(f"{ENTITY}{number}/Corp".encode(), usedforsecurity=False).digest()
    ).decode()
    text = federation.response(role, statement=attribute_xml(f"{EDU}6", ["alice"]))
    iam = federation.place.client("iam", federation.assume(role, text)["Credentials"])
    stays = {
        "saml:sub": "alice@example.com",
        "saml:sub_type": "persistent",
        "saml:namequalifier": qualifier,
        "aws:FederatedProvider": federation.provider,
    }
    goes = {"saml:aud": "*", "saml:iss": "*", "saml:doc": "*", "saml:eduPersonPrincipalName": "*"}
    for keys, expected in ((stays, True), (goes, False)):
        for key, value in keys.items():
            may = document(statement("Allow", "iam:ListRoles", Condition={"StringLike": {key: value}}))
            federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=may)
            assert allowed(iam.list_roles) is expected, key
