"""CreateSession: a role's temporary credentials for who holds a certificate.

The service itself assumes the role, so the role's trust policy is asked whether it may (`access.delivery`).
Source: IAM Roles Anywhere User Guide, "CreateSession API", "The relationship between CreateSession and AssumeRole".
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vestry import limits
from vestry.access.caller import Proof
from vestry.access.certified import prove_certificate
from vestry.access.delivery import Delivery, deliver
from vestry.access.proof import ProvenBy
from vestry.arn import Arn, parse_arn, session_arn
from vestry.credentials.seal import SALT_BYTES
from vestry.credentials.session import SessionClaims, mint
from vestry.directory.anywhere import SeenCertificate, Sighting, anywhere_arn, subject_id
from vestry.directory.entities import Role
from vestry.errors import AccessDenied, Fault, NoSuchEntity, ValidationError
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.profiles import SERVICE
from vestry.services.sts.session_policy import check_policies, checked_size


@operation(
    "rolesanywhere:CreateSession",
    exempt="a certificate proves who asks; the role's trust policy is asked whether the service may assume the role",
    proof=ProvenBy(prove_certificate, heavy=True),
)
def create_session(call: Call) -> Answer:
    """Return temporary credentials of a role of a profile (parameters trustAnchorArn, roleSessionName are read by the
    proof). Errors: AccessDeniedException, ValidationException, InvalidSignatureException."""
    proof = _proof(call)
    region = _anchor(proof).region
    subject = anywhere_arn(
        region, call.account.id, "subject", subject_id(call.account.id, region, proof.subject)
    )
    try:
        role, claims, size = _session(call, proof)
    except Fault as refused:
        call.sight(_sighting(call, proof, failed=True))
        raise _unable(call, refused) from None
    call.sight(_sighting(call, proof, failed=False))
    minted = mint(call.keyring.ring(call.root), claims, call.entropy(SALT_BYTES))
    session = {
        "assumedRoleUser": {
            "arn": session_arn(role.account, role.name, claims.name),
            "assumedRoleId": f"{role.id}:{claims.name}",
        },
        "credentials": {
            "accessKeyId": minted.access_key_id,
            "secretAccessKey": minted.secret_access_key,
            "sessionToken": minted.token,
            "expiration": minted.expires,
        },
        "packedPolicySize": size,
        "roleArn": role.arn,
        "sourceIdentity": claims.source_identity,
    }
    return {"credentialSet": [session], "subjectArn": subject}


def _session(call: Call, proof: Proof) -> tuple[Role, SessionClaims, int | None]:
    """Return the role, the claims of its session and their packed size. Raises what AssumeRole would.

    1. The role exists.
    2. The session is as long as the profile has it, or as asked where that is shorter; the role allows that.
    3. The profile's session policies are such as a session can have, together with the tags.
    4. The role's trust policy lets the service assume it, tag the session and set the source identity, on behalf of the
       trust anchor.
    """
    arn, account = call.parameters["roleArn"], call.account
    profile = account.anywhere.profiles[call.parameters["profileArn"].rpartition("/")[2]]
    role = call.root.principal(arn)
    if not isinstance(role, Role):  # 1
        raise NoSuchEntity(f"The role {arn} does not exist.")
    duration = min(profile.duration, call.get("durationSeconds", profile.duration))
    if duration > role.longest_session:  # 2
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if len(proof.tags) > limits.TAGS_PER_RESOURCE:  # 3
        raise ValidationError("The certificate's attributes are more tags than a session can have.")
    check_policies(profile.policy, profile.managed, account)
    size = checked_size(profile.policy, profile.managed, proof.tags, True)
    delivery = Delivery(
        service=SERVICE,
        role=role,
        name=proof.session_name,
        region=profile.region,
        issued=call.now,
        expires=call.now + duration,
        source_arn=proof.provider,
        source_account=account.id,
        policy=profile.policy,
        policy_arns=profile.managed,
        tags=proof.tags,
        source_identity=proof.source_identity,
        vouched=True,
    )
    return role, deliver(delivery, call.root, call.documents, call.now), size  # 4


def _unable(call: Call, refused: Fault) -> AccessDenied:
    """Return the refusal as AWS words it: of the trust policy nothing is told."""
    text = f"Unable to assume role for {call.parameters['roleArn']}"
    if isinstance(refused, ValidationError):
        text += f". {refused.message}"
    if isinstance(refused, AccessDenied):
        return refused.reworded(text, hint=refused.message or "")
    return AccessDenied(text, hint=refused.message or "")


def _sighting(call: Call, proof: Proof, *, failed: bool) -> Sighting:
    certificate = x509.load_der_x509_certificate(proof.certificate)
    properties: dict[str, Any] = call.get("instanceProperties") or {}
    seen = SeenCertificate(
        str(certificate.serial_number),
        certificate.issuer.rfc4514_string(),
        call.now,
        certificate.public_bytes(Encoding.PEM).decode(),
        failed,
        tuple(sorted(properties.items())),
    )
    account = call.account
    return Sighting(account.id, account.settings.incarnation, _anchor(proof).region, proof.subject, seen)


def _proof(call: Call) -> Proof:
    assert call.caller.proof is not None, "a certificate proves who asks"
    return call.caller.proof


def _anchor(proof: Proof) -> Arn:
    fields = parse_arn(proof.provider)
    assert fields is not None, "a trust anchor has an ARN"
    return fields
