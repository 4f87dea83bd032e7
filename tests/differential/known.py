"""Where the other evaluator is known to be wrong (`known.yaml`), recognized in a request, and written around.

A class names elements: a condition, a resource pattern, a NotPrincipal, a layer. `mended` puts what the documentation
says in their place — a condition that is true is taken away, one that is false becomes one that nobody doubts — so that
the other's fault cannot bite, and changes nothing else. A disagreement is of a class when the other, asked the mended
request, gives our answer to the request as it was; whatever else it may be is still a failure.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from differential.conditions import holds
from differential.requests import Json, Line
from reference.meaning import (
    UNKNOWN,
    binary,
    closeness,
    date,
    matches,
    number,
    one_resource_matches,
    spared,
    statement_matches,
    substitute,
)
from vestry.policy.callers import read_caller
from vestry.policy.document import Condition, Document, DocumentKind, parse_document
from vestry.policy.operators import OPERATORS, Family, parse_operator
from vestry.policy.request import Kind, MappingContext, Request

ANYTHING, NOTHING = "*", "arn:aws:s3:::nothing-of-this-name"
NEVER: Json = {"StringEquals": {"aws:RequestTag/never": "x"}}
EVERYTHING: Json = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Asked:
    """A request, read as the naive reading takes it."""

    def __init__(self, line: Line) -> None:
        self.line, self.context = line, line["context"]
        values = {key: tuple(one) if isinstance(one, list) else one for key, one in self.context.items()}
        self.caller = read_caller(line["principal"], line["action"])
        self.request = Request(
            self.caller, line["action"], line["resource"], MappingContext(values), line["resourceAccount"]
        )
        self.local = self.caller.account == line["resourceAccount"]

    def value(self, key: str) -> Any:
        """What a key is worth: None, a text or several."""
        return self.request.context.get(key.lower())

    def unresolved(self, text: str) -> bool:
        """Whether a variable in `text` has no value, or an empty one."""
        document = Document("2012-10-17", ())
        empty = any(value == "" and "${" + key.lower() in text.lower() for key, value in self.context.items())
        return "${" in text and (empty or UNKNOWN in substitute(text, self.request.context, document))


# ── Conditions ───────────────────────────────────────────────────────────────────────────────────────────────────


def _null_value(asked: Asked, condition: Condition, _version: str) -> bool:
    return asked.value(condition.key) in ("", ()) and (
        condition.operator == "Null" or condition.quantifier != ""
    )


def _seconds(asked: Asked, condition: Condition, _version: str) -> bool:
    if OPERATORS[condition.operator].family is not Family.DATE:
        return False
    return len({text.isdigit() for text in _texts(asked, condition)}) == 2


def _no_value(asked: Asked, condition: Condition, _version: str) -> bool:
    row = OPERATORS[condition.operator]
    return row.takes_variables and row.negated and any(asked.unresolved(text) for text in condition.values)


def _old_condition(_asked: Asked, condition: Condition, version: str) -> bool:
    return version == "2008-10-17" and any("${" in text for text in condition.values)


def _unreadable(asked: Asked, condition: Condition, _version: str) -> bool:
    family = OPERATORS[condition.operator].family
    reader = READERS.get(family)
    return reader is not None and any(reader(text) is None for text in _texts(asked, condition))


def _texts(asked: Asked, condition: Condition) -> list[str]:
    """What the request and the policy say."""
    value = asked.value(condition.key) or ()
    return [*condition.values, *([value] if isinstance(value, str) else value)]


READERS: dict[Family, Callable[[str], object]] = {
    Family.NUMERIC: number,
    Family.DATE: date,
    Family.BINARY: binary,
}


def _everyone(_asked: Asked, condition: Condition, _version: str) -> bool:
    return OPERATORS[condition.operator].family is Family.IP_ADDRESS and "0.0.0.0/0" in condition.values


def _family(asked: Asked, condition: Condition, _version: str) -> bool:
    if condition.operator != "NotIpAddress":
        return False
    return len({":" in text for text in _texts(asked, condition)}) == 2


# ── Resources ────────────────────────────────────────────────────────────────────────────────────────────────────


def _runs_on(asked: Asked, pattern: str, document: Document) -> bool:
    """Matches, but not segment by segment."""
    if not one_resource_matches(pattern, asked.request, document) or "*:" not in pattern:
        return False
    wanted = (pattern.split(":", 5) + ["*"] * 5)[:6]
    parts = zip(wanted, asked.line["resource"].split(":", 5), strict=True)
    return not all(matches(_glob(one), other) for one, other in parts)


def _glob(text: str) -> list[Any]:
    return [("*", False) if c == "*" else ("?", False) if c == "?" else c for c in text]


def _old_resource(_asked: Asked, pattern: str, document: Document) -> bool:
    return document.version == "2008-10-17" and "${" in pattern


def _no_value_in_resource(asked: Asked, pattern: str, _document: Document) -> bool:
    return asked.unresolved(pattern)


def _colon_in_variable(_asked: Asked, pattern: str, _document: Document) -> bool:
    before, variable, _ = pattern.partition("${")
    return bool(variable) and before.count(":") == 5 and "/" not in before.rpartition(":")[2]


# ── Layers: each changes the request in place where it applies, and tells whether it did ─────────────────────────


def _root(asked: Asked, line: Line) -> bool:
    if asked.caller.kind is not Kind.ROOT:
        return False
    line["identityPolicies"] = [{"Version": "2012-10-17", "Statement": [EVERYTHING]}]
    return True


def _without_session(asked: Asked, line: Line) -> bool:
    if asked.caller.kind is not Kind.FEDERATED_USER or "sessionPolicies" in line:
        return False
    line["sessionPolicies"] = [{"Version": "2012-10-17", "Statement": [EVERYTHING | {"Action": "s3:None"}]}]
    return True


def _session_grant(asked: Asked, line: Line) -> bool:
    """A session that is named directly needs no session policy; its denies stay."""
    policy = line.get("resourcePolicy")
    if "sessionPolicies" not in line or policy is None or not asked.local:
        return False
    document = read(policy)
    granted = any(
        statement.allow
        and closeness(statement, asked.caller, False, False) == "direct"
        and statement_matches(statement, asked.request, document)
        for statement in document.statements
    )
    for session in line["sessionPolicies"] if granted else ():
        session["Statement"] = [EVERYTHING, *(one for one in session["Statement"] if one["Effect"] == "Deny")]
    return granted


def _service(asked: Asked, line: Line) -> bool:
    outside = asked.caller.kind in (Kind.SERVICE, Kind.FEDERATED)
    return outside and line.pop("serviceControlPolicies", None) is not None


def _linked(asked: Asked, line: Line) -> bool:
    if ":role/aws-service-role/" not in asked.caller.issuer_arn:
        return False
    bound = [line.pop(name, None) for name in ("serviceControlPolicies", "resourceControlPolicies")]
    return bound != [None, None]


def _not_principal(asked: Asked, line: Line) -> bool:
    policy = line.get("resourcePolicy")
    if policy is None or not any("NotPrincipal" in statement for statement in policy["Statement"]):
        return False
    for statement, as_read in zip(policy["Statement"], read(policy).statements, strict=True):
        if as_read.not_principals is not None:
            del statement["NotPrincipal"]
            statement["Principal"] = "*"
            if "permissionsBoundary" not in line and spared(as_read.not_principals, asked.caller, False):
                statement["Condition"] = NEVER
    return True


def _namesake(asked: Asked, line: Line) -> bool:
    """Whom a federated user's own name happens to name is not the user behind it."""
    if asked.caller.kind is not Kind.FEDERATED_USER or "resourcePolicy" not in line:
        return False
    user = asked.caller.arn.replace(":sts:", ":iam:").replace("federated-user/", "user/")
    changed = False
    for statement in line["resourcePolicy"]["Statement"]:
        named = statement.get("Principal")
        if isinstance(named, dict) and user in named.get("AWS", ()):
            listed = [named["AWS"]] if isinstance(named["AWS"], str) else named["AWS"]
            named["AWS"] = [NOBODY if one == user else one for one in listed]
            changed = True
    return changed


