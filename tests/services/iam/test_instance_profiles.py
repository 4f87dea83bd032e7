"""Instance profiles: one role each, handed over with iam:PassRole, and what must be gone before they can be deleted."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from places import Place, allowed, many_tags, refusal, statement, tags, trusting

EC2_TRUST = trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole")
PASS = "iam:PassRole"


def make(place: Place, name: str = "web", role: str | None = None, **more: Any) -> str:
    """Create an instance profile, with a role of that name if one is given; return its ARN."""
    made = place.iam.create_instance_profile(InstanceProfileName=name, **more)["InstanceProfile"]
    if role is not None:
        place.role(role, EC2_TRUST)
        place.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    arn: str = made["Arn"]
    return arn


def test_a_new_profile_has_its_own_id_and_path_and_no_role(place: Place) -> None:
    made = place.iam.create_instance_profile(InstanceProfileName="web", Path="/app/")["InstanceProfile"]
    assert made["Arn"] == place.arn("instance-profile/app/web")
    assert made["InstanceProfileId"].startswith("AIPA")
    assert len(made["InstanceProfileId"]) == 21
    assert made["Roles"] == []
    assert "Tags" not in made
    got = place.iam.get_instance_profile(InstanceProfileName="WEB")["InstanceProfile"]
    assert got == made | {"Tags": []}


def test_the_role_in_a_profile_is_shown_with_its_six_members(place: Place) -> None:
    make(place, role="app", Tags=tags(k="v"))
    got = place.iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert got["Tags"] == tags(k="v")
    (role,) = got["Roles"]
    assert set(role) == {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    assert role["Arn"] == place.arn("role/app")
    (listed,) = place.iam.list_instance_profiles()["InstanceProfiles"]
    assert "Tags" not in listed
    assert listed["Roles"] == [role]
    assert place.iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"] == [listed]


def test_the_trust_policy_in_a_profile_is_percent_encoded(place: Place) -> None:
    make(place, role="app")
    answer = place.query(place.keys, "iam", "GetInstanceProfile", {"InstanceProfileName": "web"})
    assert quote(json.dumps(json.loads(EC2_TRUST), separators=(",", ":")), safe="") in answer.text


def test_names_are_taken_whatever_their_case(place: Place) -> None:
    make(place)
    assert refusal(place.iam.create_instance_profile, InstanceProfileName="Web") == (
        409,
        "EntityAlreadyExists",
        "Instance Profile Web already exists.",
    )


def test_a_profile_holds_one_role(place: Place) -> None:
    make(place, role="app")
    place.role("other", EC2_TRUST)
    assert refusal(place.iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="other") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )


def test_a_role_may_be_in_several_profiles(place: Place) -> None:
    make(place, role="app")
    for name in ("b", "A"):
        make(place, name)
        place.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="app")
    pages = place.iam.get_paginator("list_instance_profiles_for_role").paginate(
        RoleName="app", PaginationConfig={"PageSize": 1}
    )
    assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == ["A", "b", "web"]


def test_deleting_is_refused_while_role_and_profile_hold_each_other(place: Place) -> None:
    make(place, role="app")
    said = (409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    assert refusal(place.iam.delete_instance_profile, InstanceProfileName="web") == said
    assert refusal(place.iam.delete_role, RoleName="app") == said
    place.iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    place.iam.delete_role(RoleName="app")
    place.iam.delete_instance_profile(InstanceProfileName="web")
    assert place.iam.list_instance_profiles()["InstanceProfiles"] == []


def test_a_role_that_is_not_in_the_profile_cannot_be_removed(place: Place) -> None:
    make(place, role="app")
    place.role("other", EC2_TRUST)
    for name in ("other", "nowhere"):
        assert refusal(
            place.iam.remove_role_from_instance_profile, InstanceProfileName="web", RoleName=name
        ) == (404, "NoSuchEntity", f"Role {name} in Instance Profile web cannot be found.")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("get_instance_profile", {}),
        ("delete_instance_profile", {}),
        ("add_role_to_instance_profile", {"RoleName": "app"}),
        ("remove_role_from_instance_profile", {"RoleName": "app"}),
        ("tag_instance_profile", {"Tags": tags(k="v")}),
        ("untag_instance_profile", {"TagKeys": ["k"]}),
        ("list_instance_profile_tags", {}),
    ],
)
def test_a_profile_that_is_not_there(place: Place, operation: str, more: dict[str, Any]) -> None:
    assert refusal(getattr(place.iam, operation), InstanceProfileName="x", **more) == (
        404,
        "NoSuchEntity",
        "Instance Profile x cannot be found.",
    )


def test_adding_a_role_that_is_not_there(place: Place) -> None:
    make(place)
    assert refusal(place.iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="x") == (
        404,
        "NoSuchEntity",
        "The role with name x cannot be found.",
    )


def test_profiles_are_listed_by_name_under_a_path_prefix(place: Place) -> None:
    for name, path in (("c", "/x/"), ("B", "/x/y/"), ("a", "/")):
        make(place, name, Path=path)
    pages = place.iam.get_paginator("list_instance_profiles").paginate(
        PathPrefix="/x", PaginationConfig={"PageSize": 1}
    )
    assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == ["B", "c"]
    place.iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="a")


# ── PassRole ─────────────────────────────────────────────────────────────────────────────────────────────────────
def adding(place: Place, *statements: dict[str, Any]) -> bool:
    """Tell whether a user with these statements may put role `app` into profile `web`."""
    make(place)
    place.role("app", EC2_TRUST)
    iam = place.client("iam", place.user("ann", *statements))
    return allowed(iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="app")


ADD = statement("Allow", "iam:AddRoleToInstanceProfile")


def test_adding_a_role_needs_pass_role_on_it(place: Place) -> None:
    assert not adding(place, ADD)
    iam = place.client("iam", place.user("bob", ADD))
    role = place.arn("role/app")
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="app") == (
        403,
        "AccessDenied",
        f"User: {place.arn('user/bob')} is not authorized to perform: iam:PassRole on resource: {role} "
        "because no identity-based policy allows the iam:PassRole action",
    )


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        pytest.param({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, True, id="to EC2"),
        pytest.param({"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}, False, id="to ECS"),
        pytest.param(
            {"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"}}, True, id="for instances"
        ),
        pytest.param(
            {"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:volume/*"}}, False, id="for volumes"
        ),
        pytest.param({"StringEquals": {"aws:ResourceTag/team": "web"}}, False, id="tags take no part"),
    ],
)
def test_pass_role_says_to_whom_and_for_what(place: Place, condition: dict[str, Any], may: bool) -> None:
    assert adding(place, ADD, statement("Allow", PASS, Condition=condition)) is may


def test_pass_role_alone_is_not_enough(place: Place) -> None:
    assert not adding(place, statement("Allow", PASS))


# ── Tags ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_tags_of_a_profile_are_told_apart_by_case(place: Place) -> None:
    make(place, Tags=tags(k="1"))
    place.iam.tag_instance_profile(InstanceProfileName="web", Tags=tags(K="2"))
    assert place.iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == tags(K="2", k="1")
    place.iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["k"])
    assert place.iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == tags(K="2")


def test_a_profile_has_fifty_tags_at_most(place: Place) -> None:
    make(place, Tags=many_tags(50))
    assert refusal(place.iam.tag_instance_profile, InstanceProfileName="web", Tags=tags(more=""))[1:] == (
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
    )


def test_creating_with_tags_needs_the_permission_to_tag(place: Place) -> None:
    iam = place.client("iam", place.user("ann", statement("Allow", "iam:CreateInstanceProfile")))
    assert allowed(iam.create_instance_profile, InstanceProfileName="plain")
    assert not allowed(iam.create_instance_profile, InstanceProfileName="tagged", Tags=tags(k="v"))


def test_a_profiles_tags_decide(place: Place) -> None:
    make(place, Tags=tags(team="web"))
    make(place, "other")
    condition = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    iam = place.client("iam", place.user("ann", statement("Allow", "iam:Get*", Condition=condition)))
    assert allowed(iam.get_instance_profile, InstanceProfileName="web")
    assert not allowed(iam.get_instance_profile, InstanceProfileName="other")


def test_a_denial_names_the_profile_by_its_name(place: Place) -> None:
    make(place)
    iam = place.client("iam", place.user("ann"))
    assert refusal(iam.get_instance_profile, InstanceProfileName="web")[2] == (
        f"User: {place.arn('user/ann')} is not authorized to perform: iam:GetInstanceProfile on resource: "
        "instance profile web because no identity-based policy allows the iam:GetInstanceProfile action"
    )
    assert place.arn("instance-profile/") in refusal(iam.list_instance_profiles)[2]
