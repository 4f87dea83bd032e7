"""Decisions explained: the questions of a request put again to the policies that decided them.

Everything that a decision is made of is immutable (the caller with their account, the request's facts, the questions),
so to keep these is to be able to decide again, and to say why. Nothing here lets anybody do anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from vestry.access.authorization_message import encode_denial
from vestry.access.authorize import layers_of, request_of
from vestry.access.context import Facts, Question, RequestContext
from vestry.access.documents import Documents
from vestry.credentials.seal import KeyRing
from vestry.policy.decide import Outcome, decide
from vestry.policy.explain import explain
from vestry.policy.report import report, unknown_keys
from vestry.policy.request import Context


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What an operation asked of the policies, and on whose behalf. `refused`: why nothing was asked after all."""

    operation: str
    facts: Facts
    questions: Sequence[Question]
    refused: str = ""


def explain_asked(asked: Asked, documents: Documents) -> list[dict[str, Any]]:
    """Return why each question was allowed, up to the first that was not, and why that was not."""
    found = []
    for question in asked.questions:
        told = explain_question(asked.facts, question, documents)
        found.append(told)
        if told["decision"] != Outcome.ALLOWED.value:
            break
    return found


def encode_asked(asked: Asked, documents: Documents, ring: KeyRing, salt: bytes) -> str:
    """Return the encoded authorization message of the first question that was not allowed, empty where all were.

    `salt` is SALT_BYTES fresh random bytes.
    """
    facts = asked.facts
    for question in asked.questions:
        request = request_of(facts.caller, question, RequestContext(facts, question))
        decision = decide(request, layers_of(facts.caller, question, documents))
        if decision.outcome is not Outcome.ALLOWED:
            return encode_denial(facts, question, decision, ring, salt)
    return ""


def unknown_keys_of(asked: Asked, documents: Documents) -> list[str]:
    """Return the condition keys that the policies concerned test and that no request here ever has."""
    found: dict[str, None] = {}
    for question in asked.questions:
        found |= dict.fromkeys(unknown_keys(layers_of(asked.facts.caller, question, documents)))
    return list(found)


def explain_question(
    facts: Facts, question: Question, documents: Documents, context: Context | None = None
) -> dict[str, Any]:
    """Return the explanation of one question as data (`vestry.policy.report`); `context` replaces the request's own."""
    caller = facts.caller
    request = request_of(
        caller, question, context if context is not None else RequestContext(facts, question)
    )
    layers = layers_of(caller, question, documents)
    return report(explain(request, layers), layers)
