"""Pages: every listing in small pages is the whole listing, whatever changes meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, document, many_tags, refusal

NAMES = ["a", "B", "c", "D", "e"]


@pytest.fixture
def full(place: Place) -> Place:
    """An account with five of everything."""
    place.role("work", Tags=many_tags(5))
    place.iam.create_user(UserName="work", Tags=many_tags(5))
    for name in NAMES:
        arn = place.policy(name, Path="/team/")
        place.iam.attach_role_policy(RoleName="work", PolicyArn=arn)
        place.iam.attach_user_policy(UserName="work", PolicyArn=arn)
        place.iam.put_role_policy(RoleName="work", PolicyName=name, PolicyDocument=document())
        place.iam.put_user_policy(UserName="work", PolicyName=name, PolicyDocument=document())
        place.role(name, Path="/team/")
        place.iam.create_user(UserName=name, Path="/team/")
        if name != "a":
            place.iam.create_policy_version(PolicyArn=place.arn("policy/team/a"), PolicyDocument=document())
            for kind, named in (("user", "UserName"), ("role", "RoleName")):
                attach = getattr(place.iam, f"attach_{kind}_policy")
                attach(**{named: name}, PolicyArn=place.arn("policy/team/a"))
    return place


LISTINGS: list[tuple[str, str, dict[str, Any], int]] = [
    ("list_users", "Users", {}, 6),
    ("list_users", "Users", {"PathPrefix": "/te"}, 5),
    ("list_roles", "Roles", {}, 6),
    ("list_roles", "Roles", {"PathPrefix": "/team/"}, 5),
    ("list_policies", "Policies", {"PathPrefix": "/team/"}, 5),
    ("list_policies", "Policies", {"PathPrefix": "/other/"}, 0),
    ("list_role_policies", "PolicyNames", {"RoleName": "work"}, 5),
    ("list_user_policies", "PolicyNames", {"UserName": "work"}, 5),
    ("list_attached_role_policies", "AttachedPolicies", {"RoleName": "work"}, 5),
    ("list_attached_user_policies", "AttachedPolicies", {"UserName": "work", "PathPrefix": "/team/"}, 5),
    ("list_role_tags", "Tags", {"RoleName": "work"}, 5),
    ("list_user_tags", "Tags", {"UserName": "work"}, 5),
    ("list_policy_versions", "Versions", {"PolicyArn": "policy/team/a"}, 5),
    ("list_entities_for_policy", "PolicyUsers", {"PolicyArn": "policy/team/a"}, 5),
    ("list_entities_for_policy", "PolicyRoles", {"PolicyArn": "policy/team/a"}, 5),
]


@pytest.mark.parametrize(("name", "member", "given", "count"), LISTINGS)
def test_pages_make_up_the_listing(
    full: Place, name: str, member: str, given: dict[str, Any], count: int
) -> None:
    if "PolicyArn" in given:
        given = given | {"PolicyArn": full.arn(given["PolicyArn"])}
    call = getattr(full.iam, name)
    whole = call(**given)
    assert (len(whole[member]), whole["IsTruncated"], "Marker" in whole) == (count, False, False)
    for size in (1, 2, 5):
        found: list[Any] = []
        page = call(**given, MaxItems=size)
        found += page[member]
        while page["IsTruncated"]:
            page = call(**given, MaxItems=size, Marker=page["Marker"])
            assert len(page[member]) <= size
            found += page[member]
        assert found == whole[member]


def test_a_page_goes_on_behind_what_was_deleted(place: Place) -> None:
    for name in NAMES:
        place.iam.create_user(UserName=name)
    first = place.iam.list_users(MaxItems=2)
    assert [user["UserName"] for user in first["Users"]] == ["a", "B"]
    place.iam.delete_user(UserName="B")
    place.iam.create_user(UserName="A2")
    rest = place.iam.list_users(Marker=first["Marker"])
    assert [user["UserName"] for user in rest["Users"]] == ["c", "D", "e"]


@pytest.mark.parametrize("marker", ["x", "é", "dmVzdHJ5Ov8=", "AAAA"])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("list_users", {}),
        ("list_user_tags", {"UserName": "casey"}),
        ("list_user_policies", {"UserName": "casey"}),
    ],
)
def test_a_marker_that_is_not_ours(place: Place, name: str, given: dict[str, str], marker: str) -> None:
    place.iam.create_user(UserName="casey")
    found = refusal(getattr(place.iam, name), Marker=marker, **given)
    assert found == (400, "ValidationError", "Invalid Marker.")


@pytest.mark.parametrize(
    ("size", "words"), [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")]
)
def test_the_size_of_a_page_is_bounded(place: Place, size: int, words: str) -> None:
    text = f"1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value {words}"
    assert refusal(place.iam.list_users, MaxItems=size) == (400, "ValidationError", text)
