"""Secrets and proofs: pure cryptography on values.

Enters: bytes, keys, entropy, the wall clock's reading. Leaves: verified signatures, sealed tokens and what they carry.
This room must not know accounts, policies, HTTP servers or where a secret is stored. Start in `sigv4`, then `seal`.
"""
