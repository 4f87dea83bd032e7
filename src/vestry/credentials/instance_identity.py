"""Proving an instance's identity document: a self-signed certificate, and signatures of a text as EC2 writes them.

Signatures are a pure function of key and text: RSA of 2048 bits with SHA-256, PKCS #1 v1.5, and no signing time among
what is signed. Sources: EC2 User Guide, "Instance identity documents"; RFC 2315, 8017.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs7,
)

_DAYS = 365 * 40
_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
#: Base64 stands on lines of this length, so that a frame of PEM can be put around it.
_COLUMNS = 64
_OPTIONS = (pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes, pkcs7.PKCS7Options.NoCerts)


def new_certificate(wall: int) -> tuple[bytes, str]:
    """Return a fresh private key (PKCS #8, DER) and its certificate (PEM), good from a day before `wall`.

    The operating system's randomness is used; it takes about a tenth of a second.
    """
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Vestry instance identity")])
    begins = datetime.fromtimestamp(wall, UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return private, certificate.public_bytes(Encoding.PEM).decode()


class IdentityKey:
    """A private key and its certificate, ready to sign."""

    __slots__ = ("_certificate", "_key")

    def __init__(self, private: bytes, certificate: str) -> None:
        key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey), "no other is made"
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(certificate.encode())

    def signature(self, text: bytes) -> str:
        """Return the signature of a text, in lines of base64."""
        return _lines(self._key.sign(text, padding.PKCS1v15(), hashes.SHA256()))

    def enveloped(self, text: bytes) -> str:
        """Return a text and its signature as PKCS #7 signed data without certificates, in lines of base64."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(text)
        signed = builder.add_signer(self._certificate, self._key, hashes.SHA256())
        return _lines(signed.sign(Encoding.DER, list(_OPTIONS)))


def _lines(raw: bytes) -> str:
    text = base64.b64encode(raw).decode()
    return "\n".join(text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS))
