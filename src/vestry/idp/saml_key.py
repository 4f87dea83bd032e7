"""The key that signs SAML assertions, with the certificate that tells of it: one pair, for as long as the folder."""

from __future__ import annotations

import datetime
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

_FILE = "saml.pem"
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


def pair_of(home: Home) -> Pair:
    """Return the provider's pair; the first time it is made. Raises ValueError for a damaged file, OSError."""
    try:
        raw = (home.path / _FILE).read_bytes()
    except FileNotFoundError:
        pair = new_pair()
        private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        home.write(_FILE, private + pair.certificate.public_bytes(Encoding.PEM))
        return pair
    key = load_pem_private_key(raw, None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the key is not RSA")  # noqa: TRY004 - a damaged file
    return Pair(key, x509.load_pem_x509_certificate(raw))
