"""The decision cases of `tests/decisions/*.yaml`, read.

A file holds a `page` of the IAM User Guide and `cases`. A case says, beside its sentence (`says`):

    who, does, to       the caller (a name of `CAST`), the action, the resource (default `*`)
    account             who owns the resource; default: the account in its ARN, else the caller's
    context             what the condition keys are worth
    identity, boundary, session, resource, trust, bound_trust, scp, rcp
                        the policies: a list of statements each (scp and rcp: a list of levels)
    version             of all documents; default 2012-10-17
    answer, by, sids    the decision, the layer that decided, the statements that did
    reason              the clause that AWS's message would end in

A statement is written as in JSON, or shortly: `allow s3:* on *`, `deny user/ann to s3:GetObject on arn:…`, with
conditions behind: `allow s3:* on * if Bool aws:SecureTransport true and StringLike s3:prefix a*|b*`. In short statements,
`who` and `to`, `user/ann` is ann's ARN in account A (111122223333) and `B:role/x` a role of account B.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from vestry.arn import parse_arn
from vestry.policy.compile import Compiled, compile_document
from vestry.policy.decide import Layers
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.request import Kind, MappingContext, Principal, Request

FOLDER = Path(__file__).parent / "decisions"
ACCOUNTS = {"A": "111122223333", "B": "444455556666", "C": "777788889999"}
#: Identity providers that are named by their address alone.
BUILT_IN = ("accounts.google.com", "cognito-identity.amazonaws.com")
_STS = ("assumed-role/", "federated-user/")
_IAM = (
    "user/",
    "role/",
    "group/",
    "policy/",
    "saml-provider/",
    "oidc-provider/",
    "root",
    "mfa/",
    "instance-profile/",
)
_SHORT = re.compile(r"(allow|deny) (?:(\S+) to )?(\S+)(?: on (\S+))?(?: if (.+))?")


def arn(text: str) -> str:
    """Return the ARN that a short name stands for; other texts stand for themselves."""
    account, colon, rest = text.partition(":")
    if account not in ACCOUNTS or not colon:
        account, rest = "A", text
    if rest.startswith(_STS):
        return f"arn:aws:sts::{ACCOUNTS[account]}:{rest}"
    return f"arn:aws:iam::{ACCOUNTS[account]}:{rest}" if rest.startswith(_IAM) else text


def caller(name: str) -> Principal:
    """Return the principal that a short name stands for; a federated user is ann's unless root's is said."""
    if name == "anonymous":
        return Principal(Kind.ANONYMOUS)
    if name in BUILT_IN:
        return Principal(Kind.FEDERATED, "", name)
    if name.endswith(".amazonaws.com"):
        return Principal(Kind.SERVICE, "", name)
    full = arn(name)
    fields = parse_arn(full)
    assert fields is not None, name
    kind, _, rest = fields.resource.partition("/")
    if kind in ("saml-provider", "oidc-provider"):
        return Principal(Kind.FEDERATED, "", full)
    if kind == "root":
        return Principal(Kind.ROOT, fields.account, full)
    if kind == "user":
        return Principal(Kind.USER, fields.account, full, "", "AIDA" + rest.upper())
    owner = f"arn:aws:iam::{fields.account}:"
    if kind == "federated-user" and rest.startswith("root-"):
        return Principal(Kind.FEDERATED_USER, fields.account, full, owner + "root")
    if kind == "federated-user":
        return Principal(Kind.FEDERATED_USER, fields.account, full, owner + "user/ann", "AIDAANN")
    role = rest.partition("/")[0]
    path = "aws-service-role/x.amazonaws.com/" if role.startswith("AWSServiceRole") else ""
    return Principal(Kind.ROLE, fields.account, full, f"{owner}role/{path}{role}", "AROA" + role.upper())


class Case(msgspec.Struct):
    """One case, ready to be decided, with the documents as JSON texts."""

    name: str
    page: str
    request: Request
    context: dict[str, Any]
    texts: dict[str, Any]
    trust: bool
    bound: bool
    answer: str
    by: str
    sids: list[str] | None
    reason: str | None

    def layers(self) -> Layers:
        """Compile the documents."""
        one, texts = self._one, self.texts
        resource = texts.get("resource")
        return Layers(
            (one(texts["identity"]),) if "identity" in texts else (),
            one(texts["boundary"]) if "boundary" in texts else None,
            None if "session" not in texts else (one(texts["session"]),) if texts["session"] else (),
            None if resource is None else one(resource, bound=self.bound),
            self.trust,
            tuple((one(level),) for level in texts.get("scp", ())),
            tuple((one(level),) for level in texts.get("rcp", ())),
        )

    @staticmethod
    def _one(text: str, *, bound: bool = False) -> Compiled:
        return compile_document(parse_document(text, DocumentKind.LIBRARY), bound=bound)


def cases() -> Iterator[Case]:
    """Yield every case of every file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        file = yaml.safe_load(path.read_text())
        for raw in file["cases"]:
            yield _case(raw, file["page"], path.stem)


