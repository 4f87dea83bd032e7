"""Requests as lines of JSON, decided: what `vestry simulate` and policy tests speak.

A line holds the request and every policy that has a say; the answer says who decided. The context is what the line
says, and nothing is added to it. Policies that are repeated between lines are compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from vestry import limits
from vestry.arn import is_account_id, parse_arn
from vestry.errors import MalformedPolicyDocument
from vestry.policy.callers import read_caller
from vestry.policy.compile import Compiled, Rule, compile_document
from vestry.policy.decide import Decision, Layer, Layers, decide
from vestry.policy.document import DocumentKind, examine, parse_document
from vestry.policy.request import MappingContext, Principal, Request, Value

#: The longest line that is read, in bytes.
LONGEST_LINE = limits.BODY_BYTES
#: Characters of policy text whose compiled form is kept.
_BUDGET = 64 * 1024 * 1024
#: A role's trust policy is the resource policy of these actions: without one, nobody assumes it.
_TRUST = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")

_Scalar = str | bool | int | float


class Line(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One line: a request with its policies. Policies stay as written until they are compiled."""

    principal: str | None
    action: str
    resource: str
    id: Any = None
    context: dict[str, _Scalar | list[_Scalar]] = {}
    identity_policies: list[msgspec.Raw] = []
    resource_policy: msgspec.Raw = msgspec.Raw()
    permissions_boundary: msgspec.Raw = msgspec.Raw()
    session_policies: list[msgspec.Raw] | None = None
    service_control_policies: list[list[msgspec.Raw]] = []
    resource_control_policies: list[list[msgspec.Raw]] = []
    resource_account: str | None = None


class Question(msgspec.Struct, frozen=True):
    """A line, read: the request, the policies, and what the line calls them."""

    id: Any
    request: Request
    layers: Layers
    named: tuple[tuple[Layer, str, Compiled], ...]


class Simulator:
    """Reads and answers lines. `strict`: policies are held to all rules of their kind, as when they are written."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._compiled: dict[tuple[DocumentKind, bytes], Compiled] = {}
        self._size = 0
        self._read: Callable[[bytes], Line] = msgspec.json.Decoder(Line).decode
        self._write: Callable[[Any], bytes] = msgspec.json.Encoder().encode

    def answer(self, line: bytes) -> bytes:
        """Return the answer to one line, as a line without its end; a bad line is answered with its error."""
        try:
            question = self.question(line)
        except ValueError as error:
            return self._write({"id": _identifier(line), "error": str(error)})
        decision = decide(question.request, question.layers)
        return self._write(
            {
                "id": question.id,
                "decision": decision.outcome,
                "decidedBy": decision.layer,
                "statements": statements(question, decision),
            }
        )

    def question(self, line: bytes) -> Question:
        """Return what a line asks. Raises ValueError, saying what is wrong with it."""
        try:
            return self.read(self._read(line))
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from None
        except RecursionError:
            raise ValueError("the line is nested too deeply") from None

    def read(self, line: Line) -> Question:
        """Return what a line asks, its policies compiled. Raises ValueError as `question` does."""
        action = read_action(line.action)
        principal = read_caller(line.principal, action)
        account = line.resource_account
        if account is None:
            account = owner(line.resource, principal)
        elif not is_account_id(account):
            raise ValueError(f"resourceAccount {account!r} is not twelve digits")
        request = Request(principal, line.action, line.resource, MappingContext(_context(line)), account)
        layers, named = self._layers(line, asks_trust(action))
        return Question(line.id, request, layers, named)

    def _layers(self, line: Line, trust: bool) -> tuple[Layers, tuple[tuple[Layer, str, Compiled], ...]]:
        named: list[tuple[Layer, str, Compiled]] = []

        def one(layer: Layer, kind: DocumentKind, name: str, raw: msgspec.Raw) -> Compiled:
            compiled = self._compile(kind, name, bytes(raw))
            named.append((layer, name, compiled))
            return compiled

        def many(
            layer: Layer, kind: DocumentKind, name: str, raws: Iterable[msgspec.Raw]
        ) -> tuple[Compiled, ...]:
            return tuple([one(layer, kind, f"{name}[{index}]", raw) for index, raw in enumerate(raws)])

        def levels(
            layer: Layer, kind: DocumentKind, name: str, written: list[list[msgspec.Raw]]
        ) -> tuple[tuple[Compiled, ...], ...]:
            return tuple(
                [many(layer, kind, f"{name}[{number}]", level) for number, level in enumerate(written)]
            )

        resource_kind = DocumentKind.TRUST if trust else DocumentKind.RESOURCE
        resource_layer = Layer.TRUST if trust else Layer.RESOURCE
        layers = Layers(
            many(Layer.IDENTITY, DocumentKind.MANAGED, "identityPolicies", line.identity_policies),
            one(Layer.BOUNDARY, DocumentKind.MANAGED, "permissionsBoundary", line.permissions_boundary)
            if _given(line.permissions_boundary)
            else None,
            many(Layer.SESSION, DocumentKind.SESSION, "sessionPolicies", line.session_policies)
            if line.session_policies is not None
            else None,
            one(resource_layer, resource_kind, "resourcePolicy", line.resource_policy)
            if _given(line.resource_policy)
            else None,
            trust,
            levels(
                Layer.SERVICE_CONTROL,
                DocumentKind.SCP,
                "serviceControlPolicies",
                line.service_control_policies,
            ),
            levels(
                Layer.RESOURCE_CONTROL,
                DocumentKind.RCP,
                "resourceControlPolicies",
                line.resource_control_policies,
            ),
        )
        return layers, tuple(named)

    def _compile(self, kind: DocumentKind, name: str, raw: bytes) -> Compiled:
        key = (kind if self._strict else DocumentKind.LIBRARY, raw)
        found = self._compiled.get(key)
        if found is None:
            text = raw.decode()
            if text.startswith('"'):
                text = msgspec.json.decode(raw, type=str)  # a document written as text
            found = _compile(text, key[0], name)
            self._size += len(raw)
            if self._size > _BUDGET:
                self._compiled.clear()
                self._size = len(raw)
            self._compiled[key] = found
        return found


def read_action(text: str) -> str:
    """Return an action in lower case. Raises ValueError for a text that is not exactly one."""
    if ":" not in text or "*" in text or "?" in text:
        raise ValueError(f"action {text!r} is not one action: service:Name")
    return text.lower()


def asks_trust(action: str) -> bool:
    """Tell whether the lower-case `action` asks a role's trust policy."""
    return action.startswith(_TRUST)


