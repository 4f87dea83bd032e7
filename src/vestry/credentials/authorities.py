"""Certificate authorities as they are registered: the certificates that end a chain, and the lists of what they revoke.

Sources: IAM Roles Anywhere User Guide, "The IAM Roles Anywhere trust model" (constraints on trust anchors) and
"Revocation"; RFC 5280.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vestry import limits
from vestry.errors import ValidationError

#: What signs certificates, lists and requests here. SHA-1 and MD5 are not among them.
STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Extension = TypeVar("Extension", bound=x509.ExtensionType)

#: What reading a certificate or a list raises where a part of it is malformed, or not understood.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@lru_cache(maxsize=1024)  # of immutable text: nothing is decided by what is kept
def certificates_of(pem: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a bundle that was accepted when it was registered."""
    return tuple(x509.load_pem_x509_certificates(pem.encode()))


@lru_cache(maxsize=1024)
def list_of(pem: bytes) -> x509.CertificateRevocationList:
    """Return a revocation list that was accepted when it was imported."""
    return x509.load_pem_x509_crl(pem)


def check_authorities(pem: str) -> None:
    """Raise ValidationError unless a PEM bundle may be a trust anchor's.

    1. It is one or two certificates, and nothing that cannot be read.
    2. Each is a certificate authority's: basic constraints say so, which only an X.509v3 certificate has.
    3. Each may sign certificates, by its key usage.
    4. Each is signed with SHA-256 or stronger, and its key is one that is verified with here.
    """
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for one in found:
            _read_whole(one)
    except UNREADABLE:  # 1
        raise ValidationError(
            "The certificate bundle cannot be read as PEM-encoded X.509 certificates."
        ) from None
    if len(found) > limits.CERTIFICATES_PER_ANCHOR:
        raise ValidationError(
            f"A trust anchor has at most {limits.CERTIFICATES_PER_ANCHOR} certificates, but {len(found)} were given."
        )
    for one in found:
        if not _is_authority(one):  # 2
            raise ValidationError("Incorrect basic constraints for CA certificate.")
        if not _may_sign_certificates(one):  # 3
            raise ValidationError("Incorrect key usage for CA certificate.")
        if not is_strong(one) or strong_key(one) is None:  # 4
            raise ValidationError(
                "The CA certificate must use RSA or EC keys, and SHA-256 or stronger to be signed with."
            )


def check_list(pem: bytes, anchor: str) -> None:
    """Raise ValidationError unless PEM data is a revocation list that a trust anchor's certificates can vouch for.

    1. It is a list, signed with SHA-256 or stronger.
    2. Where it claims to be issued by one of the anchor's own certificates, that certificate signed it. (One of an
       authority below the anchor is judged when a chain has that authority.)
    """
    try:
        found = x509.load_pem_x509_crl(pem)
        _ = found.issuer, len(found)  # read now, not when somebody presents a certificate
        strong = isinstance(found.signature_hash_algorithm, STRONG)
    except UNREADABLE:
        raise ValidationError(
            "The CRL cannot be read as a PEM-encoded X.509 certificate revocation list."
        ) from None
    if not strong:  # 1
        raise ValidationError("The CRL must be signed with SHA-256 or stronger.")
    issuers = [one for one in certificates_of(anchor) if one.subject == found.issuer]
    if issuers and not any(signed_list(found, one) for one in issuers):  # 2
        raise ValidationError("The CRL is not signed by the trust anchor's certificate.")


def revokes(lists: Sequence[bytes], certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether one of the lists, signed by the issuer of `certificate`, has its serial number.

    A list whose next update is due still revokes what it has: it is never less than what was known.
    """
    for pem in lists:
        found = list_of(pem)
        if (
            found.issuer == certificate.issuer
            and found.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
            and signed_list(found, issuer)
        ):
            return True
    return False


def signed_list(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Tell whether a revocation list is signed by the key of `issuer`, which may sign lists where it says what it may."""
    key = strong_key(issuer)
    if key is None:
        return False
    try:
        usage = extension_of(issuer, x509.KeyUsage)
        return (usage is None or usage.crl_sign) and found.is_signature_valid(key)
    except (InvalidSignature, TypeError, *UNREADABLE):
        return False


def is_strong(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is signed with SHA-256 or stronger."""
    try:
        return isinstance(certificate.signature_hash_algorithm, STRONG)
    except UnsupportedAlgorithm:
        return False


def strong_key(certificate: x509.Certificate) -> Key | None:
    """Return a certificate's public key where it is RSA of 2048 to 8192 bits or on a NIST curve, None otherwise."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return key if limits.RSA_LEAST_BITS <= key.key_size <= limits.RSA_MOST_BITS else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key if isinstance(key.curve, _CURVES) else None
    return None


def read_certificate(der: bytes) -> x509.Certificate:
    """Return a certificate all parts of which can be read. Raises one of UNREADABLE."""
    certificate = x509.load_der_x509_certificate(der)
    _read_whole(certificate)
    return certificate


def _read_whole(certificate: x509.Certificate) -> None:
    """Read what is otherwise read when it is first asked for."""
    _ = certificate.version, certificate.subject, certificate.issuer, certificate.extensions


def extension_of(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    """Return an extension's value, None where there is none. Raises one of UNREADABLE."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = extension_of(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _may_sign_certificates(certificate: x509.Certificate) -> bool:
    usage = extension_of(certificate, x509.KeyUsage)
    return usage is not None and usage.key_cert_sign
