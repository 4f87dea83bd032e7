"""`vestry serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from vestry.cli.choices import Data, Database, place, settings


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 4566,
    data: Data = None,
    database: Database = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Keep nothing: a throw-away store that ends with the server.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print lifecycle lines as JSON, one a line.")] = False,
) -> None:
    """Answer IAM and STS on one port, until SIGTERM.

    The store is --data or --database, else VESTRY_DATA or VESTRY_DATABASE, else the user's data directory. Secrets are
    encrypted with the key kept beside the data, or with VESTRY_MASTER_KEY (base64 of 32 bytes).
    """
    if ephemeral and (data is not None or database is not None):
        raise typer.BadParameter("--ephemeral keeps nothing: it goes with neither --data nor --database")
    chosen = settings(place(data, database), host=host, port=port, ephemeral=ephemeral, json=json)
    from vestry.server.run import serve as run

    raise typer.Exit(run(chosen))
