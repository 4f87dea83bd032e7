"""Which services a role's trust policy names."""

from __future__ import annotations

from vestry.directory.entities import Role
from vestry.policy.document import DocumentKind, parse_document


def names_service(role: Role, name: str, *, allowing: bool = False) -> bool:
    """Tell whether a trust policy names a service, in a statement that allows something where `allowing` asks for it."""
    if name not in role.trust and "\\u" not in role.trust:  # an escape may hide it
        return False
    document = parse_document(role.trust, DocumentKind.LIBRARY)
    return any(
        name in statement.principals.service
        for statement in document.statements
        if statement.principals is not None and (statement.allow or not allowing)
    )
