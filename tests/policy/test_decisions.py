"""The cases in the words of the IAM User Guide, through every door that they fit."""

from __future__ import annotations

import json

import pytest

from decision_cases import Case, cases
from decision_doors import line, naively
from reference.authorizer import authorize
from vestry.policy.decide import decide, denial_reason
from vestry.policy.explain import explain
from vestry.policy.simulate import Simulator

CASES = list(cases())
LINES = [(case, written) for case in CASES if (written := line(case)) is not None]
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])

_simulator = Simulator()


@every_case
def test_decision(case: Case) -> None:
    decision = decide(case.request, case.layers())
    assert (decision.outcome, case.by and decision.layer) == (case.answer, case.by), case.page
    if case.sids is not None:
        assert [rule.sid for rule in decision.statements] == case.sids
    if case.reason is not None:
        assert denial_reason(case.request, decision) == case.reason


@every_case
def test_the_naive_reading_decides_it_so(case: Case) -> None:
    assert authorize(case.request, naively(case)) == case.answer, case.page


@every_case
def test_its_explanation_decides_it_so(case: Case) -> None:
    decision = explain(case.request, case.layers()).decision
    assert (decision.outcome, case.by and decision.layer) == (case.answer, case.by), case.page


@pytest.mark.parametrize(("case", "written"), LINES, ids=[case.name for case, _ in LINES])
def test_simulate_decides_it_so(case: Case, written: bytes) -> None:
    answer = json.loads(_simulator.answer(written))
    assert (answer.get("decision"), case.by and answer.get("decidedBy")) == (case.answer, case.by), answer
    if case.sids is not None:
        assert [statement["sid"] for statement in answer["statements"]] == case.sids


def test_nearly_all_cases_can_be_said_to_simulate() -> None:
    assert len(LINES) > len(CASES) * 9 // 10


def test_every_case_has_a_sentence_and_a_question_of_its_own() -> None:
    """Sentences are compared without the name of their file, questions without the sentence."""
    sentences = [case.name.partition(": ")[2] for case in CASES]
    questions = [
        repr(
            (
                case.request.principal,
                case.request.action,
                case.request.resource,
                case.request.resource_account,
            )
        )
        + repr((sorted(case.context.items()), case.texts, case.trust, case.bound))
        for case in CASES
    ]
    assert len(set(sentences)) == len(sentences) >= 300
    assert len(set(questions)) == len(questions)
    assert all(case.page for case in CASES)
    assert not [one for one in sentences if one.split()[0] in ("and", "but", "nor", "or", "so", "which")]


def test_the_cases_speak_of_every_layer_and_every_kind_of_principal() -> None:
    assert {case.by for case in CASES} - {""} == {
        "service-control", "resource-control", "resource", "trust", "identity", "boundary", "session", "root",
    }  # fmt: skip
    assert len({case.request.principal.kind for case in CASES}) == 7
    assert (
        min(
            sum(case.answer == answer for case in CASES)
            for answer in ("allowed", "explicitDeny", "implicitDeny")
        )
        > 70
    )
