"""Who am I, and whose key is this. Source: STS API reference, GetCallerIdentity, GetAccessKeyInfo."""

from __future__ import annotations

from vestry.access.declaration import Ask, Resource
from vestry.arn import LONG_TERM_KEY, NO_ACCOUNT, TEMPORARY_KEY, account_of, service_arn
from vestry.errors import ValidationError
from vestry.policy.request import Kind
from vestry.services.operation import Answer, Call, operation

#: Access key ids are a character shorter than the unique ids of users and roles.
KEY_CHARACTERS = 20


@operation("sts:GetCallerIdentity", exempt="AWS lets every authenticated caller ask who they are")
def get_caller_identity(call: Call) -> Answer:
    """Return ARN, unique id and account of the caller; no policy can deny it.

    A service has its name for an id, an ARN that says it, and no account.
    """
    caller = call.caller
    if caller.principal.kind is Kind.SERVICE:
        return {"Arn": service_arn(caller.arn), "UserId": caller.arn, "Account": ""}
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account.id}


def _anything(ask: Ask) -> Resource:
    return Resource("*", "", ask.account.id)


@operation("sts:GetAccessKeyInfo", on=_anything)
def get_access_key_info(call: Call) -> Answer:
    """Return the account that an access key id belongs to, whoever's it is. Errors: ValidationError."""
    identifier = call.parameters["AccessKeyId"]
    account = account_of(identifier) if len(identifier) == KEY_CHARACTERS else None
    if account in (None, NO_ACCOUNT) or not identifier.startswith((LONG_TERM_KEY, TEMPORARY_KEY)):
        raise ValidationError(f"Invalid AccessKeyId: {identifier}")
    return {"Account": account}
