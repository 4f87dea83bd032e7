"""The second step of an association with a target role: the first role's session assumes it, as any session would."""

from __future__ import annotations

from typing import Any

import msgspec

from vestry.access.authorize import authorize
from vestry.access.caller import Caller, principal_of_session
from vestry.access.context import Facts
from vestry.access.declaration import Ask
from vestry.access.replay import Asked
from vestry.credentials.session import Credentials, SessionClaims
from vestry.directory.entities import Role
from vestry.directory.workloads import PodAssociation
from vestry.errors import AccessDenied, Fault, InvalidEksRequest
from vestry.services.operation import REGISTRY, Call

_DENIED = "Unauthorized Exception! The associated role does not have permissions to assume the target role."


class Assumed(msgspec.Struct, frozen=True, gc=False):
    """A session that a pod is given: what STS calls AssumedRoleId and Arn, and its credentials."""

    id: str
    arn: str
    credentials: Credentials


def assume_target(call: Call, role: Role, claims: SessionClaims, association: PodAssociation) -> Assumed:
    """Return the session of the association's target role. Raises AccessDenied, InvalidRequestException.

    It is an AssumeRole like any other, of the session that `claims` describe: both roles' policies are asked, the
    external id is the association's, transitive tags pass on, the policy narrows the target role alone, and the session
    of a chained role lasts an hour.
    """
    account = call.root.accounts[role.account]
    caller = Caller(principal_of_session(role, claims.name), account, "", None, role, claims)
    parameters: dict[str, Any] = {
        "RoleArn": association.target,
        "RoleSessionName": claims.name,
        "ExternalId": association.external_id,
    }
    if association.policy:
        parameters["Policy"] = association.policy
    operation = REGISTRY["sts", "AssumeRole"]
    facts = Facts(caller, call.now, "", None, None, True, call.region)
    questions = operation.declaration.questions(Ask(caller, parameters, call.root, call.region))
    try:
        authorize(operation.declaration, questions, facts, call.documents)
    except AccessDenied as denial:
        refused = denial.reworded(_DENIED, hint=str(denial.message))
        refused.asked = Asked(operation.declaration.action, facts, questions)
        raise refused from None
    try:
        answer: Any = operation.function(msgspec.structs.replace(call, caller=caller, parameters=parameters))
    except Fault as fault:
        raise InvalidEksRequest(fault.message) from None
    user, made = answer["AssumedRoleUser"], answer["Credentials"]
    minted = Credentials(
        made["AccessKeyId"],
        made["SecretAccessKey"],
        made["SessionToken"],
        msgspec.structs.replace(claims, expires=made["Expiration"]),
    )
    return Assumed(user["AssumedRoleId"], user["Arn"], minted)