NOBODY = "arn:aws:iam::777788889999:user/nobody"

CONDITIONS: dict[str, Callable[[Asked, Condition, str], bool]] = {
    "null-value": _null_value,
    "seconds": _seconds,
    "variable-without-value": _no_value,
    "version-2008": _old_condition,
    "address-family": _family,
    "unreadable": _unreadable,
    "every-address": _everyone,
}
RESOURCES: dict[str, Callable[[Asked, str, Document], bool]] = {
    "runs-on": _runs_on,
    "version-2008": _old_resource,
    "variable-without-value": _no_value_in_resource,
    "colon-in-variable": _colon_in_variable,
}
LAYERS: dict[str, Callable[[Asked, Line], bool]] = {
    "root": _root,
    "federated-user-without-session-policy": _without_session,
    "session-grant": _session_grant,
    "service": _service,
    "service-linked-role": _linked,
    "not-principal": _not_principal,
    "namesake": _namesake,
}
NAMES = frozenset((*CONDITIONS, *RESOURCES, *LAYERS))


def read(policy: Json) -> Document:
    """A policy as a document."""
    return parse_document(json.dumps(policy), DocumentKind.LIBRARY)


def mended(line: Line) -> tuple[Line, set[str]]:
    """The request with all that the classes name written around, and the classes that named something."""
    asked, found, names = Asked(line), copy.deepcopy(line), set[str]()
    for policy in policies(found):
        document = Document(policy["Version"], ())
        for statement in policy["Statement"]:
            names |= _mend_conditions(asked, statement, policy["Version"])
            names |= _mend_resources(asked, statement, document)
    return found, names | {name for name, change in LAYERS.items() if change(asked, found)}


