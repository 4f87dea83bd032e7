"""The cases in the words of the IAM User Guide."""

from __future__ import annotations

import pytest

from decision_cases import Case, cases
from vestry.policy.decide import decide, denial_reason

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_decision(case: Case) -> None:
    decision = decide(case.request, case.layers())
    assert (decision.outcome, case.by and decision.layer) == (case.answer, case.by), case.page
    if case.sids is not None:
        assert [rule.sid for rule in decision.statements] == case.sids
    if case.reason is not None:
        assert denial_reason(case.request, decision) == case.reason


def test_every_case_has_a_sentence_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= 300
