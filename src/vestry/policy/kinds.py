"""The kinds of policy document, and which rules each is held to beyond the shared grammar.

LIBRARY is the grammar alone: what evaluation must understand. Which elements a kind of policy prohibits, its sizes
and its Version are not asked there; Principal and Resource are optional.
"""

from __future__ import annotations

from enum import StrEnum

from vestry import limits
from vestry.policy import identity_rules, organization_rules, trust_rules
from vestry.policy.grammar import Fault, Reading


class DocumentKind(StrEnum):
    """What a policy is written for. A permissions boundary is a managed policy."""

    MANAGED = "managed"
    INLINE = "inline"
    TRUST = "trust"
    SESSION = "session"
    SCP = "service-control"
    RCP = "resource-control"
    RESOURCE = "resource"
    LIBRARY = "library"


def input_limit(kind: DocumentKind) -> int:
    """Return how many characters a document may have before it is read at all."""
    return limits.BODY_BYTES if kind is DocumentKind.LIBRARY else limits.POLICY_INPUT_CHARACTERS


def apply_rules(
    kind: DocumentKind, reading: Reading, faults: list[Fault], *, allow_wildcard_principals: bool
) -> None:
    """Answer the faults of the grammar in the kind's words, and add the faults of the kind's own rules."""
    for fault in faults:
        answer_grammar(kind, fault, reading)
    match kind:
        case DocumentKind.LIBRARY:
            _check_library(reading, faults)
        case DocumentKind.MANAGED:
            identity_rules.check_identity(reading, faults, managed=True)
        case DocumentKind.INLINE | DocumentKind.SESSION:
            identity_rules.check_identity(reading, faults, managed=False)
        case DocumentKind.TRUST:
            trust_rules.check_trust(reading, faults, allow_wildcard_principals=allow_wildcard_principals)
        case DocumentKind.RESOURCE:
            trust_rules.check_resource_policy(reading, faults)
        case DocumentKind.SCP:
            organization_rules.check_service_control(reading, faults)
        case DocumentKind.RCP:
            organization_rules.check_resource_control(reading, faults)


def answer_grammar(kind: DocumentKind, fault: Fault, reading: Reading) -> None:
    """Give a fault of the grammar, or of the JSON under it, its answer and its order for a kind of document."""
    match kind:
        case DocumentKind.MANAGED | DocumentKind.INLINE | DocumentKind.SESSION:
            identity_rules.answer_grammar(fault)
        case DocumentKind.TRUST | DocumentKind.RESOURCE:
            trust_rules.answer_grammar(fault, reading)
        case DocumentKind.SCP | DocumentKind.RCP:
            organization_rules.answer_grammar(fault)
        case DocumentKind.LIBRARY:
            fault.order = (0,)


def _check_library(reading: Reading, faults: list[Fault]) -> None:
    """Demand what a statement can't be understood without: actions, and no empty list of resources."""
    for draft in reading.drafts:
        statement = draft.statement
        if not (
            statement.actions or statement.not_actions or "Action" in draft.bad or "NotAction" in draft.bad
        ):
            message = "the statement has no Action, or an empty one"
            faults.append(Fault("action-missing", draft.path(), message, order=(0,)))
        if statement.resources == () and "Resource" not in draft.bad:
            faults.append(
                Fault("resource-missing", draft.path("Resource"), "Resource is an empty list", order=(0,))
            )
        if statement.not_resources == () and "NotResource" not in draft.bad:
            message = "NotResource is an empty list"
            faults.append(Fault("resource-missing", draft.path("NotResource"), message, order=(0,)))
