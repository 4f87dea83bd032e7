"""`vestry validate`: what IAM would refuse in a policy file, and what a careful reviewer would question."""

from __future__ import annotations

import json as codec
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli.choices import Json
from vestry.cli.failure import Failure
from vestry.cli.output import painted

if TYPE_CHECKING:
    from vestry.policy.document import DocumentKind, Finding


class PolicyType(StrEnum):
    """What a policy is for, in the words of people."""

    AUTO = "auto"
    IDENTITY = "identity"
    INLINE = "inline"
    BOUNDARY = "boundary"
    SESSION = "session"
    TRUST = "trust"
    RESOURCE = "resource"
    SCP = "scp"
    RCP = "rcp"


#: What the engine calls them, where its name is another.
_KINDS = {
    PolicyType.IDENTITY: "managed",
    PolicyType.BOUNDARY: "managed",
    PolicyType.SCP: "service-control",
    PolicyType.RCP: "resource-control",
}


def validate(
    files: Annotated[list[str], typer.Argument(help="Policy files; - is stdin.", metavar="FILE…")],
    kind: Annotated[
        PolicyType, typer.Option("--type", help="What the policies are for; auto looks at their elements.")
    ] = PolicyType.AUTO,
    json: Json = False,
) -> None:
    """Say what is wrong with policy files, with line and column. Exits 1 where IAM would refuse one."""
    from vestry.policy.document import examine

    reports: list[dict[str, Any]] = []
    for name in files:
        text = _read(name)
        found = _kind(text, kind)
        _, findings = examine(text, found)
        reports.append({"file": name, "type": found.value, "findings": [_row(one) for one in findings]})
        if not json:
            for one in findings:
                _show(name, one)
    errors = sum(row["severity"] == "error" for report in reports for row in report["findings"])
    warnings = sum(row["severity"] == "warning" for report in reports for row in report["findings"])
    if json:
        sys.stdout.write(codec.dumps(reports) + "\n")
    else:
        sys.stdout.write(
            f"{_count(len(reports), 'file')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}\n"
        )
    if errors:
        raise typer.Exit(1)


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Failure(f"cannot read {name}: {error.strerror}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{name} is not UTF-8 text.") from None


def _kind(text: str, wanted: PolicyType) -> DocumentKind:
    from vestry.policy.document import DocumentKind

    return _guess(text) if wanted is PolicyType.AUTO else DocumentKind(_KINDS.get(wanted, wanted.value))


def _guess(text: str) -> DocumentKind:
    """A policy with principals belongs to a resource: to a role where it is about assuming; others to identities."""
    from vestry.errors import MalformedPolicyDocument
    from vestry.policy.document import DocumentKind, parse_document

    try:
        document = parse_document(text, DocumentKind.LIBRARY)
    except MalformedPolicyDocument:
        return DocumentKind.RESOURCE if '"Principal"' in text else DocumentKind.MANAGED
    statements = document.statements
    if not any(one.principals is not None or one.not_principals is not None for one in statements):
        return DocumentKind.MANAGED
    assuming = all(
        action.lower().startswith("sts:")
        for one in statements
        for action in one.actions or one.not_actions or ()
    )
    return DocumentKind.TRUST if assuming else DocumentKind.RESOURCE


def _row(one: Finding) -> dict[str, Any]:
    return {
        "severity": one.severity,
        "message": one.message,
        "path": one.path,
        "line": one.line,
        "column": one.column,
        "rule": one.rule,
        "answer": one.answer or None,
    }


def _show(name: str, one: Finding) -> None:
    severity = painted(one.severity, "31" if one.severity == "error" else "33")
    path = f" {one.path}:" if one.path else ""
    sys.stdout.write(f"{name}:{one.line}:{one.column}: {severity}:{path} {one.message} [{one.rule}]\n")
    if one.answer and one.answer != one.message:
        sys.stdout.write(f"    IAM answers: {one.answer}\n")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
