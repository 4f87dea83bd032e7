"""What is answered when a policy is written: one row a rule, in the words of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from vestry.errors import MalformedPolicyDocument
from vestry.policy.document import Document, DocumentKind, examine, parse_document, render

FOLDER = Path(__file__).parent / "language"


def laid_over(sound: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `sound` with `change` laid over it; null takes away."""
    merged = {**sound, **change}
    return {name: value for name, value in merged.items() if value is not None}


def text_of(case: dict[str, Any], sound: dict[str, Any]) -> str:
    """Return the document that a case speaks of."""
    if "text" in case:
        return str(case["text"])
    statements = [laid_over(sound, change) for change in case.get("statements", [case.get("change", {})])]
    return json.dumps(laid_over({"Version": "2012-10-17", "Statement": statements}, case.get("document", {})))


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.yaml")):
        table = yaml.safe_load(file.read_text())
        for case in table["cases"]:
            kinds = case.get("kinds", table["kinds"])
            for kind in kinds:
                text = text_of(case, table["sound"])
                wildcards = case.get("wildcards", False)
                # Hints are the same for all kinds; the first is asked.
                said = (case.get("answer"), case.get("hint") if kind in kinds[:1] else None)
                identifier = f"{file.stem}: {case['says']} ({kind})"
                yield pytest.param(DocumentKind(kind), text, said, wildcards, id=identifier)


@pytest.mark.parametrize(("kind", "text", "said", "wildcards"), list(cases()))
def test_a_policy_is_stored_or_answered_in_the_words_of_aws(
    kind: DocumentKind, text: str, said: tuple[str | None, str | None], wildcards: bool
) -> None:
    answer, hint = said
    document, findings = examine(text, kind, allow_wildcard_principals=wildcards)
    errors = [finding for finding in findings if finding.severity == "error"]
    if answer is None:
        parsed = parse_document(text, kind, allow_wildcard_principals=wildcards)
        assert isinstance(parsed, Document)
        assert parsed == document
        assert errors == []
        assert parse_document(render(parsed), DocumentKind.LIBRARY) == parsed
        return
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_document(text, kind, allow_wildcard_principals=wildcards)
    assert refused.value.message == answer
    assert hint is None or refused.value.hint == hint
    assert document is None
    if kind is DocumentKind.LIBRARY:
        assert any(error.message in answer for error in errors)
    else:
        assert answer in [error.answer for error in errors]
