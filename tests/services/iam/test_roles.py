"""Roles: which answer carries what, trust policies, sizes, and what must go before a role can."""

from __future__ import annotations

import json
from typing import Any

import pytest

from places import Place, document, padded, refusal, tags, trusting
from vestry import limits

BASE = {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}


def test_which_answer_carries_what(place: Place) -> None:
    boundary = place.policy("limit")
    made = place.iam.create_role(
        RoleName="work",
        AssumeRolePolicyDocument=trusting({"AWS": place.number}),
        Description="Works.",
        MaxSessionDuration=7200,
        PermissionsBoundary=boundary,
        Tags=tags(b="2", a="1"),
    )["Role"]
    assert made.keys() == BASE | {"PermissionsBoundary", "Tags"}
    whole = place.iam.get_role(RoleName="WORK")["Role"]
    assert whole.keys() == BASE | {
        "PermissionsBoundary",
        "Tags",
        "Description",
        "MaxSessionDuration",
        "RoleLastUsed",
    }
    assert whole["RoleLastUsed"] == {}
    assert whole["Tags"] == tags(a="1", b="2")
    (listed,) = place.iam.list_roles()["Roles"]
    assert listed.keys() == BASE | {"Description", "MaxSessionDuration"}
    updated = place.iam.update_role_description(RoleName="work", Description="Rests.")["Role"]
    assert updated.keys() == BASE | {"Description"}
    place.role("bare")
    assert place.iam.get_role(RoleName="bare")["Role"].keys() == BASE | {"MaxSessionDuration", "RoleLastUsed"}


def test_an_update_leaves_what_it_does_not_name(place: Place) -> None:
    place.role("work", Description="Works.", MaxSessionDuration=7200)
    place.iam.update_role(RoleName="work")
    role = place.iam.get_role(RoleName="work")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("Works.", 7200)
    place.iam.update_role(RoleName="work", MaxSessionDuration=3600)
    role = place.iam.get_role(RoleName="work")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("Works.", 3600)


ME = {"AWS": "123456789012"}
TRUST: list[tuple[str, str, tuple[int, str, str]]] = [
    ("no JSON", "{", (400, "MalformedPolicyDocument", "This policy contains invalid Json")),
    (
        "an action outside the assume family",
        trusting(ME, "s3:GetObject"),
        (400, "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."),
    ),
    (
        "a resource",
        trusting(ME, Resource="*"),
        (400, "MalformedPolicyDocument", "Has prohibited field Resource"),
    ),
    (
        "more than 2048 characters",
        trusting(ME, Sid="a" * 2048),
        (409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"),
    ),
]


@pytest.mark.parametrize(("sentence", "text", "expected"), TRUST, ids=[row[0] for row in TRUST])
def test_trust_policies_that_are_refused(
    place: Place, sentence: str, text: str, expected: tuple[int, str, str]
) -> None:
    given = {"RoleName": "new", "AssumeRolePolicyDocument": text}
    assert refusal(place.iam.create_role, **given) == expected, sentence
    place.role("work")
    assert refusal(place.iam.update_assume_role_policy, RoleName="work", PolicyDocument=text) == expected


def test_a_principal_must_exist_and_is_known_by_its_id(place: Place) -> None:
    arn = place.arn("user/casey")
    found = refusal(place.iam.create_role, RoleName="work", AssumeRolePolicyDocument=trusting({"AWS": arn}))
    assert found == (400, "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')
    identifier = place.iam.create_user(UserName="casey")["User"]["UserId"]
    place.role("work", trusting({"AWS": arn}))

    def shown() -> Any:
        text = place.iam.get_role(RoleName="work")["Role"]["AssumeRolePolicyDocument"]
        return text["Statement"][0]["Principal"]["AWS"]

    assert shown() == arn
    place.iam.update_user(UserName="casey", NewUserName="alex")
    assert shown() == place.arn("user/alex")
    place.iam.delete_user(UserName="alex")
    assert shown() == identifier
    place.iam.create_user(UserName="casey")
    assert shown() == identifier, "a namesake is somebody else"


def test_an_account_is_shown_by_its_root(place: Place) -> None:
    place.role("work", trusting({"AWS": place.number}))
    text = place.iam.get_role(RoleName="work")["Role"]["AssumeRolePolicyDocument"]
    assert text["Statement"][0]["Principal"] == {"AWS": place.arn("root")}, json.dumps(text)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("get_role", {}),
        ("update_role", {}),
        ("update_role_description", {"Description": ""}),
        ("update_assume_role_policy", {"PolicyDocument": trusting(ME)}),
        ("delete_role", {}),
        ("list_instance_profiles_for_role", {}),
        ("list_role_tags", {}),
        ("tag_role", {"Tags": tags(a="b")}),
        ("untag_role", {"TagKeys": ["a"]}),
        ("list_role_policies", {}),
        ("list_attached_role_policies", {}),
        ("get_role_policy", {"PolicyName": "p"}),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": document()}),
        ("attach_role_policy", {"PolicyArn": "arn:aws:iam::aws:policy/x"}),
        ("delete_role_permissions_boundary", {}),
    ],
)
def test_a_role_that_does_not_exist(place: Place, name: str, more: dict[str, Any]) -> None:
    found = refusal(getattr(place.iam, name), RoleName="none", **more)
    assert found == (404, "NoSuchEntity", "The role with name none cannot be found.")


def test_names_are_unique_ignoring_case_and_path(place: Place) -> None:
    place.role("work", Path="/team/")
    found = refusal(place.iam.create_role, RoleName="WORK", AssumeRolePolicyDocument=trusting(ME))
    assert found == (409, "EntityAlreadyExists", "Role with name WORK already exists.")


def test_what_must_go_before_a_role_can(place: Place) -> None:
    place.role("work", Tags=tags(a="b"), PermissionsBoundary=place.policy("limit"))
    arn = place.policy("attached")
    place.iam.attach_role_policy(RoleName="work", PolicyArn=arn)
    place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    conflict = (409, "DeleteConflict")
    text = "Cannot delete entity, must {} first."
    assert refusal(place.iam.delete_role, RoleName="work") == (*conflict, text.format("detach all policies"))
    place.iam.detach_role_policy(RoleName="work", PolicyArn=arn)
    assert refusal(place.iam.delete_role, RoleName="work") == (*conflict, text.format("delete policies"))
    place.iam.delete_role_policy(RoleName="work", PolicyName="p")
    place.iam.delete_role(RoleName="work")


def test_quotas(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROLES_PER_ACCOUNT", 1)
    place.role("one")
    found = refusal(place.iam.create_role, RoleName="two", AssumeRolePolicyDocument=trusting(ME))
    assert found == (409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1")


@pytest.mark.parametrize(("word", "quota"), [("role", 10240), ("user", 2048)])
def test_inline_policies_have_a_total_size(place: Place, word: str, quota: int) -> None:
    place.role("work")
    place.iam.create_user(UserName="work")
    put = getattr(place.iam, f"put_{word}_policy")
    name = {f"{word.title()}Name": "work"}
    put(**name, PolicyName="one", PolicyDocument=padded(quota - 200))
    put(**name, PolicyName="two", PolicyDocument=padded(200).replace('":', '" : '))
    found = refusal(put, **name, PolicyName="two", PolicyDocument=padded(201))
    text = f"Maximum policy size of {quota} bytes exceeded for {word} work"
    assert found == (409, "LimitExceeded", text), "white space is free, and a rewrite counts once"
    missing = refusal(getattr(place.iam, f"get_{word}_policy"), **name, PolicyName="none")
    assert missing == (404, "NoSuchEntity", f"The {word} policy with name none cannot be found.")
