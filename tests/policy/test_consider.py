"""One statement at a time: each element against the request, with what is to be said of it."""

from __future__ import annotations

from typing import Any

import pytest
from test_report import ALLOW_ALL, ANN, HERE, ask, policy

from vestry.policy.consider import Check, consider
from vestry.policy.decide import Layers, Outcome
from vestry.policy.explain import LayerReport, explain
from vestry.policy.outcome import Layer
from vestry.policy.principals import Match
from vestry.policy.request import Kind, Principal

ROLE = f"arn:aws:iam::{HERE}:role/dev"
SESSION = Principal(Kind.ROLE, HERE, f"arn:aws:sts::{HERE}:assumed-role/dev/s", ROLE, "AROADEV")


def principal_check(caller: Principal, element: dict[str, Any], effect: str = "Allow") -> tuple[Check, Match]:
    rule = policy(ALLOW_ALL | {"Effect": effect} | element).rules[0]
    considered = consider(rule, ask("*", {}, caller), of_resource=True)
    return considered.checks[2], considered.match


@pytest.mark.parametrize(
    ("caller", "written", "note", "match"),
    [
        (ANN, ("*",), "direct", Match.DIRECT),
        (ANN, (ANN.arn, HERE), "direct", Match.DIRECT),
        (SESSION, (ROLE,), "entity", Match.ENTITY),
        (SESSION, (HERE,), "account", Match.ACCOUNT),
        (SESSION, ("444455556666",), "", Match.NONE),
    ],
)
def test_how_closely_the_caller_is_named(
    caller: Principal, written: tuple[str, ...], note: str, match: Match
) -> None:
    check, found = principal_check(caller, {"Principal": {"AWS": list(written)}})
    assert check == Check("Principal", bool(match), written, caller.arn, note=note)
    assert found is match


def test_who_is_excepted() -> None:
    excepted = {"NotPrincipal": {"AWS": ["444455556666"]}}
    check, match = principal_check(ANN, excepted, "Deny")
    assert check == Check("NotPrincipal", True, ("444455556666",), ANN.arn)
    assert match


def test_a_statement_of_the_caller_names_nobody() -> None:
    considered = consider(policy(ALLOW_ALL).rules[0], ask("*", {}), of_resource=False)
    assert considered.matched
    assert considered.match is Match.DIRECT
    assert [check.element for check in considered.checks] == ["Action", "Resource"]
    assert considered.failed is None


@pytest.mark.parametrize(
    "element", [{"Principal": {"AWS": "444455556666"}}, {"NotPrincipal": {"AWS": [HERE, ANN.arn]}}]
)
def test_a_principal_in_a_policy_of_the_callers_own_is_asked_too(element: dict[str, Any]) -> None:
    considered = consider(
        policy(ALLOW_ALL | {"Effect": "Deny"} | element).rules[0], ask("*", {}), of_resource=False
    )
    assert not considered.matched
    assert considered.failed == considered.checks[2]


def test_a_statement_of_a_resource_policy_may_leave_the_resource_out() -> None:
    rule = policy({"Effect": "Allow", "Action": "*", "Principal": {"AWS": HERE}}).rules[0]
    considered = consider(rule, ask("arn:aws:s3:::b", {}), of_resource=True)
    assert considered.checks[1] == Check("Resource", True, (), "arn:aws:s3:::b")


@pytest.mark.parametrize(
    "operator", ["StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:StringEqualsIfExists"]
)
def test_an_operator_is_told_as_written(operator: str) -> None:
    rule = policy(ALLOW_ALL | {"Condition": {operator: {"aws:TagKeys": "a"}}}).rules[0]
    check = consider(rule, ask("*", {"aws:TagKeys": ("a",)}), of_resource=False).checks[2]
    assert (check.operator, check.key, check.written, check.found) == (
        operator,
        "aws:TagKeys",
        ("a",),
        ("a",),
    )


def test_an_element_without_remark_has_an_empty_note() -> None:
    rule = policy(ALLOW_ALL | {"Condition": {"StringEquals": {"aws:username": "ann"}}}).rules[0]
    considered = consider(rule, ask("*", {"aws:username": "ann"}), of_resource=False)
    assert [check.note for check in considered.checks] == ["", "", ""]


BOUNDED = {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": [HERE, ANN.arn]}}


def test_whoever_has_a_boundary_is_denied_by_not_principal_in_a_resource_policy() -> None:
    """Explained as it is decided: the list spares who has no boundary only."""
    resource = policy(BOUNDED)
    for boundary, outcome in ((policy(ALLOW_ALL), Outcome.EXPLICIT_DENY), (None, Outcome.ALLOWED)):
        layers = Layers(identity=(policy(ALLOW_ALL),), boundary=boundary, resource=resource)
        explanation = explain(ask("*", {}), layers)
        assert explanation.decision.outcome is outcome
        (report,) = [one for one in explanation.layers if one.layer is Layer.RESOURCE]
        assert report.denies is (outcome is Outcome.EXPLICIT_DENY)
        assert not report.allows
    considered = consider(resource.rules[0], ask("*", {}), of_resource=False, bounded=True)
    assert not considered.matched


def test_a_layer_that_is_not_there_says_so() -> None:
    layers = Layers(resource_is_trust=True)
    trust, identity = explain(ask(ROLE, {}), layers).layers
    assert trust == LayerReport(Layer.TRUST, False, (), 0, 0)
    guest = Principal(Kind.FEDERATED_USER, HERE, f"arn:aws:sts::{HERE}:federated-user/f", ANN.arn)
    session = explain(ask(ROLE, {}, guest), Layers()).layers[-1]
    assert session == LayerReport(Layer.SESSION, False, (), 0, 0)
    assert session.present is False
    assert (identity.present, identity.denies, identity.allows) == (False, False, False)


def test_a_service_is_heard_by_no_policy_of_an_identity() -> None:
    service = Principal(Kind.SERVICE, "", "x.y")
    layers = Layers(
        identity=(policy(ALLOW_ALL),), resource=policy(ALLOW_ALL | {"Principal": {"Service": "x.y"}})
    )
    assert [one.layer for one in explain(ask("*", {}, service), layers).layers] == [Layer.RESOURCE]
