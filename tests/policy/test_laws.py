"""The laws of evaluation, by name; each holds for whatever policies and requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import msgspec
import pytest
from test_engine_against_reference import layers_of

from amounts import examples
from reference.authorizer import Policies
from strategies import Chance, a_context, a_request, a_statement, seeded, some_policies
from vestry.policy.decide import Decision, Outcome, decide
from vestry.policy.document import Document, Statement
from vestry.policy.request import Kind, MappingContext, Request, Value

CASES = examples(800)
DENY_ALL = Statement(False, actions=("*",), resources=("*",))
ALLOW_ALL = Statement(True, actions=("*",), resources=("*",))


def cases(salt: str) -> Iterator[tuple[Chance, Request, Policies, Decision]]:
    """Requests with policies and what is decided; every law sees different ones."""
    start = Random(salt).randrange(10**9)
    for seed in range(start, start + CASES):
        chance = seeded(seed)
        request, policies = a_request(chance), some_policies(chance)
        yield chance, request, policies, decide(request, layers_of(policies))


def with_statement(documents: tuple[Document, ...], statement: Statement) -> tuple[Document, ...]:
    return (*documents, Document("2012-10-17", (statement,)))


def test_deny_wins() -> None:
    """A matching Deny in any policy of the caller's outweighs every Allow."""
    for _, request, policies, _ in cases("deny wins"):
        if request.principal.kind in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS):
            continue
        denied = replace(policies, identity=with_statement(policies.identity, DENY_ALL))
        assert decide(request, layers_of(denied)).outcome is Outcome.EXPLICIT_DENY


def test_default_is_deny() -> None:
    """Without any policy nobody but root may do anything."""
    for _, request, _, _ in cases("default deny"):
        decision = decide(request, layers_of(Policies()))
        root = request.principal.kind is Kind.ROOT and request.principal.account == request.resource_account
        assert decision.outcome is (Outcome.ALLOWED if root else Outcome.IMPLICIT_DENY)


def test_adding_a_deny_never_allows() -> None:
    for chance, request, policies, before in cases("adding a deny"):
        deny = a_statement(chance, effects=(False,))
        narrower = replace(policies, identity=with_statement(policies.identity, deny))
        if before.outcome is not Outcome.ALLOWED:
            assert decide(request, layers_of(narrower)).outcome is not Outcome.ALLOWED


def test_adding_an_allow_to_an_identity_policy_never_denies() -> None:
    for chance, request, policies, before in cases("adding an allow"):
        allow = a_statement(chance, effects=(True,))
        wider = replace(policies, identity=with_statement(policies.identity, allow))
        if before.outcome is Outcome.ALLOWED:
            assert decide(request, layers_of(wider)).outcome is Outcome.ALLOWED


@pytest.mark.parametrize(
    "without",
    [
        lambda policies: replace(policies, boundary=None),
        lambda policies: replace(policies, service_control=()),
        lambda policies: replace(policies, resource_control=()),
    ],
    ids=["boundary", "service control policies", "resource control policies"],
)
def test_a_boundary_and_control_policies_only_narrow(without: Callable[[Policies], Policies]) -> None:
    """What they allow was allowed without them."""
    for _, request, policies, decision in cases("only narrow"):
        if decision.outcome is Outcome.ALLOWED:
            assert decide(request, layers_of(without(policies))).outcome is Outcome.ALLOWED


def test_a_session_policy_only_narrows() -> None:
    """For whoever has permissions without one: all but federated users."""
    for _, request, policies, decision in cases("session"):
        if request.principal.kind is not Kind.FEDERATED_USER and decision.outcome is Outcome.ALLOWED:
            assert decide(request, layers_of(replace(policies, session=None))).outcome is Outcome.ALLOWED


def test_a_trust_policy_opens_no_more_than_a_resource_policy() -> None:
    for _, request, policies, _ in cases("trust"):
        trust = decide(request, layers_of(replace(policies, resource_is_trust=True)))
        ordinary = decide(request, layers_of(replace(policies, resource_is_trust=False)))
        if trust.outcome is Outcome.ALLOWED:
            assert ordinary.outcome is Outcome.ALLOWED


def test_order_is_irrelevant() -> None:
    """The order of statements and of documents changes no outcome."""

    def shuffled(document: Document) -> Document:
        statements = list(document.statements)
        Random(len(statements)).shuffle(statements)
        return msgspec.structs.replace(document, statements=tuple(statements))

    for _, request, policies, decision in cases("order"):
        resource = policies.resource
        other = replace(
            policies,
            identity=tuple(shuffled(document) for document in reversed(policies.identity)),
            resource=None if resource is None else shuffled(resource),
        )
        assert decide(request, layers_of(other)).outcome is decision.outcome


def test_an_allowing_statement_without_conditions_reads_no_context() -> None:
    """Condition keys are computed only when a candidate statement reads them."""

    class Unread:
        def get(self, key: str, /) -> Value:
            raise AssertionError(key)

    for _, request, _, _ in cases("lazy"):
        asked = Request(
            request.principal, request.action, request.resource, Unread(), request.resource_account
        )
        decide(asked, layers_of(Policies(identity=(Document("2012-10-17", (ALLOW_ALL,)),))))


def test_a_decision_names_statements_of_the_deciding_layer() -> None:
    """An explicit deny names the statement; a missing allow names none."""
    for _, _, _, decision in cases("statements"):
        effects = {rule.allow for rule in decision.statements}
        expected: dict[Outcome, tuple[set[bool], ...]] = {
            Outcome.EXPLICIT_DENY: ({False},),
            Outcome.IMPLICIT_DENY: (set(),),
            Outcome.ALLOWED: ({True}, set()),
        }
        assert effects in expected[decision.outcome]
        assert effects or decision.layer == "root" or decision.outcome is not Outcome.ALLOWED


def test_no_context_value_raises() -> None:
    """Any text in any key is compared or does not match."""
    noise = (
        "",
        "\0",
        "ÿ" * 300,
        "1e999999999",
        "9" * 5000,
        "-",
        "T",
        "::",
        "1.2.3.4/99",
        "${",
        "arn:::::",
        "=" * 9,
    )
    for chance, request, policies, _ in cases("noise"):
        values: dict[str, Value] = {key: chance.pick(noise) for key in a_context(chance)}
        asked = msgspec.structs.replace(request, context=MappingContext(values))
        decide(asked, layers_of(policies))
