"""One statement at a time: what each of its elements says about the request.

This asks the same compiled predicates that `evaluate` asks, but all of them, and keeps what each was asked about.
"""

from __future__ import annotations

import msgspec

from vestry.policy.compile import Rule
from vestry.policy.document import Condition, Principals
from vestry.policy.evaluate import named
from vestry.policy.keys import condition_key
from vestry.policy.operators import write_operator
from vestry.policy.pattern import ResourcePattern
from vestry.policy.principals import Match
from vestry.policy.request import Kind, Principal, Request, Value


class Check(msgspec.Struct, frozen=True, gc=False):
    """One element of a statement against the request."""

    element: str  # Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition
    matched: bool
    written: tuple[str, ...]  # the element's values as written
    found: Value  # what the request has; None: nothing
    operator: str = ""  # of a condition, as written
    key: str = ""
    note: str = ""


class Considered(msgspec.Struct, frozen=True, gc=False):
    """One statement: whether it matched, and every element's check, in the order in which they are asked."""

    rule: Rule
    matched: bool
    match: Match  # how closely it names the caller; DIRECT where it names nobody and belongs to the caller
    checks: tuple[Check, ...]

    @property
    def failed(self) -> Check | None:
        """The first element that did not match."""
        return next((check for check in self.checks if not check.matched), None)


def consider(rule: Rule, request: Request, *, of_resource: bool, bounded: bool = False) -> Considered:
    """Ask every element of a statement. `of_resource`: the statement belongs to a resource or trust policy.

    `bounded`: the caller has a permissions boundary.
    """
    checks = [_action(rule, request), _resource(rule, request)]
    match = Match.DIRECT
    if of_resource or rule.principals is not None or rule.spared is not None:
        match = named(rule, request.principal, bounded and of_resource)
        checks.append(_principal(rule, request.principal, match))
    checks += [
        _condition(condition, holds(request.context.get), request)
        for condition, holds in zip(rule.statement.conditions, rule.conditions, strict=True)
    ]
    return Considered(rule, all(check.matched for check in checks), match, tuple(checks))


def _action(rule: Rule, request: Request) -> Check:
    statement = rule.statement
    matched = rule.names_action(request.action.lower())
    if statement.not_actions is not None:
        return Check("NotAction", matched, statement.not_actions, request.action)
    return Check("Action", matched, statement.actions or (), request.action)


def _resource(rule: Rule, request: Request) -> Check:
    statement = rule.statement
    if rule.resources is None:
        attached = rule.principals is not None or rule.spared is not None
        return Check(
            "Resource", attached, (), request.resource, note="" if attached else "the element is missing"
        )
    listed = any(pattern.matches(request.resource, request.context.get) for pattern in rule.resources)
    if statement.not_resources is not None:
        return Check("NotResource", not listed, statement.not_resources, request.resource)
    return Check(
        "Resource",
        listed,
        statement.resources or (),
        request.resource,
        note=_variables(rule.resources, request),
    )


def _variables(patterns: tuple[ResourcePattern, ...], request: Request) -> str:
    """Return what to say of variables that have no single value."""
    empty = [
        key
        for pattern in patterns
        for key in pattern.variables
        if not isinstance(request.context.get(key), str)
    ]
    return f"without a single value: {', '.join(dict.fromkeys(empty))}" if empty else ""


def _principal(rule: Rule, caller: Principal, match: Match) -> Check:
    statement = rule.statement
    found = caller.arn or None
    if statement.not_principals is not None:
        written = _values(statement.not_principals)
        note = "Allow with NotPrincipal is not supported" if statement.allow else ""
        return Check("NotPrincipal", bool(match), written, found, note=note)
    written = () if statement.principals is None else _values(statement.principals)
    note = match.name.lower() if match else _stranger(written, caller)
    return Check("Principal", bool(match), written, found, note=note)


def _stranger(written: tuple[str, ...], caller: Principal) -> str:
    """Tell of a name that is the caller's by its text only."""
    if caller.arn in written or caller.issuer_arn in written:
        return "names someone who had this name when the policy was written; write the policy again to mean the caller"
    if caller.kind in (Kind.USER, Kind.ROLE) and any(value.startswith(("AIDA", "AROA")) for value in written):
        return "names a user or role by a unique id that is not the caller's"
    return ""


def _values(principals: Principals) -> tuple[str, ...]:
    everyone = ("*",) if principals.everyone and "*" not in principals.aws else ()
    return everyone + principals.aws + principals.service + principals.federated + principals.canonical_user


def _condition(condition: Condition, holds: bool, request: Request) -> Check:
    operator = write_operator(condition.operator, condition.quantifier, if_exists=condition.if_exists)
    value = request.context.get(condition.key.lower())
    note = ""
    row = condition_key(condition.key)
    if value is None and row is None:
        note = f"{condition.key} is no key that is known here; it is always absent"
    elif isinstance(value, tuple) and not condition.quantifier and condition.operator != "Null":
        note = "the key has several values, which only ForAllValues and ForAnyValue can test"
    return Check("Condition", holds, condition.values, value, operator, condition.key, note)
