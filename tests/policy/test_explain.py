"""Explanations never disagree with decisions, and what they propose works."""

from __future__ import annotations

from random import Random

import pytest
from test_engine_against_reference import layers_of

from amounts import examples
from decision_cases import Case, cases
from strategies import a_request, seeded, some_policies
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.explain import Explanation, LayerReport, explain
from vestry.policy.outcome import Layer
from vestry.policy.remedy import AddStatement, RemoveStatement, SetKey, apply
from vestry.policy.request import Request
from vestry.policy.sentences import sentences

CASES = examples(1500)


def explained(salt: str, count: int = CASES) -> list[tuple[Request, Layers, Explanation]]:
    start = Random(salt).randrange(10**9)
    found = []
    for seed in range(start, start + count):
        chance = seeded(seed)
        request, layers = a_request(chance), layers_of(some_policies(chance))
        found.append((request, layers, explain(request, layers)))
    return found


def reports_of(explanation: Explanation, layer: Layer) -> list[LayerReport]:
    return [report for report in explanation.layers if report.layer is layer]


def test_the_decision_and_the_explanation_never_disagree() -> None:
    """A layer denies in the tree if and only if it was heard to deny; the statements that decided match in it."""
    for request, layers, explanation in explained("agree"):
        decision = explanation.decision
        assert decision == decide(request, layers)
        denying = [report.layer for report in explanation.layers if report.denies]
        assert bool(denying) is (decision.outcome is Outcome.EXPLICIT_DENY)
        for rule in decision.statements:
            assert any(
                one.rule is rule and one.matched for report in explanation.layers for one in report.considered
            )
        if decision.outcome is Outcome.EXPLICIT_DENY:
            assert decision.layer in denying
        if decision.outcome is Outcome.IMPLICIT_DENY and decision.layer in (
            Layer.IDENTITY,
            Layer.BOUNDARY,
            Layer.SESSION,
        ):
            assert not any(report.allows for report in reports_of(explanation, decision.layer))


def test_the_smallest_change_allows() -> None:
    """Whatever is proposed is applied, and the request decided again; nothing is proposed for what is allowed."""
    kinds = set()
    for request, layers, explanation in explained("change", examples(600)):
        if explanation.decision.outcome is Outcome.ALLOWED:
            assert not explanation.change
            continue
        assert explanation.change
        assert decide(*apply(request, layers, explanation.change)).outcome is Outcome.ALLOWED
        kinds |= {type(edit) for edit in explanation.change}
    assert kinds == {AddStatement, RemoveStatement, SetKey}


def test_no_part_of_the_smallest_change_is_superfluous() -> None:
    for request, layers, explanation in explained("superfluous", 400):
        for number in range(len(explanation.change)):
            fewer = explanation.change[:number] + explanation.change[number + 1 :]
            assert decide(*apply(request, layers, fewer)).outcome is not Outcome.ALLOWED


ALL = {case.name: case for case in cases()}


def case_named(text: str) -> Case:
    return ALL["worked-examples: " + text]


CHANGES = {
    "a user without policies may do nothing": [
        "Add to the identity policies: allow iam:GetUser on arn:aws:iam::111122223333:user/ann."
    ],
    "an explicit deny wins over what a group allows": [
        'Remove or narrow statement "NoUsers" (2) of the identity policies.'
    ],
    "without the external id the trust policy's condition is false": [
        'Make the request with "x" for the key sts:externalid.'
    ],
    "a deny for requests without MFA meets a long-term key where it says IfExists": [
        'Make the request with "true" for the key aws:multifactorauthpresent.'
    ],
    "trust in the account alone needs an identity policy": [
        "Add to the role trust policy: allow arn:aws:iam::111122223333:user/ann to sts:AssumeRole."
    ],
    "what the boundary does not allow is denied": [
        "Add to the permissions boundary: allow s3:GetObject on arn:aws:s3:::b/x."
    ],
    "a service control policy binds a member account's root user": [
        "Remove or narrow statement 2 of the service control policies, level 2."
    ],
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_in_words(name: str) -> None:
    case = case_named(name)
    told = list(sentences(explain(case.request, case.layers())))
    assert [
        line.strip() for line in told[told.index("The smallest change that would allow it:") + 1 :]
    ] == CHANGES[name]


def test_an_explanation_in_words() -> None:
    case = case_named("without the external id the trust policy's condition is false")
    assert list(sentences(explain(case.request, case.layers()))) == [
        "arn:aws:iam::111122223333:user/ann may not sts:AssumeRole on arn:aws:iam::111122223333:role/T: "
        "nothing in the role trust policy allows it.",
        "Role trust policy: says nothing about this.",
        "  Statement 1 (Allow) does not match: StringEquals sts:ExternalId wants x, the request has nothing.",
        "Identity policies: allows.",
        "  Statement 1 (Allow) matches.",
        "The smallest change that would allow it:",
        '  Make the request with "x" for the key sts:externalid.',
    ]


def test_every_explanation_can_be_told() -> None:
    for _, _, explanation in explained("told", 300):
        assert all(line.strip() for line in sentences(explanation))


@pytest.mark.parametrize("case", ALL.values(), ids=list(ALL))
def test_every_denied_case_has_a_change_that_allows_it(case: Case) -> None:
    layers = case.layers()
    explanation = explain(case.request, layers)
    assert explanation.decision.outcome == case.answer
    if case.answer != Outcome.ALLOWED:
        assert decide(*apply(case.request, layers, explanation.change)).outcome is Outcome.ALLOWED
