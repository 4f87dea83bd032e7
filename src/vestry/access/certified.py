"""Who holds a certificate: from a request that its key signed, and a Root, to a Caller.

Source: IAM Roles Anywhere User Guide, "The authentication process", "The trust model", "CreateSession API".
"""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from vestry import limits
from vestry.access.caller import Caller, Proof, principal_of_provider
from vestry.access.proof import Submission
from vestry.arn import parse_arn
from vestry.credentials.authorities import certificates_of
from vestry.credentials.certificate_names import serial_name, source_identity_of, tags_of
from vestry.credentials.certificate_path import UNTRUSTED, check_path
from vestry.credentials.sigv4 import check_scope, check_time
from vestry.credentials.sigv4_x509 import read_certified, verify_certified
from vestry.directory.anywhere import AnywhereProfile, TrustAnchor
from vestry.directory.snapshot import Account, Root
from vestry.errors import AccessDenied

SERVICE = "rolesanywhere"


def prove_certificate(submission: Submission) -> Caller:
    """Return who signed a CreateSession with the key of a certificate.

    1. The request claims a signature by a certificate (`sigv4_x509.read_certified`).
    2. The scope is this service's and of this day, and the signature is not older than five minutes, nor so far ahead.
       Within these five minutes the same request is as good again, as on AWS.
    3. The certificate's key signed exactly this request.
    4. The trust anchor exists in the region of the signature, and is enabled.
    5. A path leads from the certificate to one of the anchor's, valid at the real time; nothing on it is in one of the
       anchor's enabled revocation lists (`certificate_path.check_path`).
    6. The profile is of the same account and region, is enabled, and has the role, which is of that account too.
    7. A role session name is given only where the profile accepts one; the holder's name can be a source identity.

    Raises MissingAuthenticationToken, IncompleteSignature, SignatureDoesNotMatch, AccessDenied.
    """
    message, parameters = submission.message, submission.parameters
    claim = read_certified(message.headers)  # 1
    check_scope(claim.signed, SERVICE)  # 2
    check_time(claim.signed, wall=submission.wall, skew=limits.X509_SKEW_SECONDS)
    verify_certified(claim, message.method, message.path, message.query, message.headers, message.body)  # 3
    region = claim.signed.region
    account, anchor = _anchor(submission.root, parameters["trustAnchorArn"], region)  # 4
    lists = [one.data for one in account.anywhere.lists_of(anchor) if one.enabled]
    check_path(
        claim.certificate, claim.chain, certificates_of(anchor.certificates), lists, submission.wall
    )  # 5
    profile = _profile(account, parameters["profileArn"], region, parameters["roleArn"])  # 6
    name = parameters.get("roleSessionName")
    if name is not None and not profile.accepts_name:  # 7
        raise AccessDenied(
            "Not authorized to set roleSessionName.", hint="Set acceptRoleSessionName on the profile."
        )
    identity = source_identity_of(claim.certificate)
    if identity is None:  # 7
        raise AccessDenied(
            f"Unable to assume role for {parameters['roleArn']}",
            hint="The common name cannot be a source identity.",
        )
    proof = Proof(
        provider=anchor.arn,
        subject=claim.certificate.subject.rfc4514_string(),
        session_name=name or serial_name(claim.certificate),
        keys={},
        tags=tags_of(claim.certificate, profile.mappings),
        source_identity=identity,
        certificate=claim.certificate.public_bytes(Encoding.DER),
    )
    return Caller(principal_of_provider(anchor.arn), account, "", proof=proof)


def _anchor(root: Root, arn: str, region: str) -> tuple[Account, TrustAnchor]:
    fields = parse_arn(arn)
    account = None if fields is None else root.accounts.get(fields.account)
    anchor = None if account is None else account.anywhere.anchors.get(arn.rpartition("/")[2])
    if account is None or anchor is None or anchor.arn != arn or anchor.region != region:
        raise AccessDenied(UNTRUSTED, hint=f"There is no trust anchor {arn} in the region {region}.")
    if not anchor.enabled:
        raise AccessDenied(UNTRUSTED, hint=f"The trust anchor {arn} is disabled.")
    return account, anchor


def _profile(account: Account, arn: str, region: str, role: str) -> AnywhereProfile:
    profile = account.anywhere.profiles.get(arn.rpartition("/")[2])
    refused = f"Unable to assume role for {role}"
    if profile is None or profile.arn != arn or profile.region != region:
        raise AccessDenied(refused, hint=f"There is no profile {arn} in the region {region}.")
    if not profile.enabled:
        raise AccessDenied(refused, hint=f"The profile {arn} is disabled.")
    if role not in profile.roles:
        raise AccessDenied(refused, hint=f"The profile {arn} does not have this role.")
    return profile
