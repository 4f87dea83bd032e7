"""From JSON text to a typed policy document, or to all its faults with their places. Parsing is validating.

`parse_document` answers as AWS does: the document, or the one fault that AWS would name, in its words. `examine`
answers as a careful reviewer does: every fault, and what is legal but unwise. Both run the same steps: `json_reader`
reads, `grammar` makes statements, `kinds` holds them to the rules of what the policy is for. A `Document` comes from
here only.
"""

from __future__ import annotations

import msgspec

from vestry.errors import MalformedPolicyDocument
from vestry.policy.elements import Condition, Document, Principals, Statement
from vestry.policy.grammar import Fault, nothing_read, read_policy
from vestry.policy.json_reader import (
    JsonFault,
    Path,
    Placed,
    line_and_column,
    place_json,
    read_json,
)
from vestry.policy.kinds import DocumentKind, answer_grammar, apply_rules, input_limit
from vestry.policy.lint import lint
from vestry.policy.principal_rules import invalid_principal, wildcard_principals
from vestry.policy.render import map_principals, render, rewrite_principals
from vestry.policy.sizes import document_size, oversize

__all__ = [
    "Condition",
    "Document",
    "DocumentKind",
    "Finding",
    "Principals",
    "Statement",
    "document_size",
    "examine",
    "invalid_principal",
    "map_principals",
    "parse_document",
    "render",
    "rewrite_principals",
    "wildcard_principals",
]


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing to say about a document: an error, which AWS refuses with `answer`, or a warning."""

    severity: str  # "error" or "warning"
    message: str
    path: str  # as in Statement[0].Action[1]; empty for the document itself
    line: int  # both counted from 1
    column: int
    rule: str
    answer: str


def parse_document(text: str, kind: DocumentKind, *, allow_wildcard_principals: bool = False) -> Document:
    """Return the document that `text` is, held to the rules of its kind.

    `allow_wildcard_principals` is for TRUST: a whole `{"AWS": "*"}` passes, as on AWS. Raises
    MalformedPolicyDocument with AWS's text; the hint says what is wrong, and where. Sizes and the characters that
    the API takes are the caller's to check.
    """
    faults: list[Fault] = []
    try:
        tree, members = read_json(text, input_limit(kind))
        reading = read_policy(tree, faults)
        if reading.members != members:
            faults += _repeated(place_json(text, input_limit(kind)))
    except JsonFault as fault:
        raise _refusal(text, kind, [_json_fault(kind, fault)], fault.offset) from None
    apply_rules(kind, reading, faults, allow_wildcard_principals=allow_wildcard_principals)
    if faults:
        raise _refusal(text, kind, faults)
    return reading.document()


def examine(
    text: str, kind: DocumentKind, *, allow_wildcard_principals: bool = True
) -> tuple[Document | None, tuple[Finding, ...]]:
    """Return the document, or None where `parse_document` refuses, and all findings in the order of the text.

    Errors are what AWS refuses, sizes and characters included; warnings what a careful reviewer would question.
    """
    faults: list[Fault] = []
    try:
        placed = place_json(text, input_limit(kind))
    except JsonFault as fault:
        return None, (_finding("error", _json_fault(kind, fault), text, fault.offset),)
    reading = read_policy(placed.root.plain(), faults)
    faults += _repeated(placed)
    apply_rules(kind, reading, faults, allow_wildcard_principals=allow_wildcard_principals)
    findings = [
        _finding("error", fault, text, placed.offset(fault.path))
        for fault in (*faults, *oversize(text, kind))
    ]
    findings += [_finding("warning", fault, text, placed.offset(fault.path)) for fault in lint(reading, kind)]
    findings.sort(key=lambda finding: (finding.line, finding.column))
    return (None if faults else reading.document()), tuple(findings)


def _repeated(placed: Placed) -> list[Fault]:
    """Return a fault for every name that stands twice in an object."""
    return [
        Fault("repeated-name", (*path, name), f"{name!r} stands twice in one object")
        for path, name, _ in placed.repeated
    ]


def _json_fault(kind: DocumentKind, fault: JsonFault) -> Fault:
    """Return what a text that is no JSON breaks, answered as the kind of document answers."""
    found = Fault("json", (), f"the text is not JSON: {fault.message}")
    answer_grammar(kind, found, nothing_read())
    return found


def _refusal(text: str, kind: DocumentKind, faults: list[Fault], offset: int = -1) -> MalformedPolicyDocument:
    """Return AWS's answer to the first of the faults, with what is wrong and where as the hint."""
    first = min(faults, key=lambda fault: fault.order)
    if offset < 0:
        offset = place_json(text, input_limit(kind)).offset(first.path)
    line, column = line_and_column(text, offset)
    where = _written(first.path)
    said = f"{where}: {first.message}" if where else first.message
    hint = f"{said} (line {line}, column {column})"
    return MalformedPolicyDocument(first.answer or hint, hint=hint)


def _finding(severity: str, fault: Fault, text: str, offset: int) -> Finding:
    line, column = line_and_column(text, offset)
    return Finding(severity, fault.message, _written(fault.path), line, column, fault.rule, fault.answer)


def _written(path: Path) -> str:
    """Return a path as people write it: Statement[0].Action[1]."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")
