"""The commands made callable from their rows, and how their failures are shown."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from vestry import __version__
from vestry.cli.failure import Failure
from vestry.cli.output import painted
from vestry.cli.overview import ABOUT, COMMANDS, GROUPS, Row

_CONTEXT = {"help_option_names": ["-h", "--help"]}


def application(rows: Sequence[Row] = COMMANDS) -> typer.Typer:
    """Return the application with the commands of `rows`; only their modules are imported."""
    top = _group("vestry", ABOUT)
    top.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for row in rows:
        *outer, name = row.words.split()
        place = top
        for word in outer:
            if word not in groups:
                groups[word] = _group(word, GROUPS[word])
                top.add_typer(groups[word], name=word)
            place = groups[word]
        module, _, attribute = row.function.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(f"vestry.cli.{module}"), attribute)
        context = {**_CONTEXT, "allow_interspersed_args": not getattr(function, "runs_a_command", False)}
        place.command(name, short_help=row.summary, context_settings=context)(function)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; return the exit code."""
    rows = [row for row in COMMANDS if arguments and row.words.split()[0] == arguments[0]]
    try:
        # Plain help and errors: the boxes of rich would cost a tenth of a second at each.
        application(rows or COMMANDS)(list(arguments), prog_name="vestry")
    except Failure as failure:
        show(failure)
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def show(failure: Failure) -> None:
    """Print a failure and its hint on stderr, in red on a terminal that wants colours."""
    sys.stderr.write(painted(f"vestry: {failure}", "31", sys.stderr) + "\n")
    if failure.hint:
        sys.stderr.write(f"        {failure.hint}\n")


def _group(name: str, summary: str) -> typer.Typer:
    return typer.Typer(
        name=name,
        help=summary,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
        add_completion=name == "vestry",
    )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vestry {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
