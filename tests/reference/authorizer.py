"""The guide's evaluation logic, read aloud.

Source: IAM User Guide, "Policy evaluation logic" (one account, across accounts), "Permissions boundaries",
"Session policies".
"""

from __future__ import annotations

from dataclasses import dataclass

from reference.meaning import closeness, statement_matches
from vestry.policy.document import Document
from vestry.policy.request import Kind, Request

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


@dataclass
class Policies:
    """All documents that have a say."""

    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    resource: Document | None = None
    resource_is_trust: bool = False
    bound: bool = False
    service_control: tuple[tuple[Document, ...], ...] = ()
    resource_control: tuple[tuple[Document, ...], ...] = ()


def says(effect: bool, documents: tuple[Document, ...], request: Request) -> bool:
    """Does any statement of that effect in documents of the caller's match?"""
    return any(
        statement.allow == effect
        and statement_matches(statement, request, document)
        and (
            (statement.principals is None and statement.not_principals is None)
            or closeness(statement, request.principal, False, False) != ""
        )
        for document in documents
        for statement in document.statements
    )


def naming(effect: bool, policies: Policies, request: Request) -> set[str]:
    """How closely the matching statements of the resource policy name the caller."""
    document = policies.resource
    return {
        closeness(statement, request.principal, policies.bound, policies.boundary is not None)
        for statement in (document.statements if document is not None else ())
        if statement.allow == effect and statement_matches(statement, request, document)
    } - {""}


def authorize(request: Request, policies: Policies) -> str:
    """Return the outcome."""
    caller = request.principal
    has_identity = caller.kind not in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS)
    service_linked = ":role/aws-service-role/" in caller.issuer_arn
    is_root = caller.kind == Kind.ROOT or (
        caller.kind == Kind.FEDERATED_USER and caller.issuer_arn.endswith(":root")
    )

    boundary = () if policies.boundary is None else (policies.boundary,)
    own = [policies.identity, boundary, policies.session or ()] if has_identity else []
    levels = [] if service_linked else list(policies.resource_control)
    levels += list(policies.service_control) if has_identity and not service_linked else []

    # An explicit deny in any policy.
    if any(says(False, documents, request) for documents in [*own, *levels]) or naming(
        False, policies, request
    ):
        return EXPLICIT_DENY

    # Every level of the organization must allow.
    if not all(says(True, level, request) for level in levels):
        return IMPLICIT_DENY

    same_account = caller.account == request.resource_account
    granted = naming(True, policies, request)
    identity = is_root or says(True, policies.identity, request)
    within_boundary = policies.boundary is None or says(True, boundary, request)
    within_session = says(True, policies.session or (), request)
    if policies.session is None:
        within_session = caller.kind != Kind.FEDERATED_USER

    if not has_identity:
        allowed = "direct" in granted
    elif not same_account:
        allowed = bool(granted) and identity and within_boundary and within_session
    elif policies.resource_is_trust:
        allowed = (
            "direct" in granted
            or ("entity" in granted and within_boundary and within_session)
            or (bool(granted) and identity and within_boundary and within_session)
        )
    else:
        allowed = "direct" in granted or (
            ("entity" in granted or identity) and within_boundary and within_session
        )
    return ALLOWED if allowed else IMPLICIT_DENY
