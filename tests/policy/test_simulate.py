"""Lines of requests, decided (`simulate.yaml`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vestry.policy.simulate import Simulator

FILE = yaml.safe_load(Path(__file__).with_name("simulate.yaml").read_text())
CASES = FILE["cases"]
POLICIES = ("identityPolicies", "resourcePolicy", "permissionsBoundary", "sessionPolicies")
CONTROL = ("serviceControlPolicies", "resourceControlPolicies")


def named(value: Any) -> Any:
    """Put the policies in the place of their names."""
    return [named(one) for one in value] if isinstance(value, list) else FILE["policies"][value]


def line(case: dict[str, Any], **more: Any) -> bytes:
    """Return a case's line."""
    request = {
        key: named(value) if key in POLICIES + CONTROL else value for key, value in case["line"].items()
    }
    return json.dumps(request | more).encode()


@pytest.mark.parametrize("case", CASES, ids=[case["says"] for case in CASES])
def test_a_line_is_answered(case: dict[str, Any]) -> None:
    answer = json.loads(Simulator().answer(line(case, id=[7])))
    assert answer.pop("id") == [7]
    if "error" in case:
        assert list(answer) == ["error"]
        assert case["error"] in answer["error"]
    else:
        assert answer == case["answer"]


def test_one_simulator_answers_all_lines_as_many_do() -> None:
    shared = Simulator()
    for case in CASES * 2:
        assert shared.answer(line(case)) == Simulator().answer(line(case)), case["says"]


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_comes_is_answered_by_one_line(data: bytes) -> None:
    answer = Simulator().answer(data)
    assert b"\n" not in answer
    assert "error" in json.loads(answer)


def test_deep_nesting_is_an_error() -> None:
    assert "error" in json.loads(Simulator().answer(b"[" * 100_000))
    deep = line(CASES[0])[:-1] + b',"permissionsBoundary":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert "error" in json.loads(Simulator().answer(deep))


@pytest.mark.parametrize(
    ("says", "policy", "error"),
    [
        ("a managed policy has no Principal", {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}, "Policy document should not specify a principal."),
        ("and not more than 6144 characters", {"Effect": "Allow", "Action": ["s3:" + "a" * 60] * 120, "Resource": "*"}, "Cannot exceed quota for PolicySize: 6144"),
        ("a Resource is an ARN", {"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}, 'Resource bucket must be in ARN format or "*".'),
    ],
)  # fmt: skip
def test_strictly_a_policy_keeps_all_rules_of_its_kind(says: str, policy: dict[str, Any], error: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [policy]}
    request = json.dumps(
        {
            "principal": "111122223333",
            "action": "s3:GetObject",
            "resource": "*",
            "identityPolicies": [document],
        }
    ).encode()
    assert "decision" in json.loads(Simulator().answer(request)), says
    assert json.loads(Simulator(strict=True).answer(request))["error"] == f"identityPolicies[0]: {error}"
