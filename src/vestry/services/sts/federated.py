"""A role assumed by somebody whom an identity provider vouches for, by token or by assertion.

What is asked of the role's trust policy and how the session is made is the same for both. Source: STS API reference,
AssumeRoleWithWebIdentity and AssumeRoleWithSAML; IAM User Guide, "Passing session tags in AWS STS".
"""

from __future__ import annotations

from collections.abc import Iterable

from vestry import limits
from vestry.access.caller import Proof
from vestry.access.context import Question, tag_keys
from vestry.access.declaration import Ask, Resource
from vestry.arn import session_arn
from vestry.credentials.session import SessionClaims
from vestry.directory.entities import Role
from vestry.errors import ValidationError
from vestry.policy.request import Value
from vestry.services.operation import Answer, Call
from vestry.services.sts.request import account_of_role, target_role
from vestry.services.sts.session_policy import checked_policies, checked_size
from vestry.services.sts.shapes import credentials_of


def trusting_role(ask: Ask) -> Resource:
    """The role to be assumed; one that does not exist is denied like one that does not trust the provider."""
    arn = ask.parameters["RoleArn"]
    account = account_of_role(arn)
    role = target_role(ask.root, arn)
    return (
        Resource(arn, arn, account, trust="")
        if role is None
        else Resource(arn, arn, account, role.tags, role.trust)
    )


def proven_keys(ask: Ask) -> dict[str, Value]:
    """Return the condition keys that the proof gives, and those of the session that it would have."""
    proof = proof_of(ask.caller.proof)
    keys: dict[str, Value] = {**proof.keys, "sts:rolesessionname": proof.session_name, **tag_keys(proof.tags)}
    if proof.source_identity:
        keys["sts:sourceidentity"] = proof.source_identity
    if proof.transitive:
        keys["sts:transitivetagkeys"] = proof.transitive
    return keys


def tagging_and_naming(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Session tags ask for sts:TagSession as well, a source identity for sts:SetSourceIdentity."""
    proof = proof_of(ask.caller.proof)
    for action, wanted in (("sts:TagSession", proof.tags), ("sts:SetSourceIdentity", proof.source_identity)):
        if wanted:
            yield Question(
                action,
                resource.arn,
                resource.shown,
                resource.account,
                proven_keys(ask),
                resource.tags,
                resource.trust,
            )


def federated_session(call: Call, longest: int | None = None) -> Answer:
    """Return the answer with the credentials of a new session; `longest` (seconds) bounds it besides what is asked.

    Raises ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity.
    """
    proof = proof_of(call.caller.proof)
    role = target_role(call.root, call.parameters["RoleArn"])
    assert role is not None, "a role that does not exist is never allowed"
    duration = _duration(call, role)
    account = call.root.accounts[role.account]
    text, arns = checked_policies(call, account)
    size = checked_size(text, arns, proof.tags, bool(text or arns or proof.tags))
    claims = SessionClaims(
        account=role.account,
        incarnation=account.settings.incarnation,
        issuer=role.id,
        name=proof.session_name,
        issued=call.now,
        expires=call.now + (duration if longest is None else min(duration, longest)),
        policy=text,
        policy_arns=arns,
        tags=proof.tags,
        transitive=proof.transitive,
        source_identity=proof.source_identity,
        federated_provider=proof.provider,
        context=tuple((name, value) for name in proof.kept if (value := proof.keys[name]) is not None),
    )
    answer = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{claims.name}",
            "Arn": session_arn(role.account, role.name, claims.name),
        },
        **credentials_of(call, claims),
        "PackedPolicySize": size,
        "SourceIdentity": claims.source_identity or None,
        **proof.answer,
    }
    return {name: value for name, value in answer.items() if value is not None}


def proof_of(proof: Proof | None) -> Proof:
    """Return the caller's proof. INVARIANT: these operations know their callers by nothing else."""
    assert proof is not None, "these operations are proven, never signed"
    return proof


def _duration(call: Call, role: Role) -> int:
    wanted: int | None = call.get("DurationSeconds")
    if wanted is None:
        return limits.DEFAULT_SESSION
    if wanted > role.longest_session:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return wanted
