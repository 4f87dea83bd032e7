"""The smallest change that would have allowed a denied request.

An edit adds a statement to a layer, removes (or narrows) a statement, or gives a condition key a value. Whatever is
proposed has been tried: `apply` makes the change and the request is decided again.

First the change that is always possible is found, by mending what each decision complains about until nothing is left.
Then combinations of fewer edits are tried, those of the request's own keys first, since they leave the policies alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations

import msgspec

from vestry.policy.compile import Compiled, Rule, compile_document, compile_set
from vestry.policy.consider import Considered
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.document import Condition, Document, Principals, Statement
from vestry.policy.evaluate import judge
from vestry.policy.operators import OPERATORS, Family
from vestry.policy.outcome import Decision, Layer
from vestry.policy.request import Context, Kind, Principal, Request, Value
from vestry.policy.variables import VARIABLE_VERSION, Get


class AddStatement(msgspec.Struct, frozen=True, gc=False):
    """Add an allow to a layer; `level` counts the organization's levels from the root."""

    layer: Layer
    statement: Statement
    level: int = 0


class RemoveStatement(msgspec.Struct, frozen=True, gc=False):
    """Remove a statement, or narrow it so that it no longer covers the request."""

    layer: Layer
    rule: Rule
    level: int = 0


class SetKey(msgspec.Struct, frozen=True, gc=False):
    """Make the request with this value of a condition key; None: without the key."""

    key: str
    value: Value


Edit = AddStatement | RemoveStatement | SetKey

_MOST_CANDIDATES = 24
_MOST_TRIES = 2000
_MOST_EDITS = 64

# ── Making a change ──────────────────────────────────────────────────────────────────────────────────────────────


class Overlay:
    """A context in which some keys have been given other values."""

    __slots__ = ("_below", "_values")

    def __init__(self, below: Context, values: Mapping[str, Value]) -> None:
        self._below, self._values = below, values

    def get(self, key: str, /) -> Value:
        """Return the value of a condition key (lower case), or None where the key is absent."""
        return self._values[key] if key in self._values else self._below.get(key)


def apply(request: Request, layers: Layers, edits: Iterable[Edit]) -> tuple[Request, Layers]:
    """Return the request and the layers with the edits made."""
    values: dict[str, Value] = {}
    for edit in edits:
        if isinstance(edit, SetKey):
            values[edit.key] = edit.value
        elif isinstance(edit, AddStatement):
            added = compile_document(Document(VARIABLE_VERSION, (edit.statement,)))
            layers = _changed(layers, edit.layer, edit.level, partial(_with_policy, added))
        else:
            layers = _changed(layers, edit.layer, edit.level, partial(_without_rule, edit.rule))
    if values:
        request = msgspec.structs.replace(request, context=Overlay(request.context, values))
    return request, layers


Change = Callable[[tuple[Compiled, ...]], tuple[Compiled, ...]]


def _with_policy(added: Compiled, policies: tuple[Compiled, ...]) -> tuple[Compiled, ...]:
    return (*policies, added)


def _without_rule(rule: Rule, policies: tuple[Compiled, ...]) -> tuple[Compiled, ...]:
    return tuple(Compiled(one for one in policy.rules if one is not rule) for policy in policies)


def _changed(layers: Layers, layer: Layer, level: int, change: Change) -> Layers:
    replace = msgspec.structs.replace

    def single(policy: Compiled | None) -> Compiled:
        return compile_set(change(() if policy is None else (policy,)))

    match layer:
        case Layer.IDENTITY:
            return replace(layers, identity=change(layers.identity))
        case Layer.BOUNDARY:
            return replace(layers, boundary=single(layers.boundary))
        case Layer.SESSION:
            return replace(layers, session=change(layers.session or ()))
        case Layer.SERVICE_CONTROL:
            return replace(layers, service_control=_at(layers.service_control, level, change))
        case Layer.RESOURCE_CONTROL:
            return replace(layers, resource_control=_at(layers.resource_control, level, change))
        case _:
            return replace(layers, resource=single(layers.resource))


def _at(
    levels: tuple[tuple[Compiled, ...], ...], level: int, change: Change
) -> tuple[tuple[Compiled, ...], ...]:
    return (*levels[:level], change(levels[level]), *levels[level + 1 :])


# ── Finding one ──────────────────────────────────────────────────────────────────────────────────────────────────


def smallest_change(request: Request, layers: Layers, considered: Sequence[Considered]) -> tuple[Edit, ...]:
    """Return the fewest edits after which the request is allowed; none where it is, or where none were found."""
    mending = _mend(request, layers)
    candidates = _candidates(request, layers, considered, mending)
    tries = 0
    for size in range(1, len(mending) + 1):
        for edits in combinations(candidates, size):
            tries += 1
            if tries > _MOST_TRIES:
                return mending
            if decide(*apply(request, layers, edits)).outcome is Outcome.ALLOWED:
                return edits
    return mending


