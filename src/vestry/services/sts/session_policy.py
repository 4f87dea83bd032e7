"""Session policies: checking them, and how much of the allotted space they take.

Source: IAM User Guide, "Session policies"; STS API reference, PackedPolicySize.
"""

from __future__ import annotations

from collections.abc import Mapping

from vestry import limits
from vestry.access.caller import Caller
from vestry.credentials.packed import packed_size
from vestry.directory.entities import Pairs
from vestry.directory.snapshot import Account
from vestry.errors import MalformedPolicyDocument, NoSuchEntity, PackedPolicyTooLarge, ValidationError
from vestry.policy.document import DocumentKind, parse_document
from vestry.services.operation import Call


def checked_policies(call: Call, account: Account) -> tuple[str, tuple[str, ...]]:
    """Return the inline session policy (or "") and the ARNs of the managed ones, which live in the role's account.

    Raises MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError, NoSuchEntity.
    """
    text: str = call.get("Policy") or ""
    arns = tuple(map(_arn, call.get("PolicyArns") or ()))
    check_policies(text, arns, account)
    return text, arns


def check_policies(text: str, arns: tuple[str, ...], account: Account) -> None:
    """Check an inline session policy (or "") and the ARNs of managed ones, which live in the role's account.

    Raises MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError, NoSuchEntity.
    """
    if len(arns) > limits.SESSION_POLICY_ARNS:
        raise ValidationError(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have "
            f"length less than or equal to {limits.SESSION_POLICY_ARNS}"
        )
    if text:
        if len(text) > limits.POLICY_INPUT_CHARACTERS:
            raise MalformedPolicyDocument("Syntax errors in policy.")
        parse_document(text, DocumentKind.SESSION)
    plain = len(text) + sum(map(len, arns))
    if plain > limits.SESSION_POLICY_SIZE:
        raise PackedPolicyTooLarge(_too_large(max(101, plain * 100 // limits.SESSION_POLICY_SIZE)))
    for arn in arns:
        if account.policy_by_arn(arn) is None:
            raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")


def _arn(item: Mapping[str, str]) -> str:
    """Return a descriptor's ARN; the model lets it be left out, but then it names no policy."""
    arn = item.get("arn")
    if arn is None:
        raise ValidationError("ARN null is not valid.")
    return arn


def checked_size(text: str, arns: tuple[str, ...], tags: Pairs, passed: bool) -> int | None:
    """Return PackedPolicySize, None where nothing was passed. Raises PackedPolicyTooLarge."""
    size = packed_size(text, arns, tags)
    if size > 100:
        raise PackedPolicyTooLarge(_too_large(size))
    return size if passed else None


def _too_large(percent: int) -> str:
    return f"Packed policy consumes {percent}% of allotted space, please use smaller policy."


def is_chained(caller: Caller) -> bool:
    """Tell whether a session made by `caller` is a chained one: the caller is itself temporary."""
    return caller.session is not None