def _case(raw: dict[str, Any], page: str, stem: str) -> Case:
    rest = dict(raw)
    who, resource, context = caller(rest.pop("who")), arn(rest.pop("to", "*")), rest.pop("context", {})
    context = {key: tuple(value) if isinstance(value, list) else value for key, value in context.items()}
    fields = parse_arn(resource)
    account = ACCOUNTS.get(rest.pop("account", ""), "") or (fields and fields.account) or who.account
    version = rest.pop("version", "2012-10-17")
    texts = {
        name: [_text(level, version) for level in rest.pop(name)]
        if name in ("scp", "rcp")
        else _text(rest.pop(name), version)
        for name in ("identity", "boundary", "session", "resource", "trust", "bound_trust", "scp", "rcp")
        if name in rest
    }
    bound, trust = "bound_trust" in texts, "trust" in texts or "bound_trust" in texts
    for name in ("trust", "bound_trust"):
        if name in texts:
            texts["resource"] = texts.pop(name)
    request = Request(who, rest.pop("does"), resource, MappingContext(context), account)
    case = Case(
        f"{stem}: {rest.pop('says')}",
        rest.pop("page", page),
        request,
        context,
        texts,
        trust,
        bound,
        rest.pop("answer"),
        rest.pop("by", ""),
        rest.pop("sids", None),
        rest.pop("reason", None),
    )
    assert not rest, f"{case.name}: {sorted(rest)}"
    return case


def _text(statements: list[Any], version: str) -> str:
    """Return the JSON text of a policy with these statements; "" where there is none."""
    if not statements:
        return ""
    written = [
        statement if isinstance(statement, dict) else _statement(statement) for statement in statements
    ]
    return json.dumps({"Version": version, "Statement": written})


def _statement(short: str) -> dict[str, Any]:
    found = _SHORT.fullmatch(short)
    assert found is not None, short
    effect, principal, actions, resources, conditions = found.groups()
    statement: dict[str, Any] = {"Effect": effect.capitalize(), "Action": actions.split(",")}
    if principal is not None:
        statement["Principal"] = _principals(principal.split(","))
    if resources is not None:
        statement["Resource"] = [arn(one) for one in resources.split(",")]
    for condition in conditions.split(" and ") if conditions else ():
        operator, key, values = condition.split(" ", 2)
        statement.setdefault("Condition", {}).setdefault(operator, {})[key] = values.split("|")
    return statement


def _principals(values: list[str]) -> Any:
    if values == ["*"]:
        return "*"
    grouped: dict[str, list[str]] = {}
    for value in values:
        kind = "AWS"
        if "-provider/" in value or value in BUILT_IN:
            kind = "Federated"
        elif value.endswith(".amazonaws.com"):
            kind = "Service"
        grouped.setdefault(kind, []).append(ACCOUNTS.get(value) or arn(value))
    return grouped
