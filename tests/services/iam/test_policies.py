"""Managed policies and their versions: which answer carries what, uses, sizes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, document, padded, refusal, statement, tags
from vestry import limits

BASE = {
    "PolicyName",
    "PolicyId",
    "Arn",
    "Path",
    "DefaultVersionId",
    "AttachmentCount",
    "PermissionsBoundaryUsageCount",
    "IsAttachable",
    "CreateDate",
    "UpdateDate",
}
VERSION = {"VersionId", "IsDefaultVersion", "CreateDate"}


def test_which_answer_carries_what(place: Place) -> None:
    made = place.iam.create_policy(
        PolicyName="p", Path="/team/", PolicyDocument=document(), Description="All.", Tags=tags(b="1", a="2")
    )["Policy"]
    assert made.keys() == BASE | {"Tags"}
    assert made["Arn"] == place.arn("policy/team/p")
    whole = place.iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert whole.keys() == BASE | {"Tags", "Description"}
    assert whole["Tags"] == tags(a="2", b="1")
    (listed,) = place.iam.list_policies(Scope="Local")["Policies"]
    assert listed.keys() == BASE
    bare = place.policy("bare")
    assert place.iam.get_policy(PolicyArn=bare)["Policy"]["Tags"] == []


def test_versions(place: Place) -> None:
    arn = place.policy("p")
    for _ in range(4):
        made = place.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document())["PolicyVersion"]
    assert made.keys() == VERSION
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v5", False)
    assert refusal(place.iam.create_policy_version, PolicyArn=arn, PolicyDocument=document()) == (
        409,
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.",
    )
    place.iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    text = document(statement("Allow", "iam:ListUsers")).replace(":", " : ", 1)
    made = place.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)[
        "PolicyVersion"
    ]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v6", True), "numbers are never used again"
    listed = place.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in listed] == ["v6", "v4", "v3", "v2", "v1"]
    assert all(version.keys() == VERSION for version in listed)
    whole = place.iam.get_policy_version(PolicyArn=arn, VersionId="v6")["PolicyVersion"]
    assert whole.keys() == VERSION | {"Document"}
    assert refusal(place.iam.delete_policy_version, PolicyArn=arn, VersionId="v6") == (
        409,
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    assert refusal(place.iam.delete_policy, PolicyArn=arn) == (
        409,
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy.",
    )
    place.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert place.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"


def test_the_default_version_is_in_force_at_the_next_request(place: Place) -> None:
    arn = place.policy("p", document(statement("Allow", "iam:ListUsers")))
    iam = place.client("iam", place.user("casey"))
    place.iam.attach_user_policy(UserName="casey", PolicyArn=arn)
    iam.list_users()
    place.iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=document(statement("Deny", "*")), SetAsDefault=True
    )
    assert refusal(iam.list_users)[1] == "AccessDenied"


GONE = (404, "NoSuchEntity", "Policy {} was not found.")
UNATTACHABLE = (404, "NoSuchEntity", "Policy {} does not exist or is not attachable.")
NO_VERSION = (404, "NoSuchEntity", "Policy {} version v1 does not exist or is not attachable.")
MISSING: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    ("get_policy", {}, GONE),
    ("delete_policy", {}, GONE),
    ("tag_policy", {"Tags": tags(a="b")}, GONE),
    ("untag_policy", {"TagKeys": ["a"]}, GONE),
    ("list_policy_tags", {}, GONE),
    ("list_policy_versions", {}, GONE),
    ("list_entities_for_policy", {}, GONE),
    ("create_policy_version", {"PolicyDocument": document()}, GONE),
    ("get_policy_version", {"VersionId": "v1"}, NO_VERSION),
    ("set_default_policy_version", {"VersionId": "v1"}, NO_VERSION),
    ("delete_policy_version", {"VersionId": "v1"}, NO_VERSION),
    ("attach_role_policy", {"RoleName": "work"}, UNATTACHABLE),
    ("attach_user_policy", {"UserName": "casey"}, UNATTACHABLE),
    ("detach_role_policy", {"RoleName": "work"}, GONE),
    ("detach_user_policy", {"UserName": "casey"}, GONE),
]


@pytest.mark.parametrize(("name", "more", "expected"), MISSING, ids=[row[0] for row in MISSING])
def test_a_policy_that_does_not_exist(
    place: Place, name: str, more: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    place.role("work")
    place.iam.create_user(UserName="casey")
    call = getattr(place.iam, name)
    arn, (status, code, text) = place.arn("policy/none"), expected
    assert refusal(call, PolicyArn=arn, **more) == (status, code, text.format(arn))
    found = refusal(call, PolicyArn="a" * 20, **more)
    assert found == (400, "ValidationError", f"ARN {'a' * 20} is not valid.")


REFUSED: list[tuple[str, str, tuple[int, str, str]]] = [
    ("no JSON", "{", (400, "MalformedPolicyDocument", "Syntax errors in policy.")),
    (
        "6145 characters",
        padded(6145),
        (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
    ),
    (
        "an action without a service",
        document(statement("Allow", "GetObject")),
        (
            400,
            "MalformedPolicyDocument",
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
    ),
    (
        "a resource that is no ARN",
        document(statement("Allow", "s3:*", "bucket")),
        (400, "MalformedPolicyDocument", 'Resource bucket must be in ARN format or "*".'),
    ),
]


@pytest.mark.parametrize(("sentence", "text", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_documents_that_are_refused(
    place: Place, sentence: str, text: str, expected: tuple[int, str, str]
) -> None:
    assert refusal(place.iam.create_policy, PolicyName="new", PolicyDocument=text) == expected, sentence
    arn = place.policy("p", padded(6144))
    assert refusal(place.iam.create_policy_version, PolicyArn=arn, PolicyDocument=text) == expected


def test_names_are_unique_ignoring_case_and_path(place: Place) -> None:
    place.policy("p", Path="/team/")
    found = refusal(place.iam.create_policy, PolicyName="P", PolicyDocument=document())
    text = "A policy called P already exists. Duplicate names are not allowed."
    assert found == (409, "EntityAlreadyExists", text)


def test_uses_are_counted_each_in_its_own_way(place: Place) -> None:
    arn, bound = place.policy("attached"), place.policy("bound")
    place.policy("idle")
    place.role("work", PermissionsBoundary=bound)
    place.iam.create_user(UserName="casey", PermissionsBoundary=arn)
    for _ in range(2):
        place.iam.attach_role_policy(RoleName="work", PolicyArn=arn)
    policy = place.iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (1, 1)
    assert (
        refusal(place.iam.delete_policy, PolicyArn=bound)[2] == "Cannot delete a policy attached to entities."
    )

    def names(**given: Any) -> list[str]:
        return [policy["PolicyName"] for policy in place.iam.list_policies(**given)["Policies"]]

    assert names() == ["attached", "bound", "idle"]
    assert names(OnlyAttached=True) == ["attached"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["attached", "bound"]
    assert names(PolicyUsageFilter="PermissionsPolicy") == ["attached"]
    assert names(Scope="AWS") == []
    users = place.iam.list_entities_for_policy(PolicyArn=arn)
    assert [user["UserName"] for user in users["PolicyUsers"]] == ["casey"]
    assert [role["RoleName"] for role in users["PolicyRoles"]] == ["work"]
    assert users["PolicyGroups"] == []
    only = place.iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert (len(only["PolicyUsers"]), len(only["PolicyRoles"])) == (0, 1)
    only = place.iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert (len(only["PolicyUsers"]), len(only["PolicyRoles"])) == (1, 0)


@pytest.mark.parametrize("word", ["user", "role"])
def test_ten_attached_policies_are_the_most(place: Place, word: str) -> None:
    place.role("work")
    place.iam.create_user(UserName="work")
    attach = getattr(place.iam, f"attach_{word}_policy")
    name = {f"{word.title()}Name": "work"}
    arns = [place.policy(f"p{number:02}") for number in range(11)]
    for arn in arns[:10]:
        attach(**name, PolicyArn=arn)
    attach(**name, PolicyArn=arns[0])
    text = f"Cannot exceed quota for PoliciesPer{word.title()}: 10"
    assert refusal(attach, **name, PolicyArn=arns[10]) == (409, "LimitExceeded", text)


def test_quota(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLICIES_PER_ACCOUNT", 1)
    place.policy("one")
    found = refusal(place.iam.create_policy, PolicyName="two", PolicyDocument=document())
    assert found == (409, "LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 1")


@pytest.mark.parametrize("word", ["attach", "detach"])
def test_who_attaches_is_asked_which_policy(place: Place, word: str) -> None:
    good, bad = place.policy("good"), place.policy("bad")
    only = {"ArnEquals": {"iam:PolicyARN": good}}
    iam = place.client("iam", place.user("casey", statement("Allow", f"iam:{word}*", Condition=only)))
    place.role("work")
    for arn in (good, bad):
        if word == "detach":
            place.iam.attach_role_policy(RoleName="work", PolicyArn=arn)
    call = getattr(iam, f"{word}_role_policy")
    call(RoleName="work", PolicyArn=good)
    assert refusal(call, RoleName="work", PolicyArn=bad)[1] == "AccessDenied"
