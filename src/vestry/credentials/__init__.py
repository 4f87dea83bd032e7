"""Secrets and proofs: pure cryptography on values.

Enters: the bytes of a request, secrets, key rings, clock readings and entropy, all as arguments. Leaves: what a
signature claims (`sigv4`), whether it holds (`canonical`), sealed session tokens (`seal`, `session`, `packed`),
secrets encrypted at rest (`vault`) and new ones (`keys`). This room must not know accounts, users, what a policy
means, or HTTP servers; it has no clock, no randomness and no I/O of its own. Only faults leave it as exceptions,
apart from ValueError for a caller's own mistake. Start in `sigv4`, then `session`.
"""
