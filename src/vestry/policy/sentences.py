"""An explanation as sentences, for people."""

from __future__ import annotations

from collections.abc import Iterator

from vestry.policy.compile import Rule
from vestry.policy.consider import Check, Considered
from vestry.policy.document import Statement
from vestry.policy.explain import Explanation, LayerReport
from vestry.policy.outcome import Decision, Layer, Outcome
from vestry.policy.remedy import AddStatement, Edit, RemoveStatement
from vestry.policy.request import Value

#: What the layers are called.
LAYER_NAMES: dict[Layer, str] = {
    Layer.SERVICE_CONTROL: "service control policies",
    Layer.RESOURCE_CONTROL: "resource control policies",
    Layer.RESOURCE: "resource policy",
    Layer.TRUST: "role trust policy",
    Layer.IDENTITY: "identity policies",
    Layer.BOUNDARY: "permissions boundary",
    Layer.SESSION: "session policies",
    Layer.ROOT: "root user's own permissions",
}

_MOST_VALUES = 4


def sentences(explanation: Explanation) -> Iterator[str]:
    """Yield the explanation: the answer, then each layer with its statements (indented), then the change."""
    yield _answer(explanation)
    for report in explanation.layers:
        yield layer_sentence(report)
        for one in report.considered:
            yield "  " + statement_sentence(one)
        if report.others:
            yield f"  {report.others} more statements are about other actions."
    if explanation.change:
        yield "The smallest change that would allow it:"
        for edit in explanation.change:
            yield "  " + edit_sentence(edit)


def _answer(explanation: Explanation) -> str:
    request, caller = explanation.request, explanation.request.principal
    who = caller.arn or "An anonymous caller"
    may = {
        Outcome.ALLOWED: "may",
        Outcome.EXPLICIT_DENY: "is explicitly denied to",
        Outcome.IMPLICIT_DENY: "may not",
    }[explanation.decision.outcome]
    return f"{who} {may} {request.action} on {request.resource}: {_because(explanation.decision)}"


def _because(decision: Decision) -> str:
    name = LAYER_NAMES[decision.layer]
    if decision.layer is Layer.ROOT:
        return "it is the root user of the account."
    if decision.outcome is Outcome.ALLOWED:
        return f"allowed by the {name}."
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"{rule_name(decision.statements[0])} of the {name} denies it."
    return f"nothing in the {name} allows it."


def rule_name(rule: Rule) -> str:
    """Return how to speak of a statement: by its Sid if it has one, and its place, counted from 1."""
    return f'statement "{rule.sid}" ({rule.number + 1})' if rule.sid else f"statement {rule.number + 1}"


def layer_sentence(report: LayerReport) -> str:
    """Return what a layer says as a whole."""
    name = LAYER_NAMES[report.layer].capitalize()
    if report.layer in (Layer.SERVICE_CONTROL, Layer.RESOURCE_CONTROL):
        name += f", level {report.level + 1}"
    if not report.present:
        return f"{name}: there is none."
    if report.denies:
        return f"{name}: denies."
    return f"{name}: allows." if report.allows else f"{name}: says nothing about this."


def statement_sentence(one: Considered) -> str:
    """Return whether a statement matches, and if not, on what it fails."""
    name = rule_name(one.rule)
    name = name[0].upper() + name[1:]
    effect = "Allow" if one.rule.allow else "Deny"
    failed = one.failed
    return (
        f"{name} ({effect}) matches."
        if failed is None
        else f"{name} ({effect}) does not match: {check_sentence(failed)}"
    )


def check_sentence(check: Check) -> str:
    """Return what an element that failed was asked and what it was asked about."""
    note = f" ({check.note})" if check.note else ""
    if check.element == "Condition":
        return f"{check.operator} {check.key} wants {_listed(check.written)}, the request has {_value(check.found)}{note}."
    verb = "lists" if check.element.startswith("Not") else "is"
    return f"{check.element} {verb} {_listed(check.written)}, the request has {_value(check.found)}{note}."


def edit_sentence(edit: Edit) -> str:
    """Return an edit as an instruction."""
    if isinstance(edit, AddStatement):
        return f"Add to the {_placed(edit.layer, edit.level)}: {_statement(edit.statement)}."
    if isinstance(edit, RemoveStatement):
        return f"Remove or narrow {rule_name(edit.rule)} of the {_placed(edit.layer, edit.level)}."
    if edit.value is None:
        return f"Make the request without the key {edit.key}."
    return f"Make the request with {_value(edit.value)} for the key {edit.key}."


def _placed(layer: Layer, level: int) -> str:
    leveled = layer in (Layer.SERVICE_CONTROL, Layer.RESOURCE_CONTROL)
    return f"{LAYER_NAMES[layer]}, level {level + 1}" if leveled else LAYER_NAMES[layer]


def _statement(statement: Statement) -> str:
    principals = statement.principals
    whom = ""
    if principals is not None:
        names = principals.aws + principals.service + principals.federated
        whom = f" {', '.join(names) or 'everyone'} to"
    where = f" on {', '.join(statement.resources)}" if statement.resources else ""
    return f"allow{whom} {', '.join(statement.actions or ())}{where}"


def _listed(values: tuple[str, ...]) -> str:
    shown = ", ".join(values[:_MOST_VALUES]) or "nothing"
    return f"{shown} and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else shown


def _value(value: Value) -> str:
    if value is None:
        return "nothing"
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else f'"{value}"'
