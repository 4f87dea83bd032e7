"""GetFederationToken. Source: STS API reference, GetFederationToken; IAM User Guide, "Permissions for GetFederationToken"."""

from __future__ import annotations

from collections.abc import Iterable

from vestry.access.context import Question, tag_keys
from vestry.access.declaration import Ask, Resource
from vestry.arn import federated_user_arn
from vestry.credentials.session import SessionClaims, SessionKind
from vestry.policy.request import Value
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.request import check_tag_keys, passed_tags
from vestry.services.sts.session_policy import checked_policies, checked_size
from vestry.services.sts.session_token import lifetime
from vestry.services.sts.shapes import credentials_of


def _federated_user(ask: Ask) -> Resource:
    """The federated user; it exists nowhere but in its session."""
    check_tag_keys(passed_tags(ask.parameters))
    arn = federated_user_arn(ask.account.id, ask.parameters["Name"])
    return Resource(arn, arn, ask.account.id)


def _keys(ask: Ask) -> dict[str, Value]:
    return tag_keys(passed_tags(ask.parameters))


def _tagging(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Session tags ask for sts:TagSession as well."""
    if ask.parameters.get("Tags"):
        yield Question("sts:TagSession", resource.arn, resource.shown, resource.account, _keys(ask))


@operation("sts:GetFederationToken", on=_federated_user, keys=(_keys,), more=(_tagging,))
def get_federation_token(call: Call) -> Answer:
    """Return credentials of a federated user, who has what both the caller and the session policies allow.

    Errors: AccessDenied, InvalidParameterValue, MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity.
    """
    caller, name = call.caller, call.parameters["Name"]
    text, arns = checked_policies(call, call.account)
    tags = passed_tags(call.parameters)
    size = checked_size(text, arns, tags, passed=True)
    claims = SessionClaims(
        account=caller.account.id,
        incarnation=call.account.settings.incarnation,
        issuer=caller.user_id,
        name=name,
        issued=call.now,
        expires=call.now + lifetime(call),
        policy=text,
        policy_arns=arns,
        tags=tags,
        kind=SessionKind.FEDERATED_USER,
    )
    return {
        **credentials_of(call, claims),
        "FederatedUser": {
            "FederatedUserId": f"{caller.account.id}:{name}",
            "Arn": federated_user_arn(caller.account.id, name),
        },
        "PackedPolicySize": size,
    }
