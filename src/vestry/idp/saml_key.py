"""The keys that sign SAML assertions, with the certificates that tell of them: one signs, those before it stay published."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from vestry.idp.home import Home

#: How many certificates stay in the metadata beside the newest.
KEPT = 2
_FILE = "saml.pem"
_PRIVATE_KEY = re.compile(b"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)
_DAYS = 3650


class Pair(NamedTuple):
    """A private key and its self-signed certificate."""

    key: RSAPrivateKey
    certificate: x509.Certificate


def new_pair() -> Pair:
    """Return a fresh pair. What its certificate says beside the key is looked at by nobody."""
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Vestry identity provider")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


def rotated(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return the pairs with a new one that signs; the oldest is dropped when there are too many."""
    return (new_pair(), *pairs[:KEPT])


def pairs_of(home: Home) -> tuple[Pair, ...]:
    """Return the provider's pairs, the signing one first; the first time one is made.

    Raises ValueError for a damaged file, OSError.
    """
    try:
        raw = (home.path / _FILE).read_bytes()
    except FileNotFoundError:
        pairs = (new_pair(),)
        keep(home, pairs)
        return pairs
    certificates = x509.load_pem_x509_certificates(raw)
    keys = [load_pem_private_key(block, None) for block in _PRIVATE_KEY.findall(raw)]
    if len(keys) != len(certificates):
        raise ValueError("a key without a certificate, or the other way round")
    return tuple(map(_pair, keys, certificates))


def keep(home: Home, pairs: Sequence[Pair]) -> None:
    """Write the pairs. Raises OSError."""
    home.write(
        _FILE,
        b"".join(
            pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + pair.certificate.public_bytes(Encoding.PEM)
            for pair in pairs
        ),
    )


def _pair(key: object, certificate: x509.Certificate) -> Pair:
    if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("the key is not RSA, or not the certificate's")
    return Pair(key, certificate)
