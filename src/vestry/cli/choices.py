"""Which store a command means: options, environment, and the default place."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.failure import Failure

if TYPE_CHECKING:
    from vestry.server.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="VESTRY_DATA", help="The data directory.", show_default="the user's own"),
]
Database = Annotated[
    str | None,
    typer.Option("--database", envvar="VESTRY_DATABASE", help="The database, as sqlite:///PATH."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def data_directory(data: Path | None) -> Path:
    """Return the data directory: the one given, else the user's own."""
    if data is not None:
        return data
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "vestry"


def settings(data: Path | None, database: str | None, **more: object) -> Settings:
    """Return settings for the store that is meant. Raises Failure for a master key that is none."""
    from vestry.server.settings import Settings

    return Settings(data=data_directory(data), database=database, master_key=master_key(), **more)  # type: ignore[arg-type]


def master_key() -> bytes | None:
    """Return the master key of VESTRY_MASTER_KEY, None where it is not set."""
    text = os.environ.get("VESTRY_MASTER_KEY")
    if not text:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise Failure(
            "VESTRY_MASTER_KEY is not the base64 of 32 bytes.",
            "Make one with: head -c 32 /dev/urandom | base64",
        )
    return key
