"""The database: load everything, commit a batch of changes, keep the last uses.

A commit is one transaction, and durable when it returns. INVARIANT: a store commits only on top of the revision that
it loaded or committed last; a second writer, should a lock ever fail, is found out and refused.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, bindparam, delete, make_url, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError

from vestry.credentials.vault import Vault
from vestry.directory.draft import EVERYTHING, Change
from vestry.directory.entities import Entity
from vestry.directory.snapshot import Root, assemble
from vestry.directory.usage import Usage
from vestry.store import records, schema, sqlite
from vestry.store.failure import StoreError
from vestry.store.tables import meta, revisions, rows, usage

__all__ = ["Store", "StoreError", "open_store"]

Row = dict[str, Any]

_LOAD = select(rows.c.account, rows.c.kind, rows.c.id, rows.c.version, rows.c.body)
_REVISION = select(revisions.c.revision)
_NEXT_REVISION = (
    update(revisions).where(revisions.c.revision == bindparam("known")).values(revision=bindparam("next"))
)
_DELETE = delete(rows).where(
    *(column == bindparam(f"of_{column.name}") for column in (rows.c.account, rows.c.kind, rows.c.id))
)
_DELETE_ACCOUNT = delete(rows).where(rows.c.account == bindparam("of_account"))
_IDS = select(rows.c.id).where(rows.c.account == bindparam("of_account"))
_FORGET = delete(usage).where(usage.c.id == bindparam("of_id"))


class _Database(NamedTuple):
    """What differs between engines: here ends the knowledge of which one it is."""

    engine: Engine
    insert: Callable[[Table], Any]
    writes: str
    release: Callable[[], None]


class Store:
    """An open store, used by one thread at a time; `commit` and `write_usage` wait for the disk.

    `installation` is the id that the store was given when it was made.
    """

    def __init__(self, database: _Database, installation: str) -> None:
        self.installation = installation
        self._database = database
        self._revision: int | None = None
        self._put = _upsert(database, rows, ("account", "kind", "id"))
        self._use = _upsert(database, usage, ("id",))
        self._say = _upsert(database, meta, ("name",))

    def load(self) -> Root:
        """Return everything that is stored. Raises StoreError, also for rows that a newer Vestry wrote."""
        collecting = gc.isenabled()
        gc.disable()  # it would walk a hundred thousand fresh objects again and again, and find none to free
        try:
            with _explained("read"), self._database.engine.connect() as connection:
                revision: int = connection.execute(_REVISION).scalar_one()
                read = records.Reader().read
                root = assemble((read(*row) for row in connection.execute(_LOAD)), revision)
        except (records.UnknownRecord, ValueError) as error:
            raise StoreError(f"The store cannot be read: {error}.") from None
        finally:
            if collecting:
                gc.enable()
        self._revision = revision
        return root

    def commit(self, changes: Sequence[Change], revision: int) -> None:
        """Write all changes in one transaction, durable on return, and call it `revision`.

        Raises StoreError: nothing was written then. A store that was never loaded does not commit.
        """
        if self._revision is None:
            raise StoreError("The store was not loaded: nothing can be committed.")
        try:
            batch = _settled(changes)
        except (ValueError, TypeError, OverflowError) as error:  # text that is no Unicode, for one
            raise StoreError(f"A change cannot be stored: {type(error).__name__}.") from None
        try:
            with _explained("written"), self._writing() as connection:
                self._write(connection, batch)
                self._move(connection, self._revision, revision)
        except StoreError:
            self._supersede()
            raise
        self._revision = revision

    def read_usage(self) -> dict[str, Usage]:
        """Return the last uses by access key id and role id. Raises StoreError."""
        with _explained("read"), self._database.engine.connect() as connection:
            return {row[0]: Usage(*row[1:]) for row in connection.execute(select(usage))}

    def write_usage(self, fresh: Mapping[str, Usage]) -> None:
        """Write last uses by access key id and role id. Raises StoreError; nothing was written then."""
        found = [
            {"id": identifier, "date": last.date, "service": last.service, "region": last.region}
            for identifier, last in fresh.items()
        ]
        if found:
            with _explained("written"), self._writing() as connection:
                connection.execute(self._use, found)

    def close(self) -> None:
        """Close the database, and let another process own it."""
        self._database.engine.dispose()
        self._database.release()

    def _move(self, connection: Connection, known: int, revision: int) -> None:
        moved = connection.execute(_NEXT_REVISION, {"known": known, "next": revision})
        if moved.rowcount != 1:
            raise StoreError("The store was changed by another process. Stop it, and start this one again.")

    def _supersede(self) -> None:
        """Write a little in the place of a commit that failed.

        When only its sync failed, it stands whole in the log, and a crash would bring it back although it was
        refused; what is written next takes its place. It must differ: SQLite writes no page that stays the same.
        """
        refused = select(meta.c.value).where(meta.c.name == "refused-commits")
        with suppress(StoreError), _explained("written"), self._writing() as connection:
            count = int(connection.execute(refused).scalar() or 0) + 1
            connection.execute(self._say, [{"name": "refused-commits", "value": str(count)}])

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._database.engine.connect() as plain:
            connection = plain.execution_options(**{self._database.writes: True})
            with connection.begin():
                yield connection

    def _write(self, connection: Connection, batch: _Batch) -> None:
        gone = batch.gone
        for account in batch.wiped:
            kept = {row["id"] for row in batch.written if row["account"] == account}
            held = connection.execute(_IDS, {"of_account": account}).scalars()
            _run(connection, _FORGET, [{"of_id": found} for found in held if found not in kept])
            connection.execute(_DELETE_ACCOUNT, {"of_account": account})
        _run(connection, _DELETE, gone)
        _run(connection, _FORGET, [{"of_id": row["of_id"]} for row in gone])
        _run(connection, self._put, batch.written)


def open_store(url: str, master_key: bytes, *, durable: bool = True) -> Store:
    """Open a store, made or migrated where needed, and own it until it is closed. Raises StoreError.

    A store that was made with another master key, or by a newer Vestry, refuses to open. Load it before the first
    commit.
    """
    with _explained("opened"), ExitStack() as undo:
        database = _open(url, durable=durable)
        undo.callback(database.release)
        undo.callback(database.engine.dispose)
        with database.engine.connect() as plain:
            connection = plain.execution_options(**{database.writes: True})
            with connection.begin():
                installation = schema.prepare(connection, Vault(master_key))
        undo.pop_all()
    return Store(database, installation)


def _open(url: str, *, durable: bool) -> _Database:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            f"{parsed.get_backend_name()!r} databases are not supported yet: use sqlite:///PATH."
        )
    engine, owned = sqlite.open_file(parsed, durable=durable)
    return _Database(engine, sqlite_insert, sqlite.WRITES, owned.release if owned is not None else _nothing)


def _nothing() -> None:
    """Release what was never owned."""


class _Batch(NamedTuple):
    """What is left of changes when each row is written once: accounts emptied first, rows deleted, rows written."""

    wiped: list[str]
    gone: list[Row]
    written: list[Row]


def _settled(changes: Iterable[Change]) -> _Batch:
    wiped: dict[str, None] = {}
    last: dict[str, dict[tuple[str, str], Entity | None]] = {}
    for change in changes:
        if change.kind == EVERYTHING:
            wiped[change.account] = None
            last[change.account] = {}
        else:
            last.setdefault(change.account, {})[change.kind, change.id] = change.value
    batch = _Batch(list(wiped), [], [])
    for account, entities in last.items():
        for (kind, identifier), entity in entities.items():
            if entity is not None:
                version, body = records.encode(entity)
                row = {"account": account, "kind": kind, "id": identifier, "version": version, "body": body}
                batch.written.append(row)
            elif account not in wiped:
                batch.gone.append({"of_account": account, "of_kind": kind, "of_id": identifier})
    return batch


def _upsert(database: _Database, table: Table, key: tuple[str, ...]) -> Any:
    statement = database.insert(table)
    fields = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=fields)


def _run(connection: Connection, statement: Any, values: list[Row]) -> None:
    if values:
        connection.execute(statement, values)


@contextmanager
def _explained(done: str) -> Iterator[None]:
    """Raise the engine's errors as StoreError, without statement and values: those could hold what is stored."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0][:200]
        hint = "Look at the disk: is it full, or can it only be read?"
        raise StoreError(f"The store cannot be {done}: {cause}. {hint}") from None
