"""What Organizations demands of service control policies and resource control policies.

Organizations answers every fault with one text. Sources: Organizations User Guide, "SCP syntax" (since 2025 with the
full language: NotResource, conditions and resources in Allow too) and "RCP syntax". Sizes are the caller's to check.
"""

from __future__ import annotations

from vestry.policy.grammar import VERSIONS, Draft, Fault, Reading
from vestry.policy.identity_rules import check_actions, check_identity

REFUSED = "The provided policy document does not meet the requirements of the specified policy type."


def answer_grammar(fault: Fault) -> None:
    """Give any fault Organizations' text; the faults keep the order in which they were found."""
    fault.answer = REFUSED
    fault.order = (0,)


def check_service_control(reading: Reading, faults: list[Fault]) -> None:
    """Add to `faults` what is refused in an SCP: it is an identity policy of version 2012-10-17."""
    found: list[Fault] = []
    check_identity(reading, found, managed=True)
    _answer(found, faults)


def check_resource_control(reading: Reading, faults: list[Fault]) -> None:
    """Add to `faults` what is refused in a customer's RCP: it denies, to everyone, actions of a service."""
    found: list[Fault] = []
    if reading.version != VERSIONS[1]:
        found.append(Fault("version-old", ("Version",), "an RCP needs Version 2012-10-17"))
    for draft in reading.drafts:
        _check_statement(draft, found)
    check_actions(reading, found)
    _answer(found, faults)


def _check_statement(draft: Draft, found: list[Fault]) -> None:
    """Check one statement of an RCP."""
    statement, raw = draft.statement, draft.raw
    if statement.allow:
        found.append(Fault("rcp-allow", draft.path("Effect"), "an RCP only denies"))
    for name, why in (
        ("NotPrincipal", "an RCP speaks of everyone; say whom it spares in a condition"),
        ("NotAction", "an RCP names the actions it denies"),
    ):
        if name in raw:
            found.append(Fault("rcp-element", draft.path(name), why))
    principals = statement.principals
    others = principals is not None and (
        principals.aws or principals.service or principals.federated or principals.canonical_user
    )
    if principals is None or not principals.everyone or others:
        found.append(Fault("rcp-principal", draft.path("Principal"), 'the Principal of an RCP is "*"'))
    for index, action in enumerate(statement.actions or ()):
        if action == "*":
            found.append(
                Fault("rcp-action", draft.path("Action", index), "an RCP names a service: s3:*, not *")
            )
    if not statement.actions and "Action" not in draft.bad:
        found.append(Fault("action-missing", draft.path(), "the statement has no Action, or an empty one"))
    unread = "Resource" in draft.bad or "NotResource" in draft.bad
    if not (statement.resources or statement.not_resources or unread):
        found.append(
            Fault("resource-missing", draft.path(), "the statement has no Resource, or an empty one")
        )


def _answer(found: list[Fault], faults: list[Fault]) -> None:
    for fault in found:
        answer_grammar(fault)
    faults.extend(found)
