"""The doors that a decision case goes through: the library, the naive reading, and a line of `vestry simulate`."""

from __future__ import annotations

import json
from typing import Any

from decision_cases import Case
from reference.authorizer import Policies
from vestry.policy.document import Document, DocumentKind, parse_document
from vestry.policy.request import Kind
from vestry.policy.simulate import asks_trust

#: The members of a line, by the names that cases have for them.
_MEMBERS = {
    "boundary": "permissionsBoundary",
    "resource": "resourcePolicy",
    "scp": "serviceControlPolicies",
    "rcp": "resourceControlPolicies",
}


def naively(case: Case) -> Policies:
    """The policies as the naive reading takes them: documents."""
    texts = case.texts

    def one(text: str) -> Document:
        return parse_document(text, DocumentKind.LIBRARY)

    return Policies(
        (one(texts["identity"]),) if "identity" in texts else (),
        one(texts["boundary"]) if "boundary" in texts else None,
        None if "session" not in texts else (one(texts["session"]),) if texts["session"] else (),
        one(texts["resource"]) if "resource" in texts else None,
        case.trust,
        case.bound,
        tuple((one(level),) for level in texts.get("scp", ())),
        tuple((one(level),) for level in texts.get("rcp", ())),
    )


def line(case: Case) -> bytes | None:
    """The case as a line of `vestry simulate`; None where a line can't say it.

    A line knows no unique ids, not who stands behind a federated user, and takes a resource policy for a role's trust
    policy exactly where the action assumes a role.
    """
    request, caller = case.request, case.request.principal
    behind = caller.kind is Kind.FEDERATED_USER and (
        caller.issuer_arn.endswith(":root") or f'"{caller.issuer_arn}"' in case.texts.get("resource", "")
    )
    if case.bound or behind or case.trust != asks_trust(request.action.lower()):
        return None
    text: str | None = caller.arn
    if caller.kind is Kind.ANONYMOUS:
        text = None
    elif ":role/aws-service-role/" in caller.issuer_arn:
        text = caller.issuer_arn  # some session of it: a session's ARN has no path
    written: dict[str, Any] = {
        "id": case.name,
        "principal": text,
        "action": request.action,
        "resource": request.resource,
        "context": case.context,
    }
    if request.resource_account:
        written["resourceAccount"] = request.resource_account
    return json.dumps(written | _policies(case.texts)).encode()


def _policies(texts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "identity" in texts:
        found["identityPolicies"] = [json.loads(texts["identity"])]
    if "session" in texts:
        found["sessionPolicies"] = [json.loads(texts["session"])] if texts["session"] else []
    for name, member in _MEMBERS.items():
        if name in texts:
            levels = isinstance(texts[name], list)
            found[member] = (
                [[json.loads(level)] for level in texts[name]] if levels else json.loads(texts[name])
            )
    return found
