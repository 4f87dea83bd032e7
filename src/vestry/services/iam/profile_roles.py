"""The role in an instance profile: added and removed.

Source: IAM API reference, AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile; IAM User Guide, "Using instance
profiles". Adding a role hands it to EC2, so it needs `iam:PassRole` on it beside the permission on the profile.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from vestry import limits
from vestry.access.context import Question
from vestry.access.declaration import Ask, Resource
from vestry.directory.machines import instance_arn
from vestry.errors import NoSuchEntity
from vestry.services.iam import resources
from vestry.services.iam.lookups import check_quota, the_profile, the_role
from vestry.services.operation import Answer, Call, operation
from vestry.services.pass_role import pass_role

EC2 = "ec2.amazonaws.com"


def _handed_to_ec2(ask: Ask, resource: Resource) -> Iterable[Question]:
    role = resources.target_role(ask)
    if role is not None:
        yield pass_role(role, EC2, instance_arn("*", ask.account.id, "*"))


@operation("iam:AddRoleToInstanceProfile", on=resources.profile_named, more=(_handed_to_ec2,), writes=True)
def add_role_to_instance_profile(call: Call) -> Answer:
    """Put a role into an instance profile, which holds only one. Errors: NoSuchEntity, LimitExceeded."""
    profile, role = the_profile(call), the_role(call)
    present = 1 if profile.role else 0
    check_quota(present, limits.ROLES_PER_PROFILE, "InstanceSessionsPerInstanceProfile")
    call.put(msgspec.structs.replace(profile, role=role.id), replacing=profile)
    return {}


@operation("iam:RemoveRoleFromInstanceProfile", on=resources.profile_named, writes=True)
def remove_role_from_instance_profile(call: Call) -> Answer:
    """Take a role out of an instance profile; instances that have it get no more credentials. Errors: NoSuchEntity."""
    profile = the_profile(call)
    role = call.account.role(call.parameters["RoleName"])
    if role is None or profile.role != role.id:
        raise NoSuchEntity(
            f"Role {call.parameters['RoleName']} in Instance Profile {profile.name} cannot be found."
        )
    call.put(msgspec.structs.replace(profile, role=""), replacing=profile)
    return {}
