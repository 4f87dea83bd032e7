"""The path from a certificate to an authority that is trusted. `cryptography` builds and judges it by RFC 5280; what IAM
Roles Anywhere demands besides is said to it as extension policies.

Source: IAM Roles Anywhere User Guide, "Signature validation".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from vestry import limits
from vestry.credentials.authorities import extension_of, is_strong, revokes
from vestry.errors import AccessDenied

UNTRUSTED = "Untrusted signing certificate"
INSUFFICIENT = "Untrusted certificate. Insufficient certificate"
REVOKED = "Untrusted certificate. Revoked certificate"
EXPIRED = "Untrusted certificate. Expired certificate"


def check_path(
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    lists: Sequence[bytes],
    wall: int,
) -> None:
    """Raise AccessDenied unless `certificate` may stand for its holder at `wall` (epoch seconds).

    1. It has a subject, and is signed with SHA-256 or stronger; it is no authority, and its key usage has digital
       signatures (which only an X.509v3 certificate can say).
    2. It is valid now.
    3. `chain` leads to one of `authorities`: each signed the one before it, is an authority that may sign certificates,
       has a strong key, is valid now, and keeps to its path length and name constraints; nothing critical is left
       ununderstood.
    4. None of them but the last is in a list of `lists` that its issuer signed.
    """
    _check_holder(certificate)  # 1
    moment = datetime.fromtimestamp(wall, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:  # 2
        raise AccessDenied(EXPIRED, hint="The certificate is not valid at this time.")
    path = _path(certificate, chain, authorities, moment)  # 3
    for one, issuer in pairwise(path):
        if revokes(lists, one, issuer):  # 4
            raise AccessDenied(REVOKED, hint=f"The certificate of {one.subject.rfc4514_string()} is revoked.")


def _check_holder(certificate: x509.Certificate) -> None:
    if not len(certificate.subject.rdns):
        raise AccessDenied(INSUFFICIENT, hint="It must have a subject.")
    if not is_strong(certificate):
        raise AccessDenied(INSUFFICIENT, hint="The algorithm that it is signed with is too weak.")
    constraints = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    if constraints is not None and constraints.ca:
        raise AccessDenied(INSUFFICIENT, hint="It is the certificate of an authority.")
    if usage is None or not usage.digital_signature:
        raise AccessDenied(INSUFFICIENT, hint="Its key usage must include digital signatures.")


def _path(
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    moment: datetime,
) -> Sequence[x509.Certificate]:
    builder = (
        PolicyBuilder()
        .store(Store(list(authorities)))
        .time(moment)
        .max_chain_depth(limits.CHAIN_CERTIFICATES)
    )
    builder = builder.extension_policies(ca_policy=_AUTHORITIES, ee_policy=ExtensionPolicy.permit_all())
    try:
        return builder.build_client_verifier().verify(certificate, list(chain)).chain
    except VerificationError as reason:
        raise AccessDenied(UNTRUSTED, hint=f"No path leads to the trust anchor: {reason}.") from None


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError("may not sign certificates")


#: That basic constraints say `CA` and that keys are strong is what `cryptography` demands of authorities by itself.
_AUTHORITIES = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
