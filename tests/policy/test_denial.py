"""What AWS tells of a denial, and what it does not."""

from __future__ import annotations

import pytest

from strategies import ANN, HERE, SAML, THERE
from vestry.policy.decide import Decision, Layer, Outcome, denial_reason
from vestry.policy.request import Kind, MappingContext, Principal, Request

USER = Principal(Kind.USER, HERE, ANN, "", "AIDAANN")
MISSING, DENIED, ALLOWED = Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY, Outcome.ALLOWED

ROWS = [
    (MISSING, Layer.IDENTITY, " because no identity-based policy allows the iam:CreateUser action"),
    (DENIED, Layer.IDENTITY, " with an explicit deny in an identity-based policy"),
    (MISSING, Layer.BOUNDARY, " because no permissions boundary allows the iam:CreateUser action"),
    (DENIED, Layer.BOUNDARY, " with an explicit deny in a permissions boundary"),
    (MISSING, Layer.SESSION, " because no session policy allows the iam:CreateUser action"),
    (DENIED, Layer.SESSION, " with an explicit deny in a session policy"),
    (MISSING, Layer.RESOURCE, " because no resource-based policy allows the iam:CreateUser action"),
    (DENIED, Layer.RESOURCE, " with an explicit deny in a resource-based policy"),
    (MISSING, Layer.TRUST, ""),
    (DENIED, Layer.TRUST, " with an explicit deny in the role trust policy"),
    (MISSING, Layer.SERVICE_CONTROL, " because no service control policy allows the iam:CreateUser action"),
    (DENIED, Layer.SERVICE_CONTROL, " with an explicit deny in a service control policy"),
    (MISSING, Layer.RESOURCE_CONTROL, " because no resource control policy allows the iam:CreateUser action"),
    (DENIED, Layer.RESOURCE_CONTROL, " with an explicit deny in a resource control policy"),
    (ALLOWED, Layer.IDENTITY, ""),
]


def request(principal: Principal = USER, account: str = HERE) -> Request:
    return Request(principal, "iam:CreateUser", "*", MappingContext({}), account)


@pytest.mark.parametrize(
    ("outcome", "layer", "expected"), ROWS, ids=[f"{row[0]} by {row[1]}" for row in ROWS]
)
def test_reason(outcome: Outcome, layer: Layer, expected: str) -> None:
    assert denial_reason(request(), Decision(outcome, layer)) == expected


def test_across_accounts_a_reason_is_given_only_within_an_organization() -> None:
    decision = Decision(MISSING, Layer.IDENTITY)
    assert denial_reason(request(account=THERE), decision) == ""
    assert denial_reason(request(account=THERE), decision, same_organization=True) == ROWS[0][2]


@pytest.mark.parametrize(
    "caller",
    [
        Principal(Kind.ANONYMOUS),
        Principal(Kind.SERVICE, "", "x.amazonaws.com"),
        Principal(Kind.FEDERATED, "", SAML),
    ],
)
def test_whoever_has_no_identity_is_given_no_reason(caller: Principal) -> None:
    assert denial_reason(request(caller, ""), Decision(MISSING, Layer.RESOURCE)) == ""


def test_an_explicit_deny_names_the_managed_policy() -> None:
    arn = "arn:aws:iam::111122223333:policy/DenyX"
    told = denial_reason(request(), Decision(DENIED, Layer.IDENTITY), policy_arn=arn)
    assert told == f" with an explicit deny in an identity-based policy: {arn}"
    assert denial_reason(request(), Decision(MISSING, Layer.IDENTITY), policy_arn=arn) == ROWS[0][2]
