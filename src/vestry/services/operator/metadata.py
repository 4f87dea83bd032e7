"""What the operator is told about instance metadata."""

from __future__ import annotations

from typing import Any

from vestry.errors import NoSuchEntity
from vestry.services.operator.call import OperatorCall


def certificate(call: OperatorCall) -> dict[str, Any]:
    """Return the certificate by which the identity documents of instances are proven, as PEM. Errors: NoSuchEntity."""
    identity = call.draft.root.identity
    if identity is None:
        raise NoSuchEntity(
            "There is no certificate of identity documents yet.",
            hint="A running server makes it when the first instance is launched.",
        )
    return {"Certificate": identity.certificate}
