"""The schema of a store and what it says of itself: made, migrated or refused when the store is opened."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, update

from vestry.credentials.vault import Vault
from vestry.store.failure import StoreError
from vestry.store.tables import SCHEMA, meta, metadata, revisions

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(connection: Connection, vault: Vault) -> str:
    """Bring an open transaction's store to SCHEMA and return its installation id. Raises StoreError.

    1. An empty database becomes a store of this master key's.
    2. A database that holds something else, or is of a newer schema, is refused.
    3. The master key must be the one that the store was made with; only then is anything written.
    4. An older schema is migrated, all or nothing.
    """
    tables = inspect(connection).get_table_names()
    if not tables:  # 1
        return _make(connection, vault)
    if meta.name not in tables:  # 2
        raise StoreError(
            "The database holds other tables: it is not a store of Vestry's. Choose another one."
        )
    found: dict[str, str] = dict(connection.execute(select(meta.c.name, meta.c.value)).all())
    if not found.keys() >= {"schema", "key-check", "installation"}:
        raise StoreError("The store does not say what it is: it is damaged. Restore it from a backup.")
    present = int(found["schema"])
    if present > SCHEMA:
        raise StoreError(f"The store has schema {present}, newer than this Vestry's {SCHEMA}: update Vestry.")
    if not vault.is_key_of(bytes.fromhex(found["key-check"])):  # 3
        raise StoreError(
            "The master key is not the one this store was made with. Check VESTRY_MASTER_KEY, or restore "
            "master.key from a backup."
        )
    if present < SCHEMA:  # 4
        migrate(connection, present, SCHEMA)
    return found["installation"]


def _make(connection: Connection, vault: Vault) -> str:
    metadata.create_all(connection, checkfirst=False)
    installation = os.urandom(16).hex()
    said = {"schema": str(SCHEMA), "key-check": vault.key_check().hex(), "installation": installation}
    connection.execute(insert(meta), [{"name": name, "value": value} for name, value in said.items()])
    connection.execute(insert(revisions), [{"id": 1, "revision": 0}])
    return installation


def migrate(connection: Connection, present: int, wanted: int, folder: Path = MIGRATIONS) -> None:
    """Run the migrations in `folder` that lead from schema `present` (0: an empty database) to `wanted`."""
    from alembic import command  # noqa: PLC0415 - it takes long to load, and hardly any start needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.stamp(config, str(present) if present else "base")
    command.upgrade(config, str(wanted))
    connection.execute(update(meta).where(meta.c.name == "schema").values(value=str(wanted)))
