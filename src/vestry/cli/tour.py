"""`vestry tour`: the main story, told by doing it."""

from __future__ import annotations

import typer


def tour() -> None:
    """Carry out cross-account role delegation on a throw-away store, and say why each answer is what it is."""
    from vestry.cli.story import tell

    raise typer.Exit(tell())
