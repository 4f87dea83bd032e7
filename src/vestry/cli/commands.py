"""The commands, and how their failures are shown."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from vestry import __version__
from vestry.cli import account, credentials, serve, tour
from vestry.cli.failure import Failure

app = typer.Typer(
    name="vestry",
    help="IAM roles and temporary credentials on your own machines, speaking AWS's wire protocols.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.add_typer(account.app, name="account")
app.command("env")(credentials.env)
app.command("exec", context_settings={"allow_interspersed_args": False})(credentials.execute)
app.command("tour")(tour.tour)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vestry {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run() -> int:
    """Run the command that the arguments name; return the exit code."""
    try:
        app()
    except Failure as failure:
        typer.secho(f"vestry: {failure}", err=True, fg="red" if sys.stderr.isatty() else None)
        if failure.hint:
            typer.echo(f"        {failure.hint}", err=True)
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