def _mend(request: Request, layers: Layers) -> tuple[Edit, ...]:
    """Mend what each decision complains about, until the request is allowed."""
    edits: list[Edit] = []
    while len(edits) < _MOST_EDITS:
        _, changed = apply(request, layers, edits)
        decision = decide(request, changed)
        if decision.outcome is Outcome.ALLOWED:
            break
        edits.append(_repair(request, changed, decision))
    else:
        return ()
    return tuple(edits)


def _repair(request: Request, layers: Layers, decision: Decision) -> Edit:
    layer = decision.layer
    if decision.outcome is Outcome.EXPLICIT_DENY:
        rule = decision.statements[0]
        return RemoveStatement(
            layer, rule, _level_of(layers, layer, lambda level: any(p.holds(rule) for p in level))
        )
    action, get = request.action.lower(), request.context.get
    level = _level_of(
        layers, layer, lambda level: not judge(level, action, request.resource, request.principal, get)
    )
    return AddStatement(layer, _allow(request, layer), level)


def _level_of(layers: Layers, layer: Layer, wanted: Callable[[tuple[Compiled, ...]], bool]) -> int:
    levels: tuple[tuple[Compiled, ...], ...] = ()
    if layer is Layer.SERVICE_CONTROL:
        levels = layers.service_control
    elif layer is Layer.RESOURCE_CONTROL:
        levels = layers.resource_control
    return next((number for number, level in enumerate(levels) if wanted(level)), 0)


def _allow(request: Request, layer: Layer) -> Statement:
    """Return the statement that allows just this request in a layer."""
    actions, resources = (request.action,), (_literal(request.resource),)
    if layer is Layer.TRUST:
        return Statement(True, actions=actions, principals=_principals(request.principal))
    principals = _principals(request.principal) if layer is Layer.RESOURCE else None
    return Statement(True, actions=actions, resources=resources, principals=principals)


def _literal(resource: str) -> str:
    """Return a pattern of the resource alone."""
    if resource == "*":
        return resource
    return "".join(
        {"*": "${*}", "?": "${?}", "$": "${$}"}.get(character, character) for character in resource
    )


def _principals(caller: Principal) -> Principals:
    match caller.kind:
        case Kind.SERVICE:
            return Principals(service=(caller.arn,))
        case Kind.FEDERATED:
            return Principals(federated=(caller.arn,))
        case Kind.ANONYMOUS:
            return Principals(everyone=True)
        case _:
            return Principals(aws=(caller.arn,))


def _candidates(
    request: Request, layers: Layers, considered: Sequence[Considered], mending: Sequence[Edit]
) -> list[Edit]:
    """Return edits worth trying: other values of keys first, then a grant to the caller itself, then the mending."""
    candidates: list[Edit] = []
    for one in considered:
        checks = [check for check in one.checks if check.element != "Condition"]
        if all(check.matched for check in checks) and one.matched is not one.rule.allow:
            candidates += _other_values(one.rule, request, wanted=one.rule.allow)
    del candidates[_MOST_CANDIDATES:]
    if layers.resource is not None:
        layer = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE
        candidates.append(AddStatement(layer, _allow(request, layer)))
    candidates += mending
    return [edit for number, edit in enumerate(candidates) if edit not in candidates[:number]]


def _other_values(rule: Rule, request: Request, *, wanted: bool) -> Iterator[SetKey]:
    """Yield values of keys with which a condition of `rule` holds, or no longer holds."""
    for condition, holds in zip(rule.statement.conditions, rule.conditions, strict=True):
        if holds(request.context.get) is wanted:
            continue
        key = condition.key.lower()
        for value in _suggestions(condition):
            if holds(_with(request.context, key, value)) is wanted:
                yield SetKey(key, value)
                break


def _with(context: Context, key: str, value: Value) -> Get:
    return Overlay(context, {key: value}).get


def _suggestions(condition: Condition) -> Iterator[Value]:
    """Yield values that the condition may tell apart, the most natural first."""
    family = OPERATORS[condition.operator].family
    for text in (*condition.values, *_USUAL.get(family, _ANY_TEXT)):
        plain = text if family is Family.STRING else text.replace("*", "").replace("?", "x")
        if family is Family.IP_ADDRESS:
            plain = plain.partition("/")[0]
        yield (plain,) if condition.quantifier else plain
    yield None


_ANY_TEXT = ("another",)
_USUAL: dict[Family, tuple[str, ...]] = {
    Family.NUMERIC: ("0", "1", "-1000000000", "1000000000"),
    Family.DATE: ("1970-01-02T00:00:00Z", "2999-12-31T00:00:00Z"),
    Family.BOOL: ("true", "false"),
    Family.BINARY: ("AA==",),
    Family.IP_ADDRESS: ("192.0.2.1", "2001:db8::1", "198.51.100.1"),
    Family.ARN: ("arn:aws:iam::000000000000:user/another",),
}
