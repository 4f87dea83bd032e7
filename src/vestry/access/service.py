"""Services as callers: principals of the installation, without an account and without policies of their own.

A service may assume the roles whose trust policies name it, and ask who it is; everything else is refused. On whose
behalf it acts it says itself, in two signed headers, as AWS's SDKs do for their confused deputy guard. From anybody
else they mean nothing.
Sources: IAM User Guide, "The confused deputy problem" and "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from vestry.access.caller import Caller
from vestry.arn import is_account_id, parse_arn
from vestry.directory.entities import Service, Settings
from vestry.directory.snapshot import Account
from vestry.errors import ValidationError
from vestry.policy.request import Kind, Principal

SOURCE_ACCOUNT, SOURCE_ARN = b"x-amz-source-account", b"x-amz-source-arn"

_MAY_CALL = frozenset(("sts:AssumeRole", "sts:GetCallerIdentity"))
#: What a service has in the place of an account: nothing is in it, and nobody else's number is its own.
_NO_ACCOUNT = Account(Settings("", "", "", 0))


def caller_of_service(service: Service, access_key: str) -> Caller:
    """Return a service as the caller. Only `authenticate` may: the signature must hold."""
    return Caller(Principal(Kind.SERVICE, "", service.name), _NO_ACCOUNT, access_key)


def caller_of_built_in_service(name: str) -> Caller:
    """Return a service that is part of Vestry (`ec2.amazonaws.com`) as the caller. Only `delivery` may: nobody signs."""
    return Caller(Principal(Kind.SERVICE, "", name), _NO_ACCOUNT, "")


def service_refusal(caller: Caller, action: str) -> str | None:
    """Return the text with which an operation is refused to a service, None where it may ask or is no service."""
    if caller.principal.kind is not Kind.SERVICE or action in _MAY_CALL:
        return None
    return f"User: {caller.arn} is not authorized to perform: {action}"


def checked_source(account: str | None, arn: str | None) -> tuple[str | None, str | None]:
    """Return what a service says of its source: an account id and an ARN, each or both. Raises ValidationError."""
    if account is not None and not is_account_id(account):
        raise ValidationError("The header x-amz-source-account must be an account id of twelve digits.")
    if arn is not None and parse_arn(arn) is None:
        raise ValidationError("The header x-amz-source-arn must be an ARN.")
    return account, arn
