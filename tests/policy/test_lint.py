"""What is legal but unwise: each warning, where it points, and that sound policies raise none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_language import laid_over

from vestry import limits
from vestry.policy.document import DocumentKind, examine

TABLE = yaml.safe_load((Path(__file__).parent / "lint.yaml").read_text())
STATEMENT = "Statement[0]"


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["says"])
def test_a_reviewer_questions(case: dict[str, Any]) -> None:
    statement = laid_over(TABLE["sound"][case["kind"]], case["change"])
    tree = laid_over({"Version": "2012-10-17", "Statement": [statement]}, case.get("document", {}))
    _, findings = examine(json.dumps(tree), DocumentKind(case["kind"]))
    warnings = [finding for finding in findings if finding.severity == "warning"]
    assert {finding.rule: finding.path for finding in warnings} == {
        rule: "" if path == "/" else f"{STATEMENT}.{path}".removesuffix(".")
        for rule, path in case.get("warns", {}).items()
    }
    assert all(finding.answer == "" for finding in warnings)
    if "text" in case:
        texts = case["text"] if isinstance(case["text"], list) else [case["text"]]
        assert [finding.message for finding in warnings] == texts


def test_a_warning_says_line_and_column() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow",\n  "Action": ["*"], "Resource": "*", "Sid": ""}}'
    document, findings = examine(text, DocumentKind.MANAGED)
    assert document is not None
    assert [(finding.rule, finding.line, finding.column) for finding in findings] == [
        ("allow-everything", 2, 15),
        ("sid-empty", 3, 37),
    ]


@pytest.mark.parametrize(
    ("kind", "limit", "answer"),
    [
        (DocumentKind.MANAGED, limits.MANAGED_POLICY_SIZE, "Cannot exceed quota for PolicySize: 6144"),
        (DocumentKind.TRUST, limits.TRUST_POLICY_SIZE, "Cannot exceed quota for ACLSizePerRole: 2048"),
        # The text names the user, group or role that would hold the policy.
        (DocumentKind.INLINE, limits.INLINE_SIZE_ROLE, ""),
        (DocumentKind.SESSION, limits.SESSION_POLICY_SIZE, ""),
        (DocumentKind.SCP, 10_240, ""),
        (DocumentKind.RCP, 5_120, ""),
    ],
)
def test_sizes_are_told_to_the_character(kind: DocumentKind, limit: int, answer: str) -> None:
    sound = TABLE["sound"][kind if kind in TABLE["sound"] else "managed"]
    tree = {"Version": "2012-10-17", "Id": "", "Statement": sound}
    short = len(json.dumps(tree, separators=(",", ":")))
    for more in (0, 1):
        text = json.dumps({**tree, "Id": "X" * (limit - short + more)}, indent=4)
        document, findings = examine(text, kind)
        assert document is not None
        said = f"the document has {limit + more} characters without white space; {limit} are allowed"
        told = [(one.rule, one.message, one.answer) for one in findings if one.severity == "error"]
        assert told == ([("size", said, answer)] if more else [])


def test_characters_that_the_api_does_not_take_are_told() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Id": "–", "Statement": TABLE["sound"]["managed"]}, ensure_ascii=False
    )
    _, findings = examine(text, DocumentKind.MANAGED)
    said = "the character '–' is not taken in policies: U+0020 to U+00FF and line ends are"
    assert [(finding.rule, finding.message, finding.answer) for finding in findings] == [
        ("characters", said, "")
    ]
    assert examine(text, DocumentKind.LIBRARY)[1] == ()
