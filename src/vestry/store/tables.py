"""The tables. One row an entity: what is asked of entities is asked of the Root in memory, never of SQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table

#: The schema that this code writes; a migration leads to each.
SCHEMA = 1

metadata = MetaData()

#: What belongs to the store itself: schema, key-check, installation, and refused-commits where any were.
meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(255), nullable=False),
)

#: Bodies often have a kilobyte or two, which SQLite keeps better in a table with row ids than in the key's own tree.
rows = Table(
    "rows",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: One row, updated inside every transaction: the order of commits, and the guard against a second writer.
revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("date", BigInteger, nullable=False),
    Column("service", String(64), nullable=False),
    Column("region", String(64), nullable=False),
)
