"""May they: a caller's questions, put to every policy that applies.

`Allowed` comes only from `authorize` and covers exactly the questions that were asked.
Source: IAM User Guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vestry.access.caller import Caller
from vestry.access.context import Facts, Question, RequestContext
from vestry.access.declaration import Declaration
from vestry.access.documents import Documents
from vestry.access.temporary import refusal
from vestry.directory.entities import Role, User
from vestry.directory.snapshot import Account
from vestry.errors import AccessDenied
from vestry.policy.compile import EMPTY, Compiled
from vestry.policy.decide import Decision, Layers, Outcome, decide, denial_reason
from vestry.policy.request import Context, Request


class Allowed(msgspec.Struct, frozen=True, gc=False):
    """A receipt: every question of a declaration was allowed, or the declaration is exempt."""

    declaration: Declaration
    questions: Sequence[Question]
    decisions: Sequence[Decision]


def authorize(
    declaration: Declaration, questions: Sequence[Question], facts: Facts, documents: Documents
) -> Allowed:
    """Return the receipt when all `questions` are allowed; raise AccessDenied with AWS's text for the first that is not.

    A declaration that asks nothing must be exempt: anything else is refused.
    """
    caller = facts.caller
    refused = declaration.refused.get(caller.principal.kind) or refusal(caller, declaration.action)
    if refused is not None:
        raise AccessDenied(refused)
    if not questions and not declaration.exempt:
        raise AccessDenied(f"User: {caller.arn} is not authorized to perform: {declaration.action}")
    decisions = []
    for question in questions:
        request = request_of(caller, question, RequestContext(facts, question))
        decision = decide(request, layers_of(caller, question, documents))
        if decision.outcome is not Outcome.ALLOWED:
            text = denial_text(request, question, decision)
            if caller.proof is not None:
                text = f"Not authorized to perform {declaration.action}"
            raise AccessDenied(text, decision=decision, question=question)
        decisions.append(decision)
    return Allowed(declaration, questions, decisions)


def request_of(caller: Caller, question: Question, context: Context) -> Request:
    """Return a question as the policies are asked it."""
    return Request(caller.principal, question.action, question.resource, context, question.account)


def layers_of(caller: Caller, question: Question, documents: Documents) -> Layers:
    """Return every policy that has a say in `question` when `caller` asks it."""
    account = caller.account
    entity = caller.role if caller.role is not None else caller.user
    identity: tuple[Compiled, ...] = ()
    boundary = None
    if entity is not None:
        identity = identity_policies(entity, account, documents)
        if entity.boundary:
            boundary = managed_policy(entity.boundary, account, documents)
    session = None
    claims = caller.session
    if claims is not None and (claims.policy or claims.policy_arns):
        session = tuple(managed_policy(arn, account, documents) for arn in claims.policy_arns)
        if claims.policy:
            session += (documents.session(claims.policy),)
    if question.trust is None:
        return Layers(identity, boundary, session)
    trust = documents.trust(question.trust) if question.trust else EMPTY
    return Layers(identity, boundary, session, trust, True)


def identity_policies(entity: User | Role, account: Account, documents: Documents) -> tuple[Compiled, ...]:
    """Return the compiled inline and attached policies of a user or role."""
    shelf = documents.identity
    compiled = [shelf(text) for _, text in entity.inline]
    for arn in entity.attached:
        compiled.append(managed_policy(arn, account, documents))
    return tuple(compiled)


def managed_policy(arn: str, account: Account, documents: Documents) -> Compiled:
    """Return the default version of a managed policy, compiled; one that is gone allows nothing."""
    policy = account.policy_by_arn(arn)
    return EMPTY if policy is None else documents.identity(policy.text)


def denial_text(request: Request, question: Question, decision: Decision) -> str:
    """Return AWS's sentence for a denial.

    Denials across accounts and by a trust policy give no reason: that is all that AWS tells a stranger.
    """
    where = f" on resource: {question.shown}" if question.shown else ""
    text = f"User: {request.principal.arn} is not authorized to perform: {question.action}{where}"
    if request.principal.account != question.account or decision.layer == "trust":
        return text
    return text + denial_reason(request, decision)
