"""AssumeRoot: a short session of another account's root user, for one task.

On AWS an organization's management account may do so where centralized root access is enabled. Here the operator says
which account may (`vestry account set MEMBER --root-sessions-by ACCOUNT`); where they said nothing AWS's refusal stands.
Source: STS API reference, AssumeRoot; IAM User Guide, "Centrally manage root access for member accounts".
"""

from __future__ import annotations

import re

import msgspec

from vestry import limits
from vestry.access.declaration import Ask, Resource
from vestry.arn import is_account_id, root_arn
from vestry.credentials.session import SessionClaims, SessionKind
from vestry.errors import AccessDenied, ValidationError
from vestry.policy.request import Kind, Value
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.shapes import credentials_of
from vestry.services.sts.task_policies import TASK_POLICIES

_ROOT_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):root", re.ASCII)


def _target(parameters: object) -> str:
    """Return the account whose root user is meant. Raises ValidationError."""
    text = str(parameters)
    found = _ROOT_ARN.fullmatch(text)
    if found is None and not is_account_id(text):
        raise ValidationError(f"{text} is invalid")
    return text if found is None else found[1]


def _task(descriptor: object) -> str:
    """Return the ARN of one of the task policies. Raises ValidationError."""
    arn = descriptor.get("arn") if isinstance(descriptor, dict) else None
    if arn not in TASK_POLICIES:
        raise ValidationError(f"{arn} is not a task policy of AssumeRoot.")
    return str(arn)


def _root_user(ask: Ask) -> Resource:
    """The root user of the target. What stands for the organization's consent is read as a trust policy of it.

    No root user may ask, whatever anybody allows.
    """
    _task(ask.parameters["TaskPolicyArn"])
    number = _target(ask.parameters["TargetPrincipal"])
    arn = root_arn(number)
    if ask.caller.principal.kind is Kind.ROOT:
        raise AccessDenied(f"User: {ask.caller.arn} is not authorized to perform: sts:AssumeRoot")
    account = ask.root.accounts.get(number)
    manager = "" if account is None else account.settings.root_manager
    return Resource(arn, arn, number, trust=_consent(manager) if manager else "")


def _consent(manager: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": manager}, "Action": "sts:AssumeRoot"}
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()


def _keys(ask: Ask) -> dict[str, Value]:
    return {"sts:taskpolicyarn": _task(ask.parameters["TaskPolicyArn"])}


@operation("sts:AssumeRoot", on=_root_user, keys=(_keys,), regional=True)
def assume_root(call: Call) -> Answer:
    """Return credentials of another account's root user, fit for one task. Errors: AccessDenied, ValidationError,
    InvalidParameterValue."""
    account = call.root.accounts[_target(call.parameters["TargetPrincipal"])]
    session = call.caller.session
    claims = SessionClaims(
        account=account.id,
        incarnation=account.settings.incarnation,
        issuer=account.id,
        name="",
        issued=call.now,
        expires=call.now + call.get("DurationSeconds", limits.TASK_SESSION),
        policy=TASK_POLICIES[_task(call.parameters["TaskPolicyArn"])],
        source_identity="" if session is None else session.source_identity,
        kind=SessionKind.ROOT,
    )
    return {
        **credentials_of(call, claims),
        "SourceIdentity": claims.source_identity or None,
    }
