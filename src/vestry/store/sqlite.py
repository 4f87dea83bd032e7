"""SQLite: a file that one process owns, its settings proven, its write-ahead log synced before COMMIT returns."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from vestry.store.failure import StoreError
from vestry.store.files import OwnedFile, sync_folder

#: The execution option of a transaction that writes: it takes the write lock when it begins.
WRITES = "vestry_writes"

_LEVELS = {True: ("FULL", 2), False: ("OFF", 0)}


def open_file(url: URL, *, durable: bool) -> tuple[Engine, OwnedFile | None]:
    """Return an engine on the URL's file, made (0600) where it is missing, and the lock that owns it.

    `durable` False is for stores that nobody will miss. Raises StoreError.
    """
    if url.query or url.host or url.get_driver_name() != "pysqlite":
        raise StoreError("The database must be given as sqlite:///PATH: options are not supported.")
    owned = None
    if url.database in {None, "", ":memory:"}:
        if durable:
            raise StoreError("A database in memory keeps nothing: give sqlite:///PATH, or use --ephemeral.")
    else:
        path = Path(str(url.database)).absolute()
        url = url.set(database=str(path))
        owned = _own(path)
    return _engine(url, durable=durable), owned


def _own(path: Path) -> OwnedFile:
    owned = OwnedFile(path.with_name(path.name + ".lock"), f"The database {path}")
    try:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return owned
        sync_folder(path.parent)
    except OSError as error:
        owned.release()
        raise StoreError(f"The database {path} cannot be made: {error.strerror}.") from None
    return owned


def _engine(url: URL, *, durable: bool) -> Engine:
    engine = create_engine(
        url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 10}
    )

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the "begin" event below starts transactions, not the driver
        try:
            set_durability(connection, durable=durable)
        except sqlite3.Error as error:
            raise StoreError(f"The database {url.database} cannot be opened: {error}.") from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def set_durability(connection: Any, *, durable: bool) -> None:
    """Choose what makes a commit durable, and prove that it was taken: SQLite ignores what it cannot do.

    `connection` is the driver's. Raises StoreError.
    """
    name, level = _LEVELS[durable]
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    # FULL syncs the log at each commit, and log and database at each checkpoint; on macOS only F_FULLFSYNC really does.
    for setting in (f"synchronous={name}", "fullfsync=ON", "checkpoint_fullfsync=ON"):
        connection.execute(f"PRAGMA {setting}")
    taken = connection.execute("PRAGMA synchronous").fetchone()[0]
    if taken != level or (mode != "wal" and (durable or mode != "memory")):
        raise StoreError(
            f"The database does not take durable settings (journal {mode}, synchronous {taken}): keep it on a local "
            "file system."
        )
