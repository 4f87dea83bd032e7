"""Schemas: what code makes and what migrations make are the same, and a migration is all or nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from suites.directories import EVERY_ENTITY, change, differences
from vestry.credentials.vault import Vault
from vestry.directory.entities import KINDS
from vestry.directory.snapshot import assemble
from vestry.store import schema, sqlite
from vestry.store.database import open_store
from vestry.store.tables import SCHEMA

KEY = bytes(range(32))
FIXTURES = Path(__file__).parent / "fixtures"


def described(path: Path) -> list[tuple[str, str, str, int, int]]:
    """Return table, column, type, nullability and place in the key of each column, as the file itself says it."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = [
            (table, name, kind, nullable, place)
            for (table,) in tables
            if table != "alembic_version"
            for _, name, kind, nullable, _, place in connection.execute(f"PRAGMA table_info({table})")
        ]
    return sorted(found)


def test_the_migrations_lead_to_the_schema_that_a_fresh_store_has(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/made.db", KEY).close()
    engine = create_engine(f"sqlite:///{tmp_path}/migrated.db")
    with engine.begin() as connection:
        schema.migrate(connection, 0, SCHEMA)
    engine.dispose()
    assert described(tmp_path / "made.db") == described(tmp_path / "migrated.db")


NEXT_SCHEMA = """
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{previous}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("usage", sa.Column("count", sa.Integer, nullable=False, server_default="0"))
    op.execute("{last}")
"""


def migrate_to_the_next(tmp_path: Path, url: str, last: str) -> None:
    """Migrate a store to a schema that only this test knows; `last` is the last thing that its migration does."""
    folder = tmp_path / "100% migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = NEXT_SCHEMA.format(number=SCHEMA + 1, previous=SCHEMA, last=last)
    (folder / "versions" / f"schema_{SCHEMA + 1}.py").write_text(text)
    engine, owned = sqlite.open_file(create_engine(url).url, durable=True)
    assert owned is not None
    try:
        with engine.connect().execution_options(**{sqlite.WRITES: True}) as connection, connection.begin():
            schema.migrate(connection, SCHEMA, SCHEMA + 1, folder)
    finally:
        engine.dispose()
        owned.release()


def filled(tmp_path: Path) -> str:
    """Return the URL of a store with every entity in it."""
    url = f"sqlite:///{tmp_path}/vestry.db"
    store = open_store(url, KEY)
    store.load()
    store.commit([change(entity) for entity in EVERY_ENTITY], 1)
    store.close()
    return url


def test_a_migration_keeps_what_is_stored_and_moves_the_schema(tmp_path: Path) -> None:
    url = filled(tmp_path)
    migrate_to_the_next(tmp_path, url, "UPDATE usage SET date = date")
    assert ("usage", "count", "INTEGER", 1, 0) in described(tmp_path / "vestry.db")
    with sqlite3.connect(tmp_path / "vestry.db") as connection:
        found = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchall()
        assert found == [(str(SCHEMA + 1),)]
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (len(EVERY_ENTITY),)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    url = filled(tmp_path)
    before = described(tmp_path / "vestry.db")
    with pytest.raises(SQLAlchemyError):
        migrate_to_the_next(tmp_path, url, "UPDATE nothing SET date = date")
    assert described(tmp_path / "vestry.db") == before
    store = open_store(url, KEY)
    assert differences(store.load(), assemble(EVERY_ENTITY, 1)) == []
    store.close()


def test_the_first_step_of_a_store_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that has tables but doesn't know its key would take any key."""

    def fail(self: Vault) -> bytes:
        raise KeyboardInterrupt

    url = f"sqlite:///{tmp_path}/vestry.db"
    with monkeypatch.context() as patched:
        patched.setattr(Vault, "key_check", fail)
        with pytest.raises(KeyboardInterrupt):
            open_store(url, KEY)
    assert described(tmp_path / "vestry.db") == []
    open_store(url, KEY).close()


@pytest.mark.parametrize("number", range(1, SCHEMA + 1))
def test_a_store_of_every_past_schema_opens(tmp_path: Path, number: int) -> None:
    """The fixtures were written by the code of their time, with the kinds of entity of that time, and never change."""
    path = tmp_path / "vestry.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FIXTURES / f"schema_{number}.sql").read_text())
        kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM rows")}
    assert kinds >= {"account", "user", "role", "policy", "key", "ring-key"}
    expected = [entity for entity in EVERY_ENTITY if KINDS[type(entity)] in kinds]
    store = open_store(f"sqlite:///{path}", KEY)
    assert differences(store.load(), assemble(expected, 1)) == []
    assert store.installation == "00112233445566778899aabbccddeeff"
    assert store.read_usage()["AKIA000000000000ROOT"].service == "iam"
    store.commit([], 2)
    store.close()


def test_a_start_that_migrates_nothing_does_not_load_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from vestry.store.database import open_store; open_store(sys.argv[1], bytes(32)).load(); "
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path}/vestry.db"], check=True)
