"""Versions of managed policies.

Source: IAM API reference, CreatePolicyVersion, GetPolicyVersion, ListPolicyVersions, SetDefaultPolicyVersion,
DeletePolicyVersion.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry import limits
from vestry.directory.entities import Policy, PolicyVersion
from vestry.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import encoded, the_policy
from vestry.services.iam.policies import checked_document
from vestry.services.operation import Answer, Call, operation


def _shape(policy: Policy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.number == policy.default,
        "CreateDate": version.created,
    }


def _the_version(call: Call) -> tuple[Policy, PolicyVersion]:
    arn, wanted = call.parameters["PolicyArn"], call.parameters["VersionId"]
    policy = call.account.policy_by_arn(arn)
    for version in policy.versions if policy is not None else ():
        if policy is not None and version.id == wanted:
            return policy, version
    raise NoSuchEntity(f"Policy {arn} version {wanted} does not exist or is not attachable.")


@operation("iam:CreatePolicyVersion", on=resources.policy_named, writes=True)
def create_policy_version(call: Call) -> Answer:
    """Add a version, perhaps as the default. Errors: NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    policy = the_policy(call)
    text = checked_document(call)
    if len(policy.versions) >= limits.VERSIONS_PER_POLICY:
        raise LimitExceeded(
            f"A managed policy can have up to {limits.VERSIONS_PER_POLICY} versions. Before you create a new "
            "version, you must delete an existing version."
        )
    version = PolicyVersion(policy.last_number + 1, text, call.now)
    as_default = call.get("SetAsDefault", False)
    changed = msgspec.structs.replace(
        policy,
        versions=(*policy.versions, version),
        last_number=version.number,
        default=version.number if as_default else policy.default,
        updated=call.now if as_default else policy.updated,
    )
    call.put(changed, replacing=policy)
    return {"PolicyVersion": _shape(changed, version)}


@operation("iam:GetPolicyVersion", on=resources.policy_named)
def get_policy_version(call: Call) -> Answer:
    """Return a version with its document. Errors: NoSuchEntity."""
    policy, version = _the_version(call)
    return {"PolicyVersion": {"Document": encoded(version.text)} | _shape(policy, version)}


@operation("iam:ListPolicyVersions", on=resources.policy_named)
def list_policy_versions(call: Call) -> Answer:
    """List the versions, newest first. Errors: NoSuchEntity."""
    policy = the_policy(call)
    newest = policy.versions[::-1]
    return pages.numbered(call, "Versions", newest, lambda version: _shape(policy, version))


@operation("iam:SetDefaultPolicyVersion", on=resources.policy_named, writes=True)
def set_default_policy_version(call: Call) -> Answer:
    """Make a version the default: it is in force at the next request. Errors: NoSuchEntity."""
    policy, version = _the_version(call)
    changed = msgspec.structs.replace(policy, default=version.number, updated=call.now)
    call.put(changed, replacing=policy)
    return {}


@operation("iam:DeletePolicyVersion", on=resources.policy_named, writes=True)
def delete_policy_version(call: Call) -> Answer:
    """Delete a version that is not the default. Errors: NoSuchEntity, DeleteConflict."""
    policy, version = _the_version(call)
    if version.number == policy.default:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    rest = tuple(present for present in policy.versions if present is not version)
    call.put(msgspec.structs.replace(policy, versions=rest), replacing=policy)
    return {}
