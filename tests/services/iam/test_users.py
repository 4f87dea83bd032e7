"""Users: which answer carries what, names and paths, renames, and what must go before a user can."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, document, refusal, statement, tags
from vestry import limits

BASE = {"Path", "UserName", "UserId", "Arn", "CreateDate"}


def test_which_answer_carries_what(place: Place) -> None:
    boundary = place.policy("limit")
    bare = place.iam.create_user(UserName="bare")["User"]
    assert bare.keys() == BASE
    made = place.iam.create_user(
        UserName="casey", Path="/team/", Tags=tags(team="red"), PermissionsBoundary=boundary
    )["User"]
    more = {"PermissionsBoundary", "Tags"}
    assert made.keys() == BASE | more
    assert made["Arn"] == place.arn("user/team/casey")
    assert made["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": boundary,
    }
    assert place.iam.get_user(UserName="casey")["User"] == made
    assert place.iam.get_user(UserName="bare")["User"].keys() == BASE
    assert all(user.keys() == BASE for user in place.iam.list_users()["Users"])


REFUSED: list[tuple[str, str, dict[str, Any], tuple[int, str, str]]] = [
    (
        "a name that exists, ignoring case",
        "create_user",
        {"UserName": "CASEY"},
        (409, "EntityAlreadyExists", "User with name CASEY already exists."),
    ),
    (
        "a rename to a name that exists",
        "update_user",
        {"UserName": "casey", "NewUserName": "Alex"},
        (409, "EntityAlreadyExists", "User with name Alex already exists."),
    ),
    (
        "a boundary that does not exist",
        "create_user",
        {"UserName": "new", "PermissionsBoundary": "arn:aws:iam::123456789012:policy/none"},
        (
            404,
            "NoSuchEntity",
            "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        ),
    ),
    (
        "a name with a blank",
        "create_user",
        {"UserName": "a b"},
        (
            400,
            "ValidationError",
            "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-",
        ),
    ),
    (
        "a path that does not end with a slash",
        "create_user",
        {"UserName": "new", "Path": "/a"},
        (
            400,
            "ValidationError",
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
            "characters and/or / characters.",
        ),
    ),
]


@pytest.mark.parametrize(("sentence", "name", "given", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(
    place: Place, sentence: str, name: str, given: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    place.iam.create_user(UserName="casey")
    place.iam.create_user(UserName="alex")
    assert refusal(getattr(place.iam, name), **given) == expected, sentence


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("get_user", {}),
        ("update_user", {"NewPath": "/x/"}),
        ("delete_user", {}),
        ("list_groups_for_user", {}),
        ("list_access_keys", {}),
        ("create_access_key", {}),
        ("list_user_policies", {}),
        ("list_attached_user_policies", {}),
        ("list_user_tags", {}),
        ("tag_user", {"Tags": tags(a="b")}),
        ("untag_user", {"TagKeys": ["a"]}),
        ("get_user_policy", {"PolicyName": "p"}),
        ("put_user_policy", {"PolicyName": "p", "PolicyDocument": document()}),
        ("delete_user_policy", {"PolicyName": "p"}),
        ("attach_user_policy", {"PolicyArn": "arn:aws:iam::aws:policy/x"}),
        ("detach_user_policy", {"PolicyArn": "arn:aws:iam::aws:policy/x"}),
        ("delete_user_permissions_boundary", {}),
    ],
)
def test_a_user_who_does_not_exist(place: Place, name: str, more: dict[str, Any]) -> None:
    found = refusal(getattr(place.iam, name), UserName="nobody", **more)
    assert found == (404, "NoSuchEntity", "The user with name nobody cannot be found.")


def test_a_rename_keeps_id_and_keys(place: Place) -> None:
    key = place.user("casey", statement("Allow", "iam:GetUser"))
    before = place.iam.get_user(UserName="casey")["User"]
    place.iam.update_user(UserName="casey", NewUserName="Casey", NewPath="/new/")
    own = place.client("iam", key).get_user()["User"]
    assert own["UserId"] == before["UserId"]
    assert own["Arn"] == place.arn("user/new/Casey")


def test_a_rename_asks_for_the_old_name_and_the_new(place: Place) -> None:
    place.iam.create_user(UserName="old")
    for only in ("old", "new"):
        key = place.user(f"with-{only}", statement("Allow", "iam:UpdateUser", place.arn(f"user/{only}")))
        status, code, message = refusal(
            place.client("iam", key).update_user, UserName="old", NewUserName="new"
        )
        assert (status, code) == (403, "AccessDenied")
        assert f"user {only}" not in message
    key = place.user(
        "both", statement("Allow", "iam:UpdateUser", [place.arn("user/old"), place.arn("user/new")])
    )
    place.client("iam", key).update_user(UserName="old", NewUserName="new")


def test_permission_comes_before_existence(place: Place) -> None:
    key = place.user("casey")
    assert refusal(place.client("iam", key).get_user, UserName="nobody")[1] == "AccessDenied"


def test_what_must_go_before_a_user_can(place: Place) -> None:
    place.user("casey", statement("Allow", "*"))
    arn = place.policy("attached")
    place.iam.attach_user_policy(UserName="casey", PolicyArn=arn)
    place.iam.put_user_permissions_boundary(UserName="casey", PermissionsBoundary=arn)
    key = place.iam.list_access_keys(UserName="casey")["AccessKeyMetadata"][0]["AccessKeyId"]
    steps: list[tuple[str, Any, dict[str, str]]] = [
        ("detach all policies", place.iam.detach_user_policy, {"PolicyArn": arn}),
        ("delete policies", place.iam.delete_user_policy, {"PolicyName": "permissions"}),
        ("delete access keys", place.iam.delete_access_key, {"AccessKeyId": key}),
    ]
    for words, remedy, given in steps:
        found = refusal(place.iam.delete_user, UserName="casey")
        assert found == (409, "DeleteConflict", f"Cannot delete entity, must {words} first.")
        remedy(UserName="casey", **given)
    place.iam.delete_user(UserName="casey")
    place.iam.delete_policy(PolicyArn=arn)


def test_quota(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "USERS_PER_ACCOUNT", 1)
    place.iam.create_user(UserName="one")
    found = refusal(place.iam.create_user, UserName="two")
    assert found == (409, "LimitExceeded", "Cannot exceed quota for UsersPerAccount: 1")


def test_without_a_name_a_user_means_themselves_and_a_role_must_say(place: Place) -> None:
    key = place.user("casey", statement("Allow", "*"))
    assert place.client("iam", key).get_user()["User"]["UserName"] == "casey"
    session = place.client("sts", key).assume_role(RoleArn=place.role("work"), RoleSessionName="s1")
    iam = place.client("iam", session["Credentials"])
    for call in (iam.get_user, iam.create_access_key, iam.list_access_keys):
        assert refusal(call) == (
            400,
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )
    root = place.iam.get_user()["User"]
    assert (root["Arn"], root["UserId"]) == (place.arn("root"), place.number)
