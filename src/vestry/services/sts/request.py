"""What an AssumeRole asks: the target role, the tags and the source identity that the session would have.

These are functions of the question, so that authorization and the operation read them the same way.
Source: IAM User Guide, "Passing session tags in AWS STS" and "Monitor and control actions taken with assumed roles".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestry.access.caller import Caller
from vestry.access.context import override_tags, tag_keys
from vestry.access.declaration import Ask
from vestry.arn import role_account
from vestry.directory.entities import Pairs, Role
from vestry.directory.snapshot import Root
from vestry.errors import InvalidParameterValue, ValidationError
from vestry.policy.request import Value


def account_of_role(arn: str) -> str:
    """Return the account in a role's ARN. Raises ValidationError for what is not one."""
    account = role_account(arn)
    if account is None:
        raise ValidationError(f"{arn} is invalid")
    return account


def target_role(root: Root, arn: str) -> Role | None:
    """Return the role with exactly that ARN, path and case included."""
    found = root.principal(arn)
    return found if isinstance(found, Role) else None


def is_plain(parameters: Mapping[str, Any], caller: Caller) -> bool:
    """Tell whether the new session has no tags and no source identity, passed or inherited."""
    return caller.session is None and not (
        "Tags" in parameters or "TransitiveTagKeys" in parameters or "SourceIdentity" in parameters
    )


def passed_tags(parameters: Mapping[str, Any]) -> Pairs:
    """Return the session tags that are passed, sorted by key."""
    tags = parameters.get("Tags")
    return tuple(sorted((tag["Key"], tag["Value"]) for tag in tags)) if tags else ()


def inherited_tags(caller: Caller) -> Pairs:
    """Return the transitive tags of the calling session."""
    session = caller.session
    if session is None or not session.transitive:
        return ()
    kept = {key.lower() for key in session.transitive}
    return tuple(pair for pair in session.tags if pair[0].lower() in kept)


def source_identity(ask_parameters: Mapping[str, Any], caller: Caller) -> str:
    """Return the source identity of the new session: passed, or inherited from the calling session."""
    passed: str = ask_parameters.get("SourceIdentity") or ""
    return passed or (caller.session.source_identity if caller.session is not None else "")


def session_keys(ask: Ask) -> dict[str, Value]:
    """Return the condition keys of an AssumeRole and of what it asks besides."""
    parameters = ask.parameters
    keys: dict[str, Value] = {"sts:rolesessionname": parameters["RoleSessionName"]}
    external = parameters.get("ExternalId")
    if external is not None:
        keys["sts:externalid"] = external
    if is_plain(parameters, ask.caller):
        return keys
    identity = source_identity(parameters, ask.caller)
    if identity:
        keys["sts:sourceidentity"] = identity
    keys |= tag_keys(override_tags(passed_tags(parameters), inherited_tags(ask.caller)))
    transitive = tuple(parameters.get("TransitiveTagKeys") or ())
    if transitive:
        keys["sts:transitivetagkeys"] = transitive
    return keys


def check_tag_keys(tags: Pairs) -> None:
    """Raise InvalidParameterValue for keys that are the same without regard to case, and for AWS's own."""
    keys = [key.lower() for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.startswith("aws:") for key in keys):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")


def check_tags(parameters: Mapping[str, Any], caller: Caller) -> None:
    """Raise InvalidParameterValue or ValidationError for tags and source identity that no policy could allow."""
    if is_plain(parameters, caller):
        return
    tags = passed_tags(parameters)
    keys = {key.lower() for key, _ in tags}
    check_tag_keys(tags)
    if not {key.lower() for key in parameters.get("TransitiveTagKeys") or ()} <= keys:
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )
    if {key.lower() for key, _ in inherited_tags(caller)} & keys:
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
            "key from the calling session."
        )
    passed = parameters.get("SourceIdentity") or ""
    if passed.lower().startswith("aws:"):
        raise ValidationError(
            f"1 validation error detected: Value '{passed}' at 'sourceIdentity' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )
    present = caller.session.source_identity if caller.session is not None else ""
    if passed and present and passed != present:
        raise ValidationError("The source identity is already set for this assume role session")
