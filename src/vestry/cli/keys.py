"""`vestry keys`: the ring of keys that seal session tokens."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json


def rotate(
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Delete all other keys at once: EVERY session ends.")
    ] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Make a new key for session tokens. It is published first; the old one is kept for the longest session."""
    if revoke and not yes and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm("End every session of every account?", abort=True, err=True)
    found = operator.perform("keys.rotate", {"revoke": revoke}, data, database)
    _show(found, json)


def list_keys(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the keys: which is in use, which is published, which are kept, and until when."""
    _show(operator.perform("keys.list", {}, data, database), json)


def _show(found: Mapping[str, Any], json: bool) -> None:
    if json:
        output.answer(found, json, "")
        return
    rows = [[str(row["Number"]), row["Created"], _state(row)] for row in found["Keys"]]
    output.table(("Key", "Created", "State"), rows, right=("Key",))


def _state(row: Mapping[str, Any]) -> str:
    if "InUseFrom" in row:
        return f"published, in use from {row['InUseFrom']}"
    if "KeptUntil" in row:
        return f"kept until {row['KeptUntil']}"
    return str(row["State"])
