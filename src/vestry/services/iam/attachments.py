"""Managed policies attached to users and roles: three operations for each, one line an operation.

Source: IAM API reference, Attach…, Detach… and ListAttached… of UserPolicy and RolePolicy.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry import limits
from vestry.errors import NoSuchEntity
from vestry.services.iam import pages, resources
from vestry.services.iam.inline_policies import ROLES, USERS, Family
from vestry.services.iam.lookups import check_quota
from vestry.services.operation import Answer, Call, Function, operation


def _attach(family: Family, quota: str) -> Function:
    def attach(call: Call) -> Answer:
        """Attach a managed policy; doing it twice changes nothing. Errors: NoSuchEntity, LimitExceeded."""
        entity = family.find(call)
        arn = call.parameters["PolicyArn"]
        if call.account.policy_by_arn(arn) is None:
            raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
        if arn not in entity.attached:
            check_quota(len(entity.attached), limits.POLICIES_PER_ENTITY, quota)
            call.put(msgspec.structs.replace(entity, attached=(*entity.attached, arn)), replacing=entity)
        return {}

    return attach


def _detach(family: Family) -> Function:
    def detach(call: Call) -> Answer:
        """Detach a managed policy. Errors: NoSuchEntity."""
        entity = family.find(call)
        arn = call.parameters["PolicyArn"]
        if arn not in entity.attached:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        rest = tuple(present for present in entity.attached if present != arn)
        call.put(msgspec.structs.replace(entity, attached=rest), replacing=entity)
        return {}

    return detach


def _list(family: Family) -> Function:
    def attached(call: Call) -> Answer:
        """List the attached policies under a path prefix, by name. Errors: NoSuchEntity."""
        entity = family.find(call)
        prefix = call.get("PathPrefix", "/")
        found = [call.account.policy_by_arn(arn) for arn in entity.attached]
        kept = [policy for policy in found if policy is not None and policy.path.startswith(prefix)]
        kept.sort(key=lambda policy: policy.name.lower())
        return pages.paged(
            call, "AttachedPolicies", kept, lambda policy: policy.name.lower(), _attached_shape
        )

    return attached


def _attached_shape(policy: Any) -> dict[str, str]:
    return {"PolicyName": policy.name, "PolicyArn": policy.arn}


_user_keys = (resources.policy_arn, resources.present_boundary(USERS.target))
_role_keys = (resources.policy_arn, resources.present_boundary(ROLES.target))

operation("iam:AttachUserPolicy", on=USERS.on, keys=_user_keys, writes=True)(
    _attach(USERS, "PoliciesPerUser")
)
operation("iam:DetachUserPolicy", on=USERS.on, keys=_user_keys, writes=True)(_detach(USERS))
operation("iam:ListAttachedUserPolicies", on=USERS.on)(_list(USERS))
operation("iam:AttachRolePolicy", on=ROLES.on, keys=_role_keys, writes=True)(
    _attach(ROLES, "PoliciesPerRole")
)
operation("iam:DetachRolePolicy", on=ROLES.on, keys=_role_keys, writes=True)(_detach(ROLES))
operation("iam:ListAttachedRolePolicies", on=ROLES.on)(_list(ROLES))
