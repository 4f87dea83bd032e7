"""Signing web identity tokens: key pairs, their published form, and JSON Web Tokens.

Source: RFC 7515, 7517, 7519; STS API reference, GetWebIdentityToken (the two algorithms).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

#: Algorithm -> what the ids of its keys begin with.
ALGORITHMS: Mapping[str, str] = {"RS256": "RSA", "ES384": "EC384"}

PrivateKey = RSAKey | ECKey


def new_key_pair(algorithm: str, key_id: str) -> tuple[bytes, str]:
    """Return a fresh private key (PKCS #8, DER) and the JSON Web Key that is published for it.

    The operating system's randomness is used: an RSA key cannot be made of a few bytes. A new RSA key takes tens of
    milliseconds. Raises KeyError for another algorithm.
    """
    kind = ALGORITHMS[algorithm]
    made = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP384R1())
    private = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = load_private_key(private).as_dict(private=False)
    published = {"kty": public["kty"], "kid": key_id, "use": "sig", "alg": algorithm, **public}
    return private, msgspec.json.encode(published).decode()


def load_private_key(private: bytes) -> PrivateKey:
    """Return a private key, ready to sign."""
    key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAKey(key, key)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "only the two kinds of ALGORITHMS are made"
    return ECKey(key, key)


def sign_token(payload: bytes, algorithm: str, key_id: str, key: PrivateKey) -> str:
    """Return a JSON Web Token (compact form) of an encoded payload."""
    header = {"kid": key_id, "typ": "JWT", "alg": algorithm}
    return jws.serialize_compact(header, payload, key, algorithms=[algorithm])


def encode_claims(claims: Mapping[str, Any]) -> bytes:
    """Return claims as a token's payload."""
    return msgspec.json.encode(claims)
