"""`vestry serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from vestry.cli.choices import Data, Database, settings


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 4566,
    data: Data = None,
    database: Database = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Lifecycle lines on stdout as JSON.")] = False,
) -> None:
    """Answer IAM and STS on one port, until SIGTERM."""
    if ephemeral and database is not None:
        raise typer.BadParameter("--ephemeral keeps nothing: it goes with no --database")
    chosen = settings(data, database, host=host, port=port, ephemeral=ephemeral, json=json)
    from vestry.server.run import serve as run

    raise typer.Exit(run(chosen))
