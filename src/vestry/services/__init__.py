"""The API: one short function an operation, its authorization declared above it.

Enters: a `Call` that is already authenticated, validated and allowed. Leaves: the answer in the model's shape, and
changes on the call's draft. This room must not know bytes, sockets, SQL or who may do what beyond the declarations.
Start in `operation`, then `iam.roles`.
"""
