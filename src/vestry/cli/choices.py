"""Which store a command means: options, environment, and the default place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from vestry.cli.failure import Failure

if TYPE_CHECKING:
    from vestry.server.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory; else VESTRY_DATA.", show_default="the user's own"),
]
Database = Annotated[
    str | None,
    typer.Option("--database", help="The database, as sqlite:///PATH; else VESTRY_DATABASE.", metavar="URL"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_DATABASE_FILE = "vestry.db"  # what a data directory calls its own


class Place(NamedTuple):
    """A store: the data directory (key, lock, operator's socket) and the database's URL, None for the directory's own."""

    data: Path
    database: str | None


def place(data: Path | None, database: str | None) -> Place:
    """Return the store that the options mean, else the environment, else the user's own.

    Options go before the environment. Raises a usage error where both kinds are given at once, or for a database that
    is not supported.
    """
    if data is None and database is None:
        given = os.environ.get("VESTRY_DATA")
        data, database = Path(given) if given else None, os.environ.get("VESTRY_DATABASE") or None
    if database is None:
        return Place(data.absolute() if data is not None else _users_own(), None)
    if data is not None:
        raise typer.BadParameter(
            "choose the store by --data or by --database (or their variables), not by both"
        )
    file = _sqlite_file(database)
    # A directory of its own for each database: two of them never share a lock, a key or an operator's socket.
    folder = file.parent if file.name == _DATABASE_FILE else file.with_name(file.name + ".vestry")
    return Place(folder, f"sqlite:///{file}")


def settings(where: Place, **more: object) -> Settings:
    """Return settings for a store. Raises Failure for a master key that is none."""
    from vestry.server.settings import Settings

    return Settings(data=where.data, database=where.database, master_key=master_key(), **more)  # type: ignore[arg-type]


def master_key() -> bytes | None:
    """Return the master key of VESTRY_MASTER_KEY, None where it is not set."""
    import base64
    import binascii

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


def user_data() -> Path:
    """Return where the user's programs keep their data."""
    return Path(os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share"))


def _users_own() -> Path:
    return user_data() / "vestry"


def _sqlite_file(database: str) -> Path:
    """Return the file of an `sqlite:` URL. A URL of another kind may hold a password: only its scheme is named."""
    scheme, colon, rest = database.partition(":")
    if not colon:
        raise typer.BadParameter("--database takes a URL: sqlite:///PATH")
    scheme = scheme.lower()
    if scheme != "sqlite":
        raise typer.BadParameter(
            f"{scheme} databases are not supported yet: use sqlite:///PATH, or --data DIR"
        )
    path = rest.removeprefix("///") if rest.startswith("///") else rest
    if path in ("", "//", ":memory:"):
        raise typer.BadParameter("a database in memory is kept nowhere: use serve --ephemeral")
    if path.startswith("//") and not rest.startswith("////"):
        raise typer.BadParameter("an sqlite database has no host: use sqlite:///PATH")
    if "?" in path:
        raise typer.BadParameter("an sqlite database takes no options: use sqlite:///PATH")
    return Path(path).absolute()
