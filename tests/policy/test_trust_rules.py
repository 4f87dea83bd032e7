"""Trust policies: each fault has its own place, and hostile ones cost no more than their length."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from vestry.errors import MalformedPolicyDocument
from vestry.policy.document import DocumentKind, examine, parse_document
from vestry.policy.elements import Condition
from vestry.policy.shared_providers import missing_control, scoped_keys

ACCOUNT = "111122223333"
SUB = "token.actions.githubusercontent.com:sub"


def trust(**change: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", **change}


def text_of(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.mark.parametrize(
    ("kind", "principal", "paths"),
    [
        (DocumentKind.TRUST, {"AWS": "ann"}, ["AWS[0]"]),
        (DocumentKind.TRUST, {"AWS": ["ann"]}, ["AWS[0]"]),
        (DocumentKind.TRUST, {"AWS": [ACCOUNT, "ann", ACCOUNT, "ann"]}, ["AWS[1]", "AWS[3]"]),
        (DocumentKind.TRUST, {"AWS": [ACCOUNT, "*", "ann"]}, ["AWS[1]", "AWS[2]"]),
        (DocumentKind.TRUST, {"Service": ["a.example.com", "*", "*.b"]}, ["Service[1]", "Service[2]"]),
        (DocumentKind.RESOURCE, {"AWS": [ACCOUNT, "*", "a*", "b?"]}, ["AWS[2]", "AWS[3]"]),
    ],
)
def test_each_principal_at_fault_is_told_with_its_own_place(
    kind: DocumentKind, principal: dict[str, Any], paths: list[str]
) -> None:
    text = text_of(trust(Principal=principal))
    _, findings = examine(text, kind, allow_wildcard_principals=False)
    found = [finding for finding in findings if finding.rule == "principal-invalid"]
    assert sorted(finding.path for finding in found) == [f"Statement[0].Principal.{path}" for path in paths]


def test_an_effect_is_named_from_its_own_statement_behind_one_that_is_none() -> None:
    text = json.dumps({"Statement": ["none", trust(), trust(Effect="Second"), trust(Effect="Third")]})
    _, findings = examine(text, DocumentKind.TRUST)
    answers = [finding.answer for finding in findings if finding.rule == "effect-unknown"]
    assert answers == ["Invalid effect: Second", "Invalid effect: Third"]


@pytest.mark.parametrize(
    ("says", "condition", "missing"),
    [
        ("a value names the tenant", Condition("StringEquals", SUB, ("repo:us/a",)), ""),
        ("a key has no case", Condition("StringLike", SUB.upper(), ("repo:us/*",)), ""),
        ("a set operator that demands a value will do", Condition("StringLike", SUB, ("a",), "ForAnyValue"), ""),
        ("one that is true without values won't", Condition("StringLike", SUB, ("a",), "ForAllValues"), SUB),
        ("nor does one that spares an absent key", Condition("StringLike", SUB, ("a",), "", True), SUB),
        ("nor does a list with a wildcard alone", Condition("StringLike", SUB, ("a", "*")), SUB),
        ("nor does an empty list", Condition("StringLike", SUB, ()), SUB),
        ("nor does a negated operator", Condition("StringNotEquals", SUB, ("a",)), SUB),
        ("nor does another key", Condition("StringEquals", "token.actions.githubusercontent.com:aud", ("a",)), SUB),
    ],
)  # fmt: skip
def test_a_shared_provider_needs_its_tenant_named(says: str, condition: Condition, missing: str) -> None:
    scoped = scoped_keys((condition,))
    assert missing_control("token.actions.githubusercontent.com", scoped) == missing, says
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert missing_control(provider, scoped) == missing, says
    assert missing_control("accounts.example.com", scoped) == "", "other providers need nothing"


def steps(run: Callable[[], object]) -> int:
    """Return how many lines of Python `run` executes: a measure that no other work on the machine disturbs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def hostile(name: str, size: int) -> str:
    """Return a trust policy with `size` of the things that `name` says."""
    names = [f"{number:x}" for number in range(size)]
    match name:
        case "wrong effects":
            return text_of(*[trust(Effect="x")] * size)
        case "malformed principals":
            return text_of(trust(Principal={"AWS": names}))
        case "shared providers beside conditions":
            principal = {"Federated": ["gitlab.com"] * size}
            return text_of(trust(Principal=principal, Condition={"StringEquals": dict.fromkeys(names, "a")}))
        case _:
            raise ValueError(name)


@pytest.mark.parametrize(
    "name", ["wrong effects", "malformed principals", "shared providers beside conditions"]
)
def test_a_hostile_policy_costs_no_more_than_its_length(name: str) -> None:
    def refused(text: str) -> None:
        with pytest.raises(MalformedPolicyDocument):
            parse_document(text, DocumentKind.TRUST)

    short, long = hostile(name, 100), hostile(name, 400)
    refused(short)
    assert steps(lambda: refused(long)) < 5 * steps(lambda: refused(short))
