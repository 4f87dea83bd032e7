"""An explanation as plain data: what is printed as JSON, and sent from a server to its operator."""

from __future__ import annotations

from typing import Any

import msgspec

from vestry.policy.compile import Compiled
from vestry.policy.consider import Check, Considered
from vestry.policy.decide import Layers
from vestry.policy.document import Document, render
from vestry.policy.explain import Explanation, LayerReport
from vestry.policy.keys import condition_key
from vestry.policy.remedy import AddStatement, Edit, RemoveStatement
from vestry.policy.sentences import edit_sentence, sentences
from vestry.policy.variables import VARIABLE_VERSION


def report(explanation: Explanation, layers: Layers) -> dict[str, Any]:
    """Return an explanation as data; `layers` are those that it explains. Statements are counted from 0."""
    request, decision = explanation.request, explanation.decision
    return {
        "principal": request.principal.arn or None,
        "action": request.action,
        "resource": request.resource,
        "decision": decision.outcome.value,
        "decidedBy": decision.layer.value,
        "reason": explanation.reason.strip(),
        "layers": [_layer(one) for one in explanation.layers],
        "change": [_edit(one) for one in explanation.change],
        "unknownKeys": list(unknown_keys(layers)),
        "sentences": list(sentences(explanation)),
    }


def unknown_keys(layers: Layers) -> tuple[str, ...]:
    """Return the condition keys, as written, that no request here ever has."""
    policies: list[Compiled] = [*layers.identity, *(layers.session or ())]
    policies += [one for one in (layers.boundary, layers.resource) if one is not None]
    for levels in (layers.service_control, layers.resource_control):
        policies += [one for level in levels for one in level]
    keys = dict.fromkeys(key for policy in policies for key in policy.condition_keys)
    return tuple(key for key in keys if condition_key(key) is None)


def _layer(one: LayerReport) -> dict[str, Any]:
    return {
        "layer": one.layer.value,
        "level": one.level,
        "present": one.present,
        "allows": one.allows,
        "denies": one.denies,
        "statements": [_considered(row) for row in one.considered],
        "otherStatements": one.others,
    }


def _considered(one: Considered) -> dict[str, Any]:
    return {
        "statement": one.rule.number,
        "sid": one.rule.sid or None,
        "effect": "Allow" if one.rule.allow else "Deny",
        "matched": one.matched,
        "checks": [_check(check) for check in one.checks],
    }


def _check(one: Check) -> dict[str, Any]:
    found: dict[str, Any] = {
        "element": one.element,
        "matched": one.matched,
        "written": list(one.written),
        "found": list(one.found) if isinstance(one.found, tuple) else one.found,
    }
    if one.operator:
        found |= {"operator": one.operator, "key": one.key}
    return found | ({"note": one.note} if one.note else {})


def _edit(one: Edit) -> dict[str, Any]:
    if isinstance(one, AddStatement):
        text = render(Document(VARIABLE_VERSION, (one.statement,)))
        kind: dict[str, Any] = {"edit": "addStatement", "layer": one.layer.value, "level": one.level}
        kind |= {"statement": msgspec.json.decode(text)["Statement"][0]}
    elif isinstance(one, RemoveStatement):
        kind = {"edit": "removeStatement", "layer": one.layer.value, "level": one.level}
        kind |= {"statement": one.rule.number, "sid": one.rule.sid or None}
    else:
        value = list(one.value) if isinstance(one.value, tuple) else one.value
        kind = {"edit": "setKey", "key": one.key, "value": value}
    return kind | {"says": edit_sentence(one)}
