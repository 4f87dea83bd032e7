"""Roles that a service hands to a machine: an instance, a task, a pod, the holder of a certificate.

There the *service* assumes the role on the machine's behalf, so the role's trust policy must name the service, and is
asked each time. Neither role chaining nor the role's maximum session duration concerns such a session.
Sources: IAM User Guide, "Using roles for applications on Amazon EC2" and "Passing session tags in AWS STS".
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vestry.access.authorize import authorize
from vestry.access.context import Facts, Question, tag_keys
from vestry.access.declaration import Declaration
from vestry.access.documents import Documents
from vestry.access.replay import Asked
from vestry.access.service import caller_of_built_in_service
from vestry.credentials.session import SessionClaims
from vestry.directory.entities import Pairs, Role
from vestry.directory.snapshot import Root
from vestry.errors import AccessDenied
from vestry.policy.request import Value

#: What every delivery is asked as; the receipt carries it.
ASSUME = Declaration("sts:AssumeRole")


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A session that a service wants for a machine.

    `service` is the principal (`ec2.amazonaws.com`), `source_arn` and `source_account` name what it acts for. `context`
    are condition keys (lower-case names) that stay in the session; `issued` and `expires` are epoch seconds of the
    session clock. `tags`, `transitive` and `source_identity` are the session's, and the trust policy is asked for them.
    `vouched`: the service says of the machine that it has these tags, so that they are the principal's from the first.
    """

    service: str
    role: Role
    name: str
    region: str
    issued: int
    expires: int
    source_arn: str = ""
    source_account: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: Pairs = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    vouched: bool = False


def deliver(delivery: Delivery, root: Root, documents: Documents, now: int) -> SessionClaims:
    """Return the claims of the session, when the role's trust policy lets the service have it. Raises AccessDenied.

    `now` is the session clock's reading in epoch seconds: what is asked is asked now, whenever the session began.
    """
    asked = asked_of(delivery, now)
    try:
        authorize(ASSUME, asked.questions, asked.facts, documents)
    except AccessDenied as denial:
        denial.asked = asked
        raise
    role = delivery.role
    return SessionClaims(
        account=role.account,
        incarnation=root.accounts[role.account].settings.incarnation,
        issuer=role.id,
        name=delivery.name,
        issued=delivery.issued,
        expires=delivery.expires,
        policy=delivery.policy,
        policy_arns=delivery.policy_arns,
        tags=delivery.tags,
        transitive=delivery.transitive,
        source_identity=delivery.source_identity,
        context=delivery.context,
    )


def asked_of(delivery: Delivery, now: int) -> Asked:
    """Return what a delivery asks of the policies: with it a refusal can be explained.

    A service calls from nowhere in particular: there is no `aws:SourceIp` and no user agent.
    """
    facts = Facts(
        caller_of_built_in_service(delivery.service),
        now,
        "",
        None,
        None,
        True,
        delivery.region,
        delivery.source_account or None,
        delivery.source_arn or None,
    )
    return Asked(ASSUME.action, facts, list(_questions(delivery)))


def _questions(delivery: Delivery) -> Iterator[Question]:
    role, keys = delivery.role, _keys(delivery)
    actions = ["sts:AssumeRole"]
    if delivery.tags:
        actions.append("sts:TagSession")
    if delivery.source_identity:
        actions.append("sts:SetSourceIdentity")
    for action in actions:
        yield Question(action, role.arn, role.arn, role.account, keys, role.tags, role.trust)


def _keys(delivery: Delivery) -> dict[str, Value]:
    """Return the condition keys of the session to be: those that AssumeRole has for the same."""
    keys: dict[str, Value] = {"sts:rolesessionname": delivery.name, **dict(delivery.context)}
    keys |= tag_keys(delivery.tags)
    if delivery.vouched:
        keys |= {f"aws:principaltag/{key.lower()}": value for key, value in delivery.tags}
    if delivery.transitive:
        keys["sts:transitivetagkeys"] = delivery.transitive
    if delivery.source_identity:
        keys["sts:sourceidentity"] = delivery.source_identity
    return keys
