"""Schema migrations, run by Alembic when a store is older than the code."""
