"""`vestry explain`: why a request was denied, by its id; whether one would be allowed, by policies or by the store."""

from __future__ import annotations

import json as codec
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vestry.cli.choices import Data, Database, Json
from vestry.cli.failure import Failure
from vestry.cli.output import painted

_REQUEST_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLOURS = {"denies": "31", "allows": "32", "matches": "32", "does not match": "2"}


def explain(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A request id, or a file with one request as `simulate` reads it (- is stdin).",
            metavar="[REQUEST-ID | REQUEST.json]",
        ),
    ] = None,
    principal: Annotated[
        str | None, typer.Option(help="Who asks: an ARN, or a service's name.", metavar="ARN")
    ] = None,
    action: Annotated[str | None, typer.Option(help="What for, as iam:GetRole.", metavar="ACTION")] = None,
    resource: Annotated[
        str, typer.Option(help="On what; * for an action without resources.", metavar="ARN")
    ] = "*",
    context: Annotated[
        list[str] | None,
        typer.Option(help="A condition key; repeat a key to give it several values.", metavar="KEY=VALUE"),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say why: every layer, every statement, and the smallest change that would have allowed it.

    By request id, of a running server: every answer carries one (x-amzn-RequestId). By file, of the policies in it. By
    --principal and --action, of the policies in force.
    """
    if target is not None:
        if principal is not None or action is not None:
            raise typer.BadParameter("give a request id or file, or --principal and --action")
        told = _by_id(target, data, database) if _REQUEST_ID.fullmatch(target) else _by_file(target)
    elif principal is None or action is None:
        raise typer.BadParameter("give a request id, a file, or --principal and --action")
    else:
        from vestry.cli import operator

        arguments = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "context": _context(context or []),
        }
        told = operator.perform("explain.supposed", arguments, data, database)
    if json:
        sys.stdout.write(codec.dumps(told) + "\n")
        return
    for number, question in enumerate(told["questions"]):
        _show(question, first=number == 0)
    if not told["questions"]:
        why = told["refused"] or "every caller who is known may do it."
        sys.stdout.write(f"{told['operation']} asked no policy: {why}\n")


def _by_id(identifier: str, data: Path | None, database: str | None) -> dict[str, Any]:
    from vestry.cli import operator

    return operator.perform("explain.request", {"request_id": identifier}, data, database)


def _by_file(name: str) -> dict[str, Any]:
    from vestry.policy.explain import explain as explained
    from vestry.policy.report import report
    from vestry.policy.simulate import Simulator

    try:
        line = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Failure(
            f"cannot read {name}: {error.strerror}.", "It is neither a request id nor a file."
        ) from None
    try:
        question = Simulator().question(line)
    except ValueError as error:
        raise Failure(f"{name}: {error}.", "docs/policy.md describes a request.") from None
    return {"questions": [report(explained(question.request, question.layers), question.layers)]}


def _context(pairs: list[str]) -> dict[str, str | list[str]]:
    values: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE")
        values.setdefault(key, []).append(value)
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def _show(question: dict[str, Any], *, first: bool) -> None:
    answer, *rest = question["sentences"]
    colour = "32" if question["decision"] == "allowed" else "31"
    sys.stdout.write(("" if first else "\n") + painted(answer, f"1;{colour}") + "\n")
    for line in rest:
        words = (colour for ending, colour in _COLOURS.items() if line.rstrip(".").endswith(ending))
        sys.stdout.write(painted(line, next(words, "")) + "\n")
    for key in question["unknownKeys"]:
        sys.stdout.write(
            painted(f"Beware: no request ever has the condition key {key}; check its spelling.", "33") + "\n"
        )
