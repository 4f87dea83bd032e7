"""Permissions boundaries: set, replaced, taken off, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, allowed, document, refusal, statement


@pytest.fixture(params=["user", "role"])
def kind(place: Place, request: pytest.FixtureRequest) -> str:
    place.role("work")
    place.iam.create_user(UserName="work")
    return str(request.param)


def _call(iam: Any, word: str, kind: str) -> Any:
    return getattr(iam, f"{word}_{kind}_permissions_boundary")


def _named(kind: str) -> dict[str, str]:
    return {f"{kind.title()}Name": "work"}


def test_a_boundary_is_set_replaced_and_taken_off(place: Place, kind: str) -> None:
    def present() -> Any:
        return getattr(place.iam, f"get_{kind}")(**_named(kind))[kind.title()].get("PermissionsBoundary")

    for arn in (place.policy("one"), place.policy("two")):
        _call(place.iam, "put", kind)(**_named(kind), PermissionsBoundary=arn)
        assert present() == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    _call(place.iam, "delete", kind)(**_named(kind))
    assert present() is None
    assert refusal(_call(place.iam, "delete", kind), **_named(kind))[:2] == (404, "NoSuchEntity")


@pytest.mark.parametrize(
    ("sentence", "arn", "expected"),
    [
        (
            "what is not a policy",
            "arn:aws:iam::123456789012:role/work",
            (400, "InvalidInput", "ARN arn:aws:iam::123456789012:role/work is not valid."),
        ),
        (
            "a policy that does not exist",
            "arn:aws:iam::123456789012:policy/none",
            (
                404,
                "NoSuchEntity",
                "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
            ),
        ),
    ],
)
def test_what_cannot_be_a_boundary(
    place: Place, kind: str, sentence: str, arn: str, expected: tuple[int, str, str]
) -> None:
    found = refusal(_call(place.iam, "put", kind), **_named(kind), PermissionsBoundary=arn)
    assert found == expected, sentence


def test_a_boundary_bounds(place: Place) -> None:
    iam = place.client("iam", place.user("casey", statement("Allow", "*")))
    arn = place.policy("limit", document(statement("Allow", "iam:ListUsers")))
    place.iam.put_user_permissions_boundary(UserName="casey", PermissionsBoundary=arn)
    assert allowed(iam.list_users)
    assert not allowed(iam.list_roles)
    assert "because no permissions boundary allows the iam:ListRoles action" in refusal(iam.list_roles)[2]


def test_the_condition_key_names_the_boundary_that_is_asked_for(place: Place, kind: str) -> None:
    good, bad = place.policy("good"), place.policy("bad")
    only = {"StringEquals": {"iam:PermissionsBoundary": good}}
    iam = place.client("iam", place.user("casey", statement("Allow", "iam:*", Condition=only)))
    put = _call(iam, "put", kind)
    assert allowed(put, **_named(kind), PermissionsBoundary=good)
    assert not allowed(put, **_named(kind), PermissionsBoundary=bad)
    assert allowed(iam.create_user, UserName="bounded", PermissionsBoundary=good)
    assert not allowed(iam.create_user, UserName="free")
    assert not allowed(iam.create_user, UserName="loose", PermissionsBoundary=bad)


def test_the_condition_key_names_the_boundary_that_is_there(place: Place, kind: str) -> None:
    good = place.policy("good")
    only = {"StringEquals": {"iam:PermissionsBoundary": good}}
    iam = place.client("iam", place.user("casey", statement("Allow", "iam:*", Condition=only)))
    steps: list[tuple[Any, dict[str, str]]] = [
        (getattr(iam, f"attach_{kind}_policy"), {"PolicyArn": good}),
        (getattr(iam, f"detach_{kind}_policy"), {"PolicyArn": good}),
        (getattr(iam, f"put_{kind}_policy"), {"PolicyName": "p", "PolicyDocument": document()}),
        (getattr(iam, f"delete_{kind}_policy"), {"PolicyName": "p"}),
        (_call(iam, "delete", kind), {}),
    ]
    assert not any(allowed(call, **_named(kind), **more) for call, more in steps)
    _call(place.iam, "put", kind)(**_named(kind), PermissionsBoundary=good)
    assert all(allowed(call, **_named(kind), **more) for call, more in steps)
