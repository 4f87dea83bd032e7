"""The public keys with which an identity provider's tokens are verified: a JSON Web Key Set, read once and kept.

Source: RFC 7517; STS API reference, AssumeRoleWithWebIdentity (the algorithms).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from vestry import limits

#: Algorithm -> key type and, for elliptic curves, the curve. Nothing else verifies anything: no `none`, no shared secret.
ALGORITHMS: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "RS512": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
}
#: How long the moduli of 2048 and 8192 bits are in base64url: others are not even read.
_RSA_CHARACTERS = (341, 1368)
_CURVES = frozenset(curve for _, curve in ALGORITHMS.values() if curve)


class IssuerKey(msgspec.Struct, frozen=True):
    """One public key. `algorithm` is the only one that it may be used with, "" where it does not say."""

    id: str
    algorithm: str
    kind: str
    curve: str
    key: RSAKey | ECKey

    def fits(self, algorithm: str) -> bool:
        """Tell whether signatures of `algorithm` may be verified with this key."""
        return ALGORITHMS.get(algorithm) == (self.kind, self.curve) and self.algorithm in ("", algorithm)


class KeySet(msgspec.Struct, frozen=True):
    """An issuer's keys for signatures."""

    keys: tuple[IssuerKey, ...]

    def find(self, key_id: str, algorithm: str) -> IssuerKey | None:
        """Return the key with that id, or the only key that fits where a token names none ("")."""
        fitting = [key for key in self.keys if key.fits(algorithm) and (not key_id or key.id == key_id)]
        return fitting[0] if len(fitting) == 1 or (fitting and key_id) else None


def read_keys(document: Any) -> KeySet:
    """Return the keys of a decoded key set that can verify signatures; others are passed over.

    Raises ValueError for what is no key set. At most `limits.ISSUER_KEYS` keys are read; RSA keys are between 2048 and
    8192 bits.
    """
    rows = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise ValueError("no key set: it has no list of keys")  # noqa: TRY004 - a fault of the document, not of a caller
    found = (_key(row) for row in rows[: limits.ISSUER_KEYS] if isinstance(row, Mapping))
    return KeySet(tuple(key for key in found if key is not None))


def _key(row: Mapping[str, Any]) -> IssuerKey | None:
    kind, curve = row.get("kty"), row.get("crv", "")
    if row.get("use", "sig") != "sig" or "d" in row:
        return None
    algorithm, key_id = row.get("alg", ""), row.get("kid", "")
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        return None
    wanted = ("kty", "n", "e") if kind == "RSA" else ("kty", "crv", "x", "y")
    public = {name: row[name] for name in wanted if isinstance(row.get(name), str)}
    try:
        if kind == "RSA" and _RSA_CHARACTERS[0] <= len(public["n"]) <= _RSA_CHARACTERS[1]:
            key = RSAKey.import_key(public)
            if 2048 <= key.raw_value.key_size <= 8192:
                return IssuerKey(key_id, algorithm, "RSA", "", key)
        elif kind == "EC" and curve in _CURVES:
            return IssuerKey(key_id, algorithm, "EC", curve, ECKey.import_key(public))
    except (JoseError, ValueError, TypeError, KeyError):
        pass  # one bad key does not spoil the others
    return None
