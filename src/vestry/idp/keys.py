"""The provider's signing keys: one that signs, and those before it, which stay published for tokens still about."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from joserfc.jwk import ECKey, KeyParameters, RSAKey

#: Algorithm -> curve; RSA has none.
CURVES = {"RS256": "", "RS384": "", "RS512": "", "ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
DEFAULT = "RS256"
#: How many keys stay published beside the newest.
KEPT = 2

SigningKey = RSAKey | ECKey


class KeyRing(msgspec.Struct, frozen=True):
    """Private keys, the signing one first. INVARIANT: every key has a `kid` and an `alg`."""

    keys: tuple[SigningKey, ...]

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self.keys[0]

    def rotated(self, algorithm: str) -> KeyRing:
        """Return the ring with a new signing key; the oldest is dropped when there are too many."""
        return KeyRing((new_key(algorithm), *self.keys[:KEPT]))

    def published(self) -> dict[str, list[Any]]:
        """Return the key set that everybody may read."""
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def written(self) -> bytes:
        """Return the ring as it is kept, secrets and all."""
        return msgspec.json.encode({"keys": [key.as_dict(private=True) for key in self.keys]})


def new_key(algorithm: str, key_id: str = "") -> SigningKey:
    """Return a fresh key for an algorithm of CURVES, with a random id unless one is given."""
    named: KeyParameters = {"kid": key_id or secrets.token_hex(8), "alg": algorithm, "use": "sig"}
    curve = CURVES[algorithm]
    return ECKey.generate_key(curve, named) if curve else RSAKey.generate_key(2048, named)


def first_ring() -> KeyRing:
    """Return the ring of a new provider."""
    return KeyRing((new_key(DEFAULT),))


def read_ring(raw: bytes) -> KeyRing:
    """Return a ring as it was kept. Raises ValueError for anything else."""
    rows = msgspec.json.decode(raw, type=dict[str, list[dict[str, str | list[str]]]])["keys"]
    keys: list[SigningKey] = []
    for row in rows:
        keys.append(ECKey.import_key(row) if row["kty"] == "EC" else RSAKey.import_key(row))
    if not keys:
        raise ValueError("there is no key")
    return KeyRing(tuple(keys))
