"""Encoded authorization messages: a denial with all its reasons, which only those who may see them can open.

The text is sealed under the installation's key ring, for this purpose alone, and says until when and for which
account it opens. What it decodes to has the shape that AWS gives it.
Source: STS API reference, DecodeAuthorizationMessage; AWS CLI reference, decode-authorization-message (the example).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from vestry import limits
from vestry.access.context import GLOBAL, Facts, Question, RequestContext
from vestry.credentials.packed import deflated, inflated
from vestry.credentials.seal import KeyRing, open_sealed, seal
from vestry.errors import AccessDenied, InvalidAuthorizationMessage, InvalidClientTokenId
from vestry.policy.decide import Decision, Outcome
from vestry.policy.request import Value
from vestry.policy.rule import Rule

#: INVARIANT: it ends in a zero byte, as every purpose of a sealed text.
PURPOSE = b"vestry authorization message\x00"

_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


class _Sealed(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """What is sealed: whose it is, when it expires (epoch seconds), and the deflated message."""

    account: str
    expires: int
    message: bytes


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(_Sealed).decode


def encode_denial(facts: Facts, question: Question, decision: Decision, ring: KeyRing, salt: bytes) -> str:
    """Return the encoded message of a decision; `salt` is SALT_BYTES fresh random bytes.

    A message that would be too long for DecodeAuthorizationMessage goes without the condition keys, then without the
    statements.
    """
    context = RequestContext(facts, question)
    found = {"key": _key_items(question, context), "statement": _statements(decision.statements, facts)}
    encoded = ""
    for left_out in ((), ("key",), ("key", "statement")):
        kept = {name: [] if name in left_out else items for name, items in found.items()}
        message = _message(facts, question, decision, kept["key"], kept["statement"])
        text = deflated(msgspec.json.encode(message))
        expires = int(facts.now) + limits.AUTHORIZATION_MESSAGE
        payload = _encode(_Sealed(facts.caller.account.id, expires, text))
        encoded = seal(ring, payload, salt, PURPOSE).translate(_TO_URL).rstrip("=")
        if len(encoded) <= limits.ENCODED_MESSAGE:
            break
    return encoded


def encoded_denial(denial: AccessDenied, facts: Facts, ring: KeyRing, salt: bytes) -> str:
    """Return the encoded message of a denial on a resource; empty for one without a decision or a resource."""
    question, decision = denial.question, denial.decision
    if not isinstance(question, Question) or not isinstance(decision, Decision) or not question.shown:
        return ""
    return encode_denial(facts, question, decision, ring, salt)


def decode_denial(text: str, ring: KeyRing, account: str, now: int) -> str:
    """Return the message as JSON, or raise InvalidAuthorizationMessage.

    1. The text is one of ours, unaltered, of a key still in the ring, and made for this purpose.
    2. It is whole and not too long.
    3. It was made for a caller of `account`.
    4. It has not expired, by the session clock.
    """
    padded = text.translate(_FROM_URL) + "=" * (-len(text) % 4)
    try:
        sealed = _decode(open_sealed(ring, padded, PURPOSE)[0])  # 1
    except (InvalidClientTokenId, msgspec.DecodeError):
        raise InvalidAuthorizationMessage from None
    message = inflated(sealed.message, limits.CLAIMS_BYTES)
    if message is None or sealed.account != account or now >= sealed.expires:  # 2, 3, 4
        raise InvalidAuthorizationMessage
    return message.decode()


def _message(
    facts: Facts, question: Question, decision: Decision, keys: list[Any], statements: list[Any]
) -> dict[str, Any]:
    caller = facts.caller
    return {
        "allowed": decision.outcome is Outcome.ALLOWED,
        "explicitDeny": decision.outcome is Outcome.EXPLICIT_DENY,
        "matchedStatements": {"items": statements},
        "failures": {"items": []},
        "context": {
            "principal": {"id": caller.user_id, "arn": caller.arn},
            "action": question.action,
            "resource": question.resource,
            "conditions": {"items": keys},
        },
    }


def _statements(rules: Iterable[Rule], facts: Facts) -> list[Any]:
    """The statements that decided; to a principal that a statement does not name itself it belongs."""
    found: list[Any] = []
    for rule in rules:
        statement = rule.statement
        own = facts.caller.principal.unique_id or facts.caller.account.id
        named = statement.principals.aws if statement.principals is not None else (own,)
        found.append(
            {
                "statementId": statement.sid,
                "effect": "ALLOW" if statement.allow else "DENY",
                "principals": _items(named),
                "principalGroups": {"items": []},
                "actions": _items(statement.actions or ()),
                "notActions": _items(statement.not_actions or ()),
                "resources": _items(statement.resources or ()),
                "notResources": _items(statement.not_resources or ()),
                "conditions": {
                    "items": [
                        {"key": condition.key, "values": _items(condition.values)}
                        for condition in statement.conditions
                    ]
                },
            }
        )
    return found


def _key_items(question: Question, context: RequestContext) -> list[Any]:
    """Every condition key that the request has, by name."""
    session = context.facts.caller.session
    frozen = () if session is None else (name for name, _ in session.context)
    tagged = (f"aws:resourcetag/{key.lower()}" for key, _ in question.tags)
    names = sorted({*GLOBAL, *question.keys, *frozen, *tagged})
    values: dict[str, Value] = {name: context.get(name) for name in names}
    return [
        {"key": name, "values": _items(value if isinstance(value, tuple) else (value,))}
        for name, value in values.items()
        if value is not None
    ]


def _items(values: Iterable[str]) -> dict[str, Any]:
    return {"items": [{"value": value} for value in values]}
