"""Certificate authorities, certificates and revocation lists for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOW = dt.datetime.now(dt.UTC)


class Certified(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A fresh RSA key."""
    return rsa.generate_private_key(65537, bits)


def name(common: str | None, *more: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """A distinguished name."""
    first = [] if common is None else [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name([*first, *(x509.NameAttribute(oid, value) for oid, value in more)])


def usage(**allowed: bool) -> x509.KeyUsage:
    """A key usage that allows these and nothing else."""
    everything = (
        *(
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
        ),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{one: allowed.get(one, False) for one in everything})


def issue(
    subject: str | x509.Name,
    issuer: Certified | None = None,
    *,
    key: Key | None = None,
    authority: bool | None = False,
    path_length: int | None = None,
    key_usage: x509.KeyUsage | bool | None = True,
    days: tuple[float, float] = (-1, 30),
    digest: Any = None,
    serial: int | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Certified:
    """Issue a certificate; without an issuer it signs itself. `authority` None: no basic constraints at all."""
    key = key or ec_key()
    named = name(subject) if isinstance(subject, str) else subject
    signer = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + dt.timedelta(days=days[0]))
        .not_valid_after(NOW + dt.timedelta(days=days[1]))
    )
    if authority is not None:
        length = path_length if authority else None
        builder = builder.add_extension(x509.BasicConstraints(authority, length), critical=True)
    if key_usage is True:
        key_usage = usage(key_cert_sign=True, crl_sign=True) if authority else usage(digital_signature=True)
    if isinstance(key_usage, x509.KeyUsage):
        builder = builder.add_extension(key_usage, critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Certified(builder.sign(signer, digest or hashes.SHA256()), key)


def authority(common: str = "root", issuer: Certified | None = None, **more: Any) -> Certified:
    """A certificate authority."""
    return issue(common, issuer, authority=True, **more)


def revocation_list(
    issuer: Certified, *revoked: Certified, key: Key | None = None, days: float = 30, digest: Any = None
) -> bytes:
    """A revocation list (PEM) of an authority, signed by `key` where that is given."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW - dt.timedelta(days=2))
        .next_update(NOW + dt.timedelta(days=days))
    )
    for one in revoked:
        serial = one.certificate.serial_number
        entry = (
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - dt.timedelta(days=1))
        )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key or issuer.key, digest or hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
