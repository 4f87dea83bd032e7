"""What `bin/bench policy` measures is what it says it measures."""

from __future__ import annotations

import json

import pytest
from benchmarks.policy import figures, peer, peer_vestry, report
from benchmarks.policy.workload import ACCOUNT, DIFFERENT, FAMILIES, NAME, USER, Family

from vestry.policy.compile import compile_document
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.request import MappingContext

GET = MappingContext({"aws:username": NAME}).get


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_handful_of_statements_concerns_a_request_however_many_there_are(family: Family) -> None:
    for number in (10, 1000):
        text = json.dumps({"Version": "2012-10-17", "Statement": family.statements(number)})
        rules = compile_document(parse_document(text, DocumentKind.LIBRARY)).rules
        assert len(rules) == number
        concerned = [
            sum(
                rule.names_action(action.lower())
                and any(pattern.matches(resource, GET) for pattern in rule.resources or ())
                for rule in rules
            )
            for action, resource in family.requests(number)
        ]
        assert len(concerned) == DIFFERENT
        assert max(concerned) in (1, 2, 3)
        assert DIFFERENT // 2 < sum(map(bool, concerned)) < DIFFERENT


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_family_is_allowed_and_denied(family: Family) -> None:
    workload = {
        "statements": family.statements(100),
        "requests": family.requests(100),
        "account": ACCOUNT,
        "user": USER,
        "context": {"aws:username": NAME},
    }
    answers = [peer_vestry.allowed(question()) for question in peer_vestry.prepare(workload)]
    assert DIFFERENT // 3 < sum(answers) < DIFFERENT


def test_a_peer_counts_what_it_decides() -> None:
    asked: list[int] = []
    questions = [lambda n=n: asked.append(n) for n in range(7)]
    decided, taken = peer.measure(questions, 0.01)
    assert decided == len(asked)
    assert asked[:8] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert 0 < taken < 5


def test_marks_are_met_or_missed_by_the_figures() -> None:
    own = {"compiling": {"all three": 50_000.0}, "role": 200.0, "hostile": {"*a": times(10.0)}}
    rates = {size: {"Vestry": [200_000.0], "moto": [1000.0]} for size in (10, 1_000, 10_000, 100_000)}
    assert all(met for *_, met in report.marks(rates, own))
    slow = {"compiling": {"all three": 19_999.0}, "role": 1024.0, "hostile": {"*a": times(21.0)}}
    low = {size: {"Vestry": [119_999.0 if size == 10 else 95_000.0], "moto": [3000.0]} for size in rates}
    assert not any(met for *_, met in report.marks(low, slow))


def times(grown: float) -> list[tuple[int, int, float]]:
    return [(256, 256, 1.0), (1024, 1024, grown)]


def test_a_role_that_shares_its_documents_costs_less_than_a_kilobyte() -> None:
    assert figures.role_bytes() < report.ROLE
