"""AssumeRoleWithWebIdentity. Source: STS API reference; IAM User Guide, "OIDC federation"."""

from __future__ import annotations

from vestry.access.proof import ProvenBy
from vestry.access.web_identity import prove_web_identity
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.federated import federated_session, proven_keys, tagging_and_naming, trusting_role


@operation(
    "sts:AssumeRoleWithWebIdentity",
    on=trusting_role,
    keys=(proven_keys,),
    more=(tagging_and_naming,),
    proof=ProvenBy(prove_web_identity),
)
def assume_role_with_web_identity(call: Call) -> Answer:
    """Return temporary credentials of a role for a web identity token (parameters RoleSessionName and WebIdentityToken
    are read by the proof). Errors: AccessDenied, InvalidIdentityToken, ExpiredTokenException, ValidationError,
    InvalidParameterValue, MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity."""
    return federated_session(call)
