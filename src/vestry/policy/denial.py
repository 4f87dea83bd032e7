"""The reason that AWS adds to an access-denied message.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; AWS Security Blog, "Enhanced access denied error
messages with policy ARNs". The classic form: one layer is named, never how many policies deny.
"""

from __future__ import annotations

from vestry.policy.outcome import Decision, Layer, Outcome
from vestry.policy.request import Kind, Request

#: layer → (how a missing allow is told, how an explicit deny is told); an empty text: nothing is told.
REASONS: dict[Layer, tuple[str, str]] = {
    Layer.IDENTITY: (
        " because no identity-based policy allows the {} action",
        " with an explicit deny in an identity-based policy",
    ),
    Layer.BOUNDARY: (
        " because no permissions boundary allows the {} action",
        " with an explicit deny in a permissions boundary",
    ),
    Layer.SESSION: (
        " because no session policy allows the {} action",
        " with an explicit deny in a session policy",
    ),
    Layer.RESOURCE: (
        " because no resource-based policy allows the {} action",
        " with an explicit deny in a resource-based policy",
    ),
    # A trust policy that does not name the caller is met without a reason in all recorded answers.
    Layer.TRUST: ("", " with an explicit deny in the role trust policy"),
    Layer.SERVICE_CONTROL: (
        " because no service control policy allows the {} action",
        " with an explicit deny in a service control policy",
    ),
    Layer.RESOURCE_CONTROL: (
        " because no resource control policy allows the {} action",
        " with an explicit deny in a resource control policy",
    ),
}

_BARE = frozenset((Kind.ANONYMOUS, Kind.SERVICE, Kind.FEDERATED))


def denial_reason(
    request: Request, decision: Decision, *, policy_arn: str | None = None, same_organization: bool = False
) -> str:
    """Return the reason clause with its leading space, or "" where AWS gives none.

    None is given across accounts of different organizations, nor to callers without an identity in an account.
    `policy_arn` names the managed policy of an explicit deny, where there is one and AWS would say so.
    """
    caller = request.principal
    stranger = caller.account != request.resource_account and not same_organization
    if (
        decision.outcome is Outcome.ALLOWED
        or caller.kind in _BARE
        or stranger
        or decision.layer not in REASONS
    ):
        return ""
    missing, explicit = REASONS[decision.layer]
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"{explicit}: {policy_arn}" if policy_arn else explicit
    return missing.format(request.action)