def owner(resource: str, caller: Principal) -> str:
    """Return the account that owns a resource: its ARN's, else the caller's. AWS's own (`aws`) is no account."""
    fields = parse_arn(resource)
    return fields.account if fields is not None and is_account_id(fields.account) else caller.account


def statements(question: Question, decision: Decision) -> list[dict[str, Any]]:
    """Return the statements that decided, as the line names their policies; `statement` counts from 0."""
    return [
        {
            "policy": _name(question, decision, rule),
            "statement": rule.number,
            "sid": rule.sid or None,
            "effect": "Allow" if rule.allow else "Deny",
        }
        for rule in decision.statements
    ]


def _name(question: Question, decision: Decision, rule: Rule) -> str:
    """Return what the line calls the policy of a statement; the deciding layer's, where several hold the same text."""
    names = [(layer is decision.layer, name) for layer, name, policy in question.named if policy.holds(rule)]
    return next((name for decided, name in names if decided), names[0][1])


def _compile(text: str, kind: DocumentKind, name: str) -> Compiled:
    if kind is DocumentKind.LIBRARY:
        try:
            return compile_document(parse_document(text, kind))
        except MalformedPolicyDocument as fault:
            raise ValueError(f"{name}: {fault}") from None
    document, findings = examine(text, kind)
    for finding in findings:
        if finding.severity == "error":
            raise ValueError(f"{name}: {finding.answer or finding.message}")
    assert document is not None  # a document without an error is read
    return compile_document(document)


def _given(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in (b"", b"null")


def _context(line: Line) -> dict[str, Value]:
    return {
        key: tuple(map(_text, value)) if isinstance(value, list) else _text(value)
        for key, value in line.context.items()
    }


def _text(value: _Scalar) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _identifier(line: bytes) -> Any:
    """Return the id of a line that could not be read otherwise, None where that could not be read either."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return found.get("id") if isinstance(found, dict) else None
