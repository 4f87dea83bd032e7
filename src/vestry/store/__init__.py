"""Durability: the only room with SQL.

Enters: changes, in batches. Leaves: a `Root` when the store is loaded. There are no queries beyond load and commit.
This room must not know requests, callers or what an entity means. Start in `database`, then `records`.
"""
