"""The grammar that every kind of policy shares: a JSON value becomes statements, and what is wrong with it is named.

Here is decided which elements exist and which shape their values have (IAM User Guide, "Grammar of the IAM JSON
policy language"). What a kind of policy demands or forbids, and AWS's words for a fault, stand in that kind's rules:
a fault of the grammar is called by the name of the rule it breaks, and the kinds translate the names.

Reading goes on behind a fault, so that all are found: the element at fault is left out of the statement and named in
`Draft.bad`; the rules pass over it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry.policy.elements import Condition, Document, Principals, Statement
from vestry.policy.json_reader import Number, Path
from vestry.policy.operators import WRITTEN

VERSIONS = ("2008-10-17", "2012-10-17")
TOP_ELEMENTS = frozenset(("Version", "Id", "Statement"))
STATEMENT_ELEMENTS = frozenset(
    (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
)
_EITHER = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_EFFECTS = {"Allow": True, "Deny": False}
_PRINCIPAL_TYPES = {
    "AWS": "aws",
    "Service": "service",
    "Federated": "federated",
    "CanonicalUser": "canonical_user",
}


class Fault(msgspec.Struct, gc=False):
    """A rule that the document breaks. The least `order` is the fault that AWS answers with."""

    rule: str
    path: Path
    message: str  # what is wrong, in our words
    answer: str = ""  # what AWS says
    order: tuple[int, ...] = ()


class Draft(msgspec.Struct, gc=False):
    """A statement as far as it could be read; `bad` names elements that could not, `raw` is the JSON object."""

    index: int
    statement: Statement
    raw: dict[str, Any]
    bad: tuple[str, ...] = ()

    def path(self, *rest: str | int) -> Path:
        """Return the path of an element of this statement."""
        return ("Statement", self.index, *rest)


class Reading(msgspec.Struct, gc=False):
    """A document as far as it could be read. `members` counts the members of its objects, as the reader does."""

    version: str
    id: str
    drafts: list[Draft]
    members: int
    version_given: bool = False

    def document(self) -> Document:
        """Return the typed document; only where no fault was found."""
        return Document(self.version, tuple([draft.statement for draft in self.drafts]), self.id)


def nothing_read() -> Reading:
    """Return the reading of what is no policy at all."""
    return Reading(VERSIONS[1], "", [], 0)


def read_policy(tree: Any, faults: list[Fault]) -> Reading:
    """Return what a JSON value says as a policy, and add what is wrong with it to `faults`."""
    if not isinstance(tree, dict):
        faults.append(Fault("document-shape", (), "a policy is a JSON object"))
        return nothing_read()
    _unknown(tree, TOP_ELEMENTS, (), faults)
    version = tree.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        faults.append(Fault("version", ("Version",), "Version is 2012-10-17 or 2008-10-17"))
        version = VERSIONS[1]
    identifier = tree.get("Id", "")
    if identifier.__class__ is not str:
        faults.append(Fault("id-shape", ("Id",), "Id is a string"))
    reading = Reading(version, identifier, [], len(tree), "Version" in tree)
    for index, raw in enumerate(_statements(tree, faults)):
        if isinstance(raw, dict):
            _read_statement(index, raw, reading, faults)
        else:
            faults.append(Fault("statement-shape", ("Statement", index), "a statement is a JSON object"))
    return reading


def _statements(tree: dict[str, Any], faults: list[Fault]) -> list[Any]:
    """Return the statements of a document, one or several."""
    if "Statement" not in tree:
        faults.append(Fault("statement-missing", (), "the document has no Statement"))
        return []
    statements = tree["Statement"]
    if isinstance(statements, dict):
        return [statements]
    if not isinstance(statements, list):
        faults.append(Fault("statement-shape", ("Statement",), "Statement is an object or a list of objects"))
        return []
    if not statements:
        faults.append(Fault("statement-empty", ("Statement",), "Statement is an empty list"))
    return statements


def _unknown(raw: dict[str, Any], known: frozenset[str], path: Path, faults: list[Fault]) -> None:
    """Add a fault for every member that is no element of the language."""
    if raw.keys() <= known:
        return
    for name in raw:
        if name not in known:
            meant = next((element for element in sorted(known) if element.lower() == name.lower()), "")
            hint = f"; {meant} is meant?" if meant else ""
            faults.append(
                Fault("element-unknown", (*path, name), f"{name!r} is no element of a policy{hint}")
            )


def _read_statement(index: int, raw: dict[str, Any], reading: Reading, faults: list[Fault]) -> None:
    """Read one statement into `reading`."""
    before = len(faults)
    path = ("Statement", index)
    _unknown(raw, STATEMENT_ELEMENTS, path, faults)
    for one, other in _EITHER:
        if other in raw and one in raw:
            message = f"{one} and {other} exclude each other"
            faults.append(Fault(f"{one.lower()}-both", (*path, other), message))
    sid = raw.get("Sid", "")
    if sid.__class__ is not str:
        faults.append(Fault("sid-shape", (*path, "Sid"), "Sid is a string"))
        sid = ""
    reading.members += len(raw)
    statement = Statement(
        _effect(raw, path, faults),
        sid,
        _principals(raw, "Principal", path, reading, faults) if "Principal" in raw else None,
        _principals(raw, "NotPrincipal", path, reading, faults) if "NotPrincipal" in raw else None,
        _texts(raw, "Action", path, faults) if "Action" in raw else None,
        _texts(raw, "NotAction", path, faults) if "NotAction" in raw else None,
        _texts(raw, "Resource", path, faults) if "Resource" in raw else None,
        _texts(raw, "NotResource", path, faults) if "NotResource" in raw else None,
        _conditions(raw["Condition"], path, reading, faults) if "Condition" in raw else (),
    )
    bad: tuple[str, ...] = ()
    if len(faults) > before:
        bad = tuple([str(fault.path[2]) for fault in faults[before:] if len(fault.path) > 2])
    reading.drafts.append(Draft(index, statement, raw, bad))


def _effect(raw: dict[str, Any], path: Path, faults: list[Fault]) -> bool:
    """Return whether the statement allows."""
    effect = raw.get("Effect")
    if effect.__class__ is str:
        allow = _EFFECTS.get(effect)
        if allow is not None:
            return allow
        rule = "effect-case" if effect.capitalize() in _EFFECTS else "effect-unknown"
        message = f"Effect is Allow or Deny, exactly so, not {effect!r}"
    elif "Effect" in raw:
        rule, message = "effect-shape", "Effect is a string: Allow or Deny"
    else:
        faults.append(Fault("effect-missing", path, "the statement has no Effect"))
        return False
    faults.append(Fault(rule, (*path, "Effect"), message))
    return False


def _texts(raw: dict[str, Any], name: str, path: Path, faults: list[Fault]) -> tuple[str, ...]:
    """Return the strings of an element that is a string or a list of strings."""
    value = raw[name]
    if value.__class__ is str:
        return (value,)
    if value.__class__ is list:
        for index, item in enumerate(value):
            if item.__class__ is not str:
                message = f"{name} holds strings only"
                faults.append(Fault("texts-shape", (*path, name, index), message))
                return ()
        return tuple(value)
    faults.append(Fault("texts-shape", (*path, name), f"{name} is a string or a list of strings"))
    return ()


def _principals(
    raw: dict[str, Any], name: str, path: Path, reading: Reading, faults: list[Fault]
) -> Principals | None:
    """Return a Principal or NotPrincipal element."""
    value = raw[name]
    path = (*path, name)
    if value == "*":
        return Principals(everyone=True)
    if not isinstance(value, dict):
        rule = "principal-text" if isinstance(value, str) else "principal-shape"
        faults.append(Fault(rule, path, f'{name} is "*" or an object such as {{"AWS": "111122223333"}}'))
        return None
    reading.members += len(value)
    if not value:
        faults.append(Fault("principal-empty", path, f"{name} is an empty object"))
    fields: dict[str, tuple[str, ...]] = {}
    for kind in value:
        if kind not in _PRINCIPAL_TYPES:
            message = f"{kind!r} is no type of principal: AWS, Service, Federated and CanonicalUser are"
            faults.append(Fault("principal-type", (*path, kind), message))
            continue
        texts: list[Fault] = []
        values = _texts(value, kind, path, texts)
        if texts:
            faults.append(
                Fault("principal-values", texts[0].path, f"{kind} is a string or a list of strings")
            )
        elif not values:
            faults.append(Fault("principal-none", (*path, kind), f"{kind} is an empty list"))
        fields[_PRINCIPAL_TYPES[kind]] = values
    aws = fields.get("aws", ())
    everyone = "*" in aws
    return Principals(
        everyone,
        tuple([text for text in aws if text != "*"]),
        fields.get("service", ()),
        fields.get("federated", ()),
        fields.get("canonical_user", ()),
    )


def _conditions(blocks: Any, path: Path, reading: Reading, faults: list[Fault]) -> tuple[Condition, ...]:
    """Return a Condition element as a row for each key under each operator."""
    path = (*path, "Condition")
    if blocks.__class__ is not dict:
        faults.append(
            Fault("condition-shape", path, "Condition is an object: operators, and keys under them")
        )
        return ()
    rows: list[Condition] = []
    reading.members += len(blocks)
    for written, block in blocks.items():
        if block.__class__ is not dict:
            message = f"{written} holds an object: keys, and the values they are compared with"
            faults.append(Fault("condition-shape", (*path, written), message))
            continue
        parts = WRITTEN.get(written)
        if parts is None:
            if block:
                faults.append(Fault("operator-unknown", (*path, written), _no_operator(written)))
            continue
        quantifier, operator, if_exists = parts
        reading.members += len(block)
        for key, value in block.items():
            if value.__class__ is str:
                values: tuple[str, ...] | None = (value,)
            else:
                values = _values(value)
            if values is None:
                message = "a condition's value is a string, a number, a boolean or a list of these"
                faults.append(Fault("condition-value", (*path, written, key), message))
                continue
            rows.append(Condition(operator, key, values, quantifier, if_exists))
    return tuple(rows)


def _no_operator(written: str) -> str:
    """Say that an operator does not exist, and which one may be meant."""
    meant = next((known for known in WRITTEN if known.lower() == written.lower()), "")
    return f"there is no condition operator {written!r}" + (f"; {meant} is meant?" if meant else "")


def _values(value: Any) -> tuple[str, ...] | None:
    """Return the values of a condition as strings, or None where one is no scalar."""
    if value.__class__ is not list:
        text = _scalar(value)
        return None if text is None else (text,)
    texts: list[str] = []
    for item in value:
        text = item if item.__class__ is str else _scalar(item)
        if text is None:
            return None
        texts.append(text)
    return tuple(texts)


def _scalar(value: Any) -> str | None:
    """Return a scalar as the text it is compared as."""
    if value.__class__ is bool:
        return "true" if value else "false"
    if value.__class__ is int or value.__class__ is Number:
        return str(value)
    return None
