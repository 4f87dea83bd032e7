"""Requests that a certificate's key signs: AWS4-X509-RSA-SHA256 and AWS4-X509-ECDSA-SHA256.

The canonical request is SigV4's. The signature is made over the string to sign with the certificate's own private key, and
nothing is derived. Source: IAM Roles Anywhere User Guide, "The authentication signing process".
"""

from __future__ import annotations

import re
from base64 import b64decode

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from vestry import limits
from vestry.credentials.authorities import UNREADABLE, Key, read_certificate, strong_key
from vestry.credentials.canonical import hashed_request
from vestry.credentials.encoding import Headers, gathered
from vestry.credentials.sigv4 import (
    SignedRequest,
    check_signed,
    missing_parts,
    read_credential,
    read_date,
    read_parts,
)
from vestry.errors import IncompleteSignature, MissingAuthenticationToken, SignatureDoesNotMatch

_RSA, _ECDSA = "AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256"
CERTIFICATE, CHAIN = b"x-amz-x509", b"x-amz-x509-chain"

_SERIAL = re.compile(r"[1-9][0-9]{0,48}", re.ASCII)
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{2}){1,1024}", re.ASCII)


class CertifiedRequest(msgspec.Struct, frozen=True, gc=False):
    """What a request says of its own signature. INVARIANT: made only by `read_certified`; proven by `verify_certified`.

    `signed.access_key` is the serial number that the credential names. `certificate` is the one whose key signed, `chain`
    what was sent to lead from it to an authority, in any order.
    """

    signed: SignedRequest
    algorithm: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


def read_certified(headers: Headers) -> CertifiedRequest:
    """Return what a request claims; header names are lower case.

    1. It is signed by its Authorization header, with one of the two algorithms.
    2. The header is a list of key=value pairs; no part is missing, none is repeated; X-Amz-Date is ISO 8601 basic.
    3. `host` is signed, and so is every x-amz-* header that was sent: date, certificate and chain with them.
    4. The credential has five elements, of which the first is a serial number.
    5. X-Amz-X509 is a certificate, X-Amz-X509-Chain at most five, each in Base64 of DER.
    6. The serial number is that of the certificate.

    Raises MissingAuthenticationToken (1), IncompleteSignature (1, 2, 4, 5) and SignatureDoesNotMatch (3, 6).
    """
    found = gathered(headers)
    text = found.get(b"authorization", b"").decode("latin-1")
    if not text.startswith("AWS4-"):  # 1
        raise MissingAuthenticationToken
    algorithm, _, rest = text.partition(" ")
    if algorithm not in (_RSA, _ECDSA):  # 1
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts = read_parts(text, rest)
    timestamp = found.get(b"x-amz-date", b"").decode("latin-1")
    credential, signature, names = parts.get("Credential"), parts.get("Signature"), parts.get("SignedHeaders")
    if not credential or not signature or not names or not timestamp:  # 2
        raise missing_parts(parts, timestamp, text)
    timestamp, instant = read_date(timestamp)
    signed_headers = tuple(names.split(";"))
    check_signed(signed_headers, found)  # 3
    serial, date, region, service, terminator = read_credential(credential, None)
    if _SERIAL.fullmatch(serial) is None:  # 4
        raise IncompleteSignature(
            "Credential must begin with the serial number of the certificate, in decimal."
        )
    certificate, chain = _certificates(found)  # 5
    if str(certificate.serial_number) != serial:  # 6
        raise SignatureDoesNotMatch(hint="The serial number in Credential is not that of the certificate.")
    signed = SignedRequest(
        serial,
        date,
        region,
        service,
        terminator,
        signed_headers,
        signature,
        timestamp,
        instant,
        None,
        False,
        None,
    )
    return CertifiedRequest(signed, algorithm, certificate, chain)


def verify_certified(
    request: CertifiedRequest, method: str, path: str, query: bytes, headers: Headers, body: bytes
) -> None:
    """Raise SignatureDoesNotMatch unless the certificate's key signed exactly this request.

    1. The key is one that is verified with here, and of the algorithm's kind.
    2. The canonical request holds (`canonical.hashed_request`).
    3. The signature over the string to sign is that key's.
    """
    key = strong_key(request.certificate)
    if key is None or not isinstance(key, _KINDS[request.algorithm]):  # 1
        raise SignatureDoesNotMatch(hint="The certificate's key is too weak, or not of the algorithm's kind.")
    signed = request.signed
    hashed = hashed_request(signed, method, path, query, headers, body)  # 2
    scope = f"{signed.date}/{signed.region}/{signed.service}/{signed.terminator}"
    text = f"{request.algorithm}\n{signed.timestamp}\n{scope}\n{hashed}".encode("utf-8", "replace")
    if _HEXADECIMAL.fullmatch(signed.signature) is None or not _holds(
        key, bytes.fromhex(signed.signature), text
    ):  # 3
        raise SignatureDoesNotMatch


_KINDS: dict[str, type[rsa.RSAPublicKey] | type[ec.EllipticCurvePublicKey]] = {
    _RSA: rsa.RSAPublicKey,
    _ECDSA: ec.EllipticCurvePublicKey,
}


def _holds(key: Key, signature: bytes, text: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _certificates(found: dict[bytes, bytes]) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    own, chain = found.get(CERTIFICATE), found.get(CHAIN)
    if own is None:
        raise IncompleteSignature("The header X-Amz-X509 must hold the signing certificate.")
    pieces = chain.split(b",") if chain is not None else []
    if len(pieces) > limits.CHAIN_CERTIFICATES:
        raise IncompleteSignature(
            f"The header X-Amz-X509-Chain must not hold more than {limits.CHAIN_CERTIFICATES} certificates."
        )
    return _certificate(own), tuple(_certificate(piece) for piece in pieces)


def _certificate(text: bytes) -> x509.Certificate:
    try:
        return read_certificate(b64decode(text.strip(), validate=True))
    except UNREADABLE:
        raise IncompleteSignature("A certificate must be given as DER, encoded in Base64.") from None
