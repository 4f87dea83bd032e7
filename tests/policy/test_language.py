"""What is answered when a policy is written: one row a rule, in the words of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from vestry import limits
from vestry.errors import MalformedPolicyDocument
from vestry.policy.document import Document, DocumentKind, Finding, examine, parse_document, render

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


def told(error: Finding) -> str:
    """Return a finding as the tables write it: the rule, the place in the document, what is wrong, the place in the text."""
    place = f"{error.path}: " if error.path else ""
    return f"{error.rule} {place}{error.message} (line {error.line}, column {error.column})"


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.yaml")):
        table = yaml.safe_load(file.read_text())
        for case in table["cases"]:
            kinds = case.get("kinds", table["kinds"])
            for kind in kinds:
                text = text_of(case, table["sound"])
                wildcards = case.get("wildcards", False)
                # Our own words are the same for all kinds; the first is asked.
                said = (case.get("answer"), case.get("faults") if kind in kinds[:1] else None)
                identifier = f"{file.stem}: {case['says']} ({kind})"
                yield pytest.param(DocumentKind(kind), text, said, wildcards, id=identifier)


@pytest.mark.parametrize("kind", DocumentKind)
def test_only_the_library_reads_documents_longer_than_the_apis_take(kind: DocumentKind) -> None:
    sound = {"Effect": "Allow", "Principal": "*", "Action": "a:B"}
    long = json.dumps({"Version": "2012-10-17", "Statement": sound}).ljust(limits.POLICY_INPUT_CHARACTERS + 1)
    document, findings = examine(long, kind)
    if kind is DocumentKind.LIBRARY:
        assert document == parse_document(long, kind)
        assert document is not None
        for change in ('"Extra": 1, "Version"', '"Version": "2012-10-17", "Version"'):
            with pytest.raises(MalformedPolicyDocument) as refused:
                parse_document(long.replace('"Version"', change), kind)
            assert "(line 1, column " in refused.value.message
        return
    with pytest.raises(MalformedPolicyDocument):
        parse_document(long, kind)
    (error,) = findings
    assert error.message == f"the text is not JSON: longer than {limits.POLICY_INPUT_CHARACTERS} characters"
    assert (error.line, error.column) == (1, limits.POLICY_INPUT_CHARACTERS + 1)


@pytest.mark.parametrize(("kind", "text", "said", "wildcards"), list(cases()))
def test_a_policy_is_stored_or_answered_in_the_words_of_aws(
    kind: DocumentKind, text: str, said: tuple[str | None, list[str] | None], wildcards: bool
) -> None:
    answer, faults = said
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
    if faults is not None:
        assert [told(error) for error in errors] == faults
        assert refused.value.hint in [fault.partition(" ")[2] for fault in faults]
    assert document is None
    if kind is DocumentKind.LIBRARY:
        assert any(error.message in answer for error in errors)
    else:
        assert answer in [error.answer for error in errors]


def test_whole_wildcards_are_the_trust_writing_operations_to_refuse() -> None:
    """A policy that is written refuses them where nothing else is said; a report takes them."""
    text = '{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
    with pytest.raises(MalformedPolicyDocument):
        parse_document(text, DocumentKind.TRUST)
    assert examine(text, DocumentKind.TRUST)[0] is not None