def policies(line: Line) -> Iterator[Json]:
    """Every policy of a line."""
    yield from line.get("identityPolicies", [])
    yield from line.get("sessionPolicies", [])
    yield from (line[name] for name in ("permissionsBoundary", "resourcePolicy") if name in line)
    for levels in ("serviceControlPolicies", "resourceControlPolicies"):
        for level in line.get(levels, []):
            yield from level


def conditions(statement: Json) -> Iterator[tuple[str, Condition]]:
    """The conditions of a statement, each with its operator as written."""
    for operator, block in statement.get("Condition", {}).items():
        quantifier, name, if_exists = parse_operator(operator) or ("", "", False)
        for key, values in block.items():
            listed = [values] if isinstance(values, str) else values
            yield operator, Condition(name, key, tuple(listed), quantifier, if_exists)


def with_condition(statement: Json, operator: str, key: str, truth: bool) -> None:
    """Put what is true, or what is false, in the place of a condition."""
    block = {name: dict(keys) for name, keys in statement["Condition"].items()}
    del block[operator][key]
    if not truth:
        block["StringEquals"] = block.get("StringEquals", {}) | NEVER["StringEquals"]
    statement["Condition"] = {name: keys for name, keys in block.items() if keys}


def _mend_conditions(asked: Asked, statement: Json, version: str) -> set[str]:
    names: set[str] = set()
    for operator, condition in list(conditions(statement)):
        mine = {name for name, test in CONDITIONS.items() if test(asked, condition, version)}
        if mine:
            with_condition(statement, operator, condition.key, holds(condition, asked.context, version))
        names |= mine
    return names


def _mend_resources(asked: Asked, statement: Json, document: Document) -> set[str]:
    names: set[str] = set()
    for element in ("Resource", "NotResource"):
        listed = statement.get(element, [])
        listed = [listed] if isinstance(listed, str) else list(listed)
        for at, pattern in enumerate(listed):
            mine = {name for name, test in RESOURCES.items() if test(asked, pattern, document)}
            if mine:
                meant = one_resource_matches(pattern, asked.request, document)
                listed[at] = ANYTHING if meant else NOTHING
                statement[element] = listed
            names |= mine
    return names
