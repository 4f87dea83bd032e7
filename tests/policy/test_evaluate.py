"""Which statements of a layer count, and which of several is the one that decided."""

from __future__ import annotations

from typing import Any

import pytest
from test_report import ALLOW_ALL, ANN, HERE, ask, policy

from vestry.policy.compile import Compiled
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.outcome import Layer
from vestry.policy.tables import FEW

OTHER = {"Principal": {"AWS": "444455556666"}}
OWN = {"Principal": {"AWS": HERE}}
SPARED = {"NotPrincipal": {"AWS": [HERE, ANN.arn]}}
DENY_ALL = ALLOW_ALL | {"Effect": "Deny"}


def layers_with(layer: Layer, own: Compiled) -> Layers:
    """Everything is allowed, but for what `own` says in its layer."""
    wide = policy(ALLOW_ALL)
    return Layers(
        identity=(own,) if layer is Layer.IDENTITY else (wide,),
        boundary=own if layer is Layer.BOUNDARY else wide,
        session=(own,) if layer is Layer.SESSION else (wide,),
        service_control=((own,),) if layer is Layer.SERVICE_CONTROL else ((wide,),),
        resource_control=((own,),) if layer is Layer.RESOURCE_CONTROL else ((wide,),),
    )


@pytest.mark.parametrize(
    "layer",
    [Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION, Layer.SERVICE_CONTROL, Layer.RESOURCE_CONTROL],
)
@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
def test_a_principal_in_a_policy_of_the_callers_own_must_name_the_caller(layer: Layer, many: bool) -> None:
    padding = [
        ALLOW_ALL | {"Resource": f"arn:aws:sqs:::{n}", "Effect": "Deny"} for n in range(3 * FEW * many)
    ]

    def outcome(*statements: dict[str, Any]) -> Outcome:
        return decide(ask("arn:aws:s3:::b", {}), layers_with(layer, policy(*padding, *statements))).outcome

    assert outcome(ALLOW_ALL | OWN) is Outcome.ALLOWED
    assert outcome(ALLOW_ALL | OTHER) is Outcome.IMPLICIT_DENY
    assert outcome(DENY_ALL | OTHER, ALLOW_ALL) is Outcome.ALLOWED
    assert outcome(ALLOW_ALL, DENY_ALL | OTHER, DENY_ALL | SPARED) is Outcome.ALLOWED
    assert outcome(ALLOW_ALL, DENY_ALL | OTHER, DENY_ALL | OWN) is Outcome.EXPLICIT_DENY


def test_a_boundary_does_not_change_whom_an_identity_policys_not_principal_spares() -> None:
    layers = Layers(identity=(policy(ALLOW_ALL, DENY_ALL | SPARED),), boundary=policy(ALLOW_ALL))
    assert decide(ask("*", {}), layers).outcome is Outcome.ALLOWED


def test_the_first_of_the_statements_that_name_the_caller_most_closely_is_told() -> None:
    closest = {"Principal": {"AWS": ANN.arn}}
    resource = policy(
        ALLOW_ALL | OWN | {"Sid": "Account"},
        ALLOW_ALL | closest | {"Sid": "One"},
        ALLOW_ALL | closest | {"Sid": "Two"},
        ALLOW_ALL | OWN | {"Sid": "Last"},
    )
    decision = decide(ask("*", {}), Layers(resource=resource))
    assert [rule.sid for rule in decision.statements] == ["One"]


def test_of_many_statements_of_a_resource_policy_those_of_the_action_count() -> None:
    others = [ALLOW_ALL | OWN | {"Action": f"s3:Do{n}"} for n in range(5 * FEW)]
    named = ALLOW_ALL | {"Principal": {"AWS": ANN.arn}, "Action": "s3:GetObject", "Sid": "Named"}
    for statements in ([*others, named], [named, *others]):
        decision = decide(ask("arn:aws:s3:::b", {}), Layers(resource=policy(*statements)))
        assert (decision.outcome, [rule.sid for rule in decision.statements]) == (Outcome.ALLOWED, ["Named"])
    assert decide(ask("*", {}), Layers(resource=policy(*others))).outcome is Outcome.IMPLICIT_DENY


@pytest.mark.parametrize("abroad", [False, True])
def test_every_layer_that_had_to_allow_is_told(abroad: bool) -> None:
    def one(sid: str, **more: Any) -> Compiled:
        return policy(ALLOW_ALL | {"Sid": sid} | more)

    layers = Layers((one("Identity"),), one("Boundary"), (one("Session"),), one("Resource", **OWN))
    request = ask("*", {})
    if abroad:
        request = type(request)(ANN, request.action, "*", request.context, "444455556666")
    told = [rule.sid for rule in decide(request, layers).statements]
    assert told == [*(["Resource"] if abroad else []), "Identity", "Boundary", "Session"]
