"""AssumeRole. Source: STS API reference, AssumeRole; IAM User Guide, "Methods to assume a role"."""

from __future__ import annotations

from collections.abc import Iterable

from vestry import limits
from vestry.access.caller import Caller
from vestry.access.context import Question, override_tags
from vestry.access.declaration import Ask, Resource
from vestry.arn import session_arn
from vestry.credentials.session import SessionClaims
from vestry.directory.entities import Role
from vestry.errors import InvalidParameterValue, ValidationError
from vestry.policy.request import Kind
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.request import (
    account_of_role,
    check_tags,
    inherited_tags,
    is_plain,
    passed_tags,
    session_keys,
    source_identity,
    target_role,
)
from vestry.services.sts.session_policy import checked_policies, checked_size, is_chained
from vestry.services.sts.shapes import credentials_of


def _role(ask: Ask) -> Resource:
    """The role to be assumed; one that does not exist is denied like one that does not trust the caller."""
    arn = ask.parameters["RoleArn"]
    account = account_of_role(arn)
    check_tags(ask.parameters, ask.caller)
    role = target_role(ask.root, arn)
    if role is None:
        return Resource(arn, arn, account, trust="")
    tags = override_tags(role.tags, inherited_tags(ask.caller))
    return Resource(arn, arn, account, tags, role.trust)


def _tagging_and_naming(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Session tags ask for sts:TagSession, a source identity for sts:SetSourceIdentity, passed or inherited."""
    if is_plain(ask.parameters, ask.caller):
        return
    wanted = []
    if passed_tags(ask.parameters) or inherited_tags(ask.caller):
        wanted.append("sts:TagSession")
    if source_identity(ask.parameters, ask.caller):
        wanted.append("sts:SetSourceIdentity")
    for action in wanted:
        yield Question(
            action,
            resource.arn,
            resource.shown,
            resource.account,
            session_keys(ask),
            resource.tags,
            resource.trust,
        )


@operation(
    "sts:AssumeRole",
    on=_role,
    keys=(session_keys,),
    more=(_tagging_and_naming,),
    refused={Kind.ROOT: "Roles may not be assumed by root accounts."},
    mfa=True,
)
def assume_role(call: Call) -> Answer:
    """Return temporary credentials of a role. Errors: AccessDenied, ValidationError, InvalidParameterValue,
    MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity."""
    parameters, caller = call.parameters, call.caller
    role = target_role(call.root, parameters["RoleArn"])
    assert role is not None, "a role that does not exist is never allowed"
    _check_unsupported(call)
    duration = _duration(call, role)
    account = call.root.accounts[role.account]
    text, arns = checked_policies(call, account)
    tags = override_tags(inherited_tags(caller), passed_tags(parameters))
    passed = bool(text or arns or parameters.get("Tags"))
    size = checked_size(text, arns, tags, passed)
    claims = SessionClaims(
        account=role.account,
        incarnation=account.settings.incarnation,
        issuer=role.id,
        name=parameters["RoleSessionName"],
        issued=call.now,
        expires=call.now + duration,
        policy=text,
        policy_arns=arns,
        tags=tags,
        transitive=_transitive(caller, parameters.get("TransitiveTagKeys") or ()),
        source_identity=source_identity(parameters, caller),
        chained=is_chained(caller),
    )
    answer: dict[str, object] = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{claims.name}",
            "Arn": session_arn(role.account, role.name, claims.name),
        },
        **credentials_of(call, claims),
    }
    if size is not None:
        answer["PackedPolicySize"] = size
    if claims.source_identity:
        answer["SourceIdentity"] = claims.source_identity
    return answer


def _duration(call: Call, role: Role) -> int:
    """Return the session's length in seconds: the role's maximum first, then the hour of role chaining."""
    wanted: int | None = call.get("DurationSeconds")
    if wanted is None:
        return limits.DEFAULT_SESSION
    if wanted > role.longest_session:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if wanted > limits.CHAINED_SESSION and is_chained(call.caller):
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return wanted


def _transitive(caller: Caller, passed: Iterable[str]) -> tuple[str, ...]:
    inherited = caller.session.transitive if caller.session is not None else ()
    return tuple(sorted({*inherited, *passed}))


def _check_unsupported(call: Call) -> None:
    """No context provider exists yet: what names one is refused as AWS refuses unknown ones."""
    if call.get("ProvidedContexts"):
        raise InvalidParameterValue("The specified context provider does not exist.")
