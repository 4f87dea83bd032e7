"""The database: load everything, commit a batch of changes, keep the last uses.

A commit is one transaction, and durable when it returns: SQLite's write-ahead log is synced before COMMIT returns
(journal_mode=WAL, synchronous=FULL), which is checked and not assumed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from sqlalchemy import Engine, create_engine, delete, event, insert, inspect, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from vestry.credentials.vault import Vault
from vestry.directory.draft import EVERYTHING, Change
from vestry.directory.snapshot import Root, assemble
from vestry.directory.usage import Usage
from vestry.store import records
from vestry.store.failure import StoreError
from vestry.store.tables import SCHEMA, meta, metadata, revisions, rows, usage

__all__ = ["Store", "StoreError", "open_store"]

_PUT = upsert(rows)
_PUT = _PUT.on_conflict_do_update(
    index_elements=["account", "kind", "id"],
    set_={"version": _PUT.excluded.version, "body": _PUT.excluded.body},
)
_USE = upsert(usage)
_USE = _USE.on_conflict_do_update(
    index_elements=["id"],
    set_={name: _USE.excluded[name] for name in ("date", "service", "region")},
)


class Store:
    """An open store. It is used by one thread at a time; `commit` and `write_usage` may block on the disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self) -> Root:
        """Return everything that is stored. Raises StoreError."""
        query = select(rows.c.kind, rows.c.version, rows.c.body)
        try:
            with self._engine.connect() as connection:
                revision = connection.execute(select(revisions.c.revision)).scalar_one()
                entities = [records.decode(*row) for row in connection.execute(query)]
        except (SQLAlchemyError, records.UnknownRecord) as error:
            raise StoreError(f"The store cannot be read: {_short(error)}") from None
        return assemble(entities, revision)

    def commit(self, changes: Sequence[Change], revision: int) -> None:
        """Write all changes in one transaction, durable on return. Raises StoreError; nothing was written then."""
        try:
            with self._engine.begin() as connection:
                for change in changes:
                    if change.kind == EVERYTHING:
                        connection.execute(delete(rows).where(rows.c.account == change.account))
                    elif change.value is None:
                        gone = (rows.c.kind == change.kind, rows.c.id == change.id)
                        connection.execute(delete(rows).where(rows.c.account == change.account, *gone))
                    else:
                        version, body = records.encode(change.value)
                        row = (change.account, change.kind, change.id, version, body)
                        names = ("account", "kind", "id", "version", "body")
                        connection.execute(_PUT, dict(zip(names, row, strict=True)))
                connection.execute(update(revisions).values(revision=revision))
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot be written: {_short(error)}") from None

    def read_usage(self) -> dict[str, Usage]:
        """Return the last uses by access key id and role id. Raises StoreError."""
        try:
            with self._engine.connect() as connection:
                return {row[0]: Usage(*row[1:]) for row in connection.execute(select(usage))}
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot be read: {_short(error)}") from None

    def write_usage(self, fresh: Mapping[str, Usage]) -> None:
        """Write last uses. Raises StoreError."""
        found = [
            {"id": identifier, "date": last.date, "service": last.service, "region": last.region}
            for identifier, last in fresh.items()
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(_USE, found)
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot be written: {_short(error)}") from None

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


def open_store(url: str, master_key: bytes, *, durable: bool = True) -> Store:
    """Open a store, made or migrated where needed. Raises StoreError.

    A store that was sealed under another master key, or written by a newer Vestry, refuses to open.
    """
    try:
        engine = _engine(url, durable=durable)
        _prepare(engine)
        _check_key(engine, Vault(master_key))
    except SQLAlchemyError as error:
        raise StoreError(f"The store {url} cannot be opened: {_short(error)}") from None
    return Store(engine)


def _engine(url: str, *, durable: bool) -> Engine:
    wanted = "FULL" if durable else "OFF"
    engine = create_engine(
        url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 10}
    )

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" event below starts transactions
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute(f"PRAGMA synchronous={wanted}")
        level = connection.execute("PRAGMA synchronous").fetchone()[0]
        if mode not in ("wal", "memory") or level != (2 if durable else 0):
            raise StoreError(
                f"The database does not take durable settings (journal {mode}, synchronous {level})."
            )
        connection.execute("PRAGMA busy_timeout=10000")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _prepare(engine: Engine) -> None:
    """Bring the schema to SCHEMA: an empty database is made at once, an older one is migrated."""
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            metadata.create_all(connection)
            connection.execute(insert(meta), [{"name": "schema", "value": str(SCHEMA)}])
            connection.execute(insert(revisions), [{"id": 1, "revision": 0}])
            return
        if "meta" not in tables:
            raise StoreError("The database holds other tables: it is not a store of Vestry's.")
        present = int(_meta(connection, "schema") or 0)
        if present > SCHEMA:
            raise StoreError(
                f"The store has schema {present}, newer than this Vestry's {SCHEMA}: update Vestry."
            )
        if present < SCHEMA:
            _migrate(connection, present)


def _migrate(connection: Any, present: int) -> None:
    from alembic import command  # noqa: PLC0415 - a start that migrates nothing does not load it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("vestry.store") / "migrations"))
    config.attributes["connection"] = connection
    command.stamp(config, str(present) if present else "base")
    command.upgrade(config, str(SCHEMA))
    connection.execute(update(meta).where(meta.c.name == "schema").values(value=str(SCHEMA)))


def _check_key(engine: Engine, vault: Vault) -> None:
    with engine.begin() as connection:
        check = _meta(connection, "key-check")
        if check is None:
            connection.execute(
                insert(meta),
                [
                    {"name": "key-check", "value": vault.key_check().hex()},
                    {"name": "installation", "value": os.urandom(16).hex()},
                ],
            )
        elif not vault.is_key_of(bytes.fromhex(check)):
            raise StoreError(
                "The master key is not the one this store was made with. Check VESTRY_MASTER_KEY, or restore "
                "master.key from a backup."
            )


def _meta(connection: Any, name: str) -> str | None:
    value: str | None = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return value


def _short(error: Exception) -> str:
    """Return the cause without the statement and its values: they could hold what is stored."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200]
