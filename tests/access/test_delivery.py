"""A service hands a role to a machine only as the role's trust policy says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from vestry.access.delivery import Delivery, asked_of, deliver
from vestry.access.documents import Documents
from vestry.access.replay import explain_asked
from vestry.directory.entities import Role, Settings
from vestry.directory.snapshot import Root, assemble
from vestry.errors import AccessDenied

NUMBER, NOW = "111122223333", 1_795_478_400
INSTANCE = f"arn:aws:ec2:eu-west-1:{NUMBER}:instance/i-0123456789abcdef0"


def root(trust: dict[str, Any]) -> Root:
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return assemble(
        [Settings(NUMBER, "one", "incarnation", 1), Role(NUMBER, "AROAX", "web", "/", 1, document)], 1
    )


def trusting(
    actions: str | list[str], condition: dict[str, Any] | None = None, service: str = "ec2.amazonaws.com"
):
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": actions}
    return root(statement | ({"Condition": condition} if condition else {}))


def delivery(state: Root, **changes: Any) -> Delivery:
    role = state.accounts[NUMBER].role("web")
    assert role is not None
    plain = Delivery(
        "ec2.amazonaws.com",
        role,
        "i-0123456789abcdef0",
        "eu-west-1",
        NOW - 600,
        NOW + 3600,
        source_arn=INSTANCE,
        source_account=NUMBER,
    )
    return msgspec.structs.replace(plain, **changes)


TAGGED = {"tags": (("Team", "red"),), "transitive": ("Team",)}
ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
CASES: list[tuple[str, Root, dict[str, Any], bool]] = [
    ("a role that trusts the service is delivered", trusting("sts:AssumeRole"), {}, True),
    (
        "one that trusts another service is not",
        trusting("sts:AssumeRole", service="ecs-tasks.amazonaws.com"),
        {},
        False,
    ),
    (
        "nor to a service it does not name",
        trusting("sts:AssumeRole"),
        {"service": "pods.eks.amazonaws.com"},
        False,
    ),
    ("tags need sts:TagSession as well", trusting("sts:AssumeRole"), TAGGED, False),
    ("with it tags are delivered", trusting(ALL[:2]), TAGGED, True),
    ("a source identity needs its own action", trusting(ALL[:2]), {"source_identity": "ann"}, False),
    ("with it a source identity is delivered", trusting(ALL), {"source_identity": "ann"}, True),
    (
        "the source's ARN is a condition key",
        trusting(ALL, {"ArnEquals": {"aws:SourceArn": INSTANCE}}),
        {},
        True,
    ),
    (
        "another source's ARN does not match",
        trusting(ALL, {"ArnEquals": {"aws:SourceArn": "arn:aws:ec2:::x"}}),
        {},
        False,
    ),
    ("the source's account is one", trusting(ALL, {"StringEquals": {"aws:SourceAccount": NUMBER}}), {}, True),
    (
        "another account does not match",
        trusting(ALL, {"StringEquals": {"aws:SourceAccount": "1" * 12}}),
        {},
        False,
    ),
    ("request tags are", trusting(ALL, {"StringEquals": {"aws:RequestTag/team": "red"}}), TAGGED, True),
    (
        "so are their keys",
        trusting(ALL, {"ForAllValues:StringEquals": {"aws:TagKeys": "Other"}}),
        TAGGED,
        False,
    ),
    (
        "and the transitive ones",
        trusting(ALL, {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}}),
        TAGGED,
        True,
    ),
    ("the session's name is", trusting(ALL, {"StringLike": {"sts:RoleSessionName": "i-*"}}), {}, True),
    ("the time is that of asking", trusting(ALL, {"NumericEquals": {"aws:EpochTime": str(NOW)}}), {}, True),
    (
        "what the session is born with is asked",
        trusting(ALL, {"Null": {"ec2:RoleDelivery": "false"}}),
        {"context": (("ec2:roledelivery", "2.0"),)},
        True,
    ),
    ("a service has no address", trusting(ALL, {"Null": {"aws:SourceIp": "true"}}), {}, True),
    (
        "the region is the machine's",
        trusting(ALL, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        {},
        True,
    ),
]


@pytest.mark.parametrize(
    ("state", "changes", "allowed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_delivery_asks_the_trust_policy(state: Root, changes: dict[str, Any], allowed: bool) -> None:
    wanted = delivery(state, **changes)
    if allowed:
        assert deliver(wanted, state, Documents(), NOW).issuer == "AROAX"
    else:
        with pytest.raises(AccessDenied, match=r"is not authorized to perform: sts:"):
            deliver(wanted, state, Documents(), NOW)


def test_the_claims_are_those_of_the_delivery() -> None:
    state = trusting(ALL)
    wanted = delivery(
        state,
        policy="{}",
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        source_identity="ann",
        context=(("ec2:roledelivery", "1.0"),),
        **TAGGED,
    )
    claims = deliver(wanted, state, Documents(), NOW)
    for name in (
        "name",
        "issued",
        "expires",
        "policy",
        "policy_arns",
        "tags",
        "transitive",
        "source_identity",
        "context",
    ):
        assert getattr(claims, name) == getattr(wanted, name)
    assert (claims.account, claims.incarnation, claims.chained) == (NUMBER, "incarnation", False)


def test_a_refusal_can_be_explained() -> None:
    state = trusting("sts:AssumeRole", service="ecs-tasks.amazonaws.com")
    [told] = explain_asked(asked_of(delivery(state), NOW), Documents())
    assert told["decision"] != "allowed"
