"""The fast engine says what the naive reading says, for whatever policies and requests."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from amounts import examples
from reference.authorizer import Policies, authorize
from reference.meaning import condition_holds
from strategies import (
    a_condition,
    a_context,
    a_request,
    conditions,
    contexts,
    policies,
    requests,
    seeded,
    some_policies,
)
from vestry.policy.compile import Compiled, compile_document, compile_set
from vestry.policy.conditions import predicate
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.document import Condition, Document, Statement
from vestry.policy.operators import OPERATORS
from vestry.policy.request import Kind, MappingContext, Principal, Request

CASES = examples(10_000)


def layers_of(policies: Policies, *, merged: bool = False) -> Layers:
    """The same policies, compiled; `merged` puts each layer's documents into one set."""

    def level(documents: tuple[Document, ...]) -> tuple[Compiled, ...]:
        compiled = tuple(compile_document(document) for document in documents)
        return (compile_set(compiled),) if merged else compiled

    def one(document: Document | None, *, bound: bool = False) -> Compiled | None:
        return None if document is None else compile_document(document, bound=bound)

    return Layers(
        level(policies.identity),
        one(policies.boundary),
        None if policies.session is None else level(policies.session),
        one(policies.resource, bound=policies.bound),
        policies.resource_is_trust,
        tuple(level(documents) for documents in policies.service_control),
        tuple(level(documents) for documents in policies.resource_control),
    )


def test_engine_decides_ten_thousand_random_cases_as_the_reference() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(CASES):
        chance = seeded(seed)
        request, policies = a_request(chance), some_policies(chance)
        expected = authorize(request, policies)
        found = decide(request, layers_of(policies, merged=seed % 5 == 0)).outcome
        assert found == expected, f"seed {seed}"
        outcomes[found] += 1
    assert min(outcomes[outcome] for outcome in Outcome) > CASES // 10, outcomes


@settings(max_examples=examples(100), deadline=None)
@given(requests(), policies())
def test_engine_decides_as_the_reference(request: Request, policies: Policies) -> None:
    expected = authorize(request, policies)
    assert decide(request, layers_of(policies)).outcome == expected
    assert decide(request, layers_of(policies, merged=True)).outcome == expected


def both_answers(condition: Condition, context: dict[str, str | tuple[str, ...] | None]) -> tuple[bool, bool]:
    document = Document("2012-10-17", (Statement(True, conditions=(condition,)),))
    request = Request(Principal(Kind.ANONYMOUS), "s3:GetObject", "*", MappingContext(context), "")
    expected = condition_holds(condition, request, document)
    return predicate(condition, variables=True)(request.context.get), expected


def test_every_operator_compares_ten_thousand_random_values_as_the_reference() -> None:
    answers: dict[str, set[bool]] = {name: set() for name in OPERATORS}
    for seed in range(CASES):
        chance = seeded(seed)
        condition, context = a_condition(chance), a_context(chance)
        found, expected = both_answers(condition, context)
        assert found is expected, (condition, context)
        answers[condition.operator].add(found)
    assert all(seen == {True, False} for seen in answers.values())


@settings(max_examples=examples(200), deadline=None)
@given(conditions(), contexts())
def test_every_operator_compares_as_the_reference(
    condition: Condition, context: dict[str, str | tuple[str, ...] | None]
) -> None:
    found, expected = both_answers(condition, context)
    assert found is expected
