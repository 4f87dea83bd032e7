"""A document as JSON text again, and principals exchanged for others.

`render` writes the canonical text of a typed document: reading it gives the same document. `rewrite_principals`
changes a text where principals stand and nowhere else, so that a policy reads back as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from vestry.errors import MalformedPolicyDocument
from vestry.policy.elements import Condition, Document, Principals, Statement
from vestry.policy.json_reader import JsonFault, Node, place_json
from vestry.policy.operators import write_operator

#: Returns what stands for a principal, from its type as written ("AWS", "Service", …) and its value.
Replace = Callable[[str, str], str]

_ENCODE = msgspec.json.Encoder().encode


def render(document: Document) -> str:
    """Return the canonical text: the usual order of elements, one value as a string, no white space."""
    tree: dict[str, Any] = {"Version": document.version}
    if document.id:
        tree["Id"] = document.id
    tree["Statement"] = [_statement(statement) for statement in document.statements]
    return _ENCODE(tree).decode()


def _statement(statement: Statement) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    if statement.sid:
        tree["Sid"] = statement.sid
    tree["Effect"] = "Allow" if statement.allow else "Deny"
    if statement.principals is not None:
        tree["Principal"] = _principals(statement.principals)
    if statement.not_principals is not None:
        tree["NotPrincipal"] = _principals(statement.not_principals)
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if values is not None:
            tree[name] = _one_or_many(values)
    if statement.conditions:
        tree["Condition"] = _conditions(statement.conditions)
    return tree


def _principals(principals: Principals) -> dict[str, Any]:
    aws = ("*", *principals.aws) if principals.everyone else principals.aws
    fields = (
        ("AWS", aws),
        ("Service", principals.service),
        ("Federated", principals.federated),
        ("CanonicalUser", principals.canonical_user),
    )
    return {name: _one_or_many(values) for name, values in fields if values}


def _conditions(conditions: tuple[Condition, ...]) -> dict[str, dict[str, Any]]:
    blocks: dict[str, dict[str, Any]] = {}
    for row in conditions:
        written = write_operator(row.operator, row.quantifier, if_exists=row.if_exists)
        blocks.setdefault(written, {})[row.key] = _one_or_many(row.values)
    return blocks


def _one_or_many(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def map_principals(document: Document, replace: Replace) -> Document:
    """Return the document with every principal, but everyone (`*`), exchanged for what `replace` returns."""
    statements = [
        msgspec.structs.replace(
            statement,
            principals=_mapped(statement.principals, replace),
            not_principals=_mapped(statement.not_principals, replace),
        )
        for statement in document.statements
    ]
    return Document(document.version, tuple(statements), document.id)


def _mapped(principals: Principals | None, replace: Replace) -> Principals | None:
    if principals is None:
        return None
    return Principals(
        principals.everyone,
        tuple([replace("AWS", value) for value in principals.aws]),
        tuple([replace("Service", value) for value in principals.service]),
        tuple([replace("Federated", value) for value in principals.federated]),
        tuple([replace("CanonicalUser", value) for value in principals.canonical_user]),
    )


def rewrite_principals(text: str, replace: Replace) -> str:
    """Return `text` with every principal, but everyone (`*`), exchanged for what `replace` returns, and nothing else changed.

    A fault that `replace` raises comes through. Raises MalformedPolicyDocument where the text is not JSON.
    """
    try:
        root = place_json(text).root
    except JsonFault as fault:
        raise MalformedPolicyDocument("Syntax errors in policy.", hint=fault.message) from None
    parts: list[str] = []
    done = 0
    for kind, node in _principal_nodes(root):
        value = node.value
        new = value if value == "*" and kind == "AWS" else replace(kind, value)
        if new != value:
            parts += (text[done : node.start], _ENCODE(new).decode())
            done = node.end
    return "".join(parts) + text[done:]


def _principal_nodes(root: Node) -> list[tuple[str, Node]]:
    """Return each principal's type and node, in the order of the text."""
    statements = (root.members or {}).get("Statement")
    found: list[tuple[str, Node]] = []
    for statement in _each(statements):
        for name, element in (statement.members or {}).items():
            if name in ("Principal", "NotPrincipal"):
                for kind, values in (element.members or {}).items():
                    found += [(kind, node) for node in _each(values) if node.value.__class__ is str]
    return found


def _each(node: Node | None) -> list[Node]:
    """Return the elements of a list, or the one value that stands for a list of one."""
    if node is None:
        return []
    return [node] if node.elements is None else node.elements
