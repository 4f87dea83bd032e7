"""Who and what exists: immutable values and their invariants.

Enters: values. Leaves: a `Root` (everything, at one revision), its accounts and their entities, and `Draft`, on which
an operation writes and which records the changes that the store makes durable. This room must not know requests,
callers, time or SQL. Start in `snapshot`, then `draft`.
"""
