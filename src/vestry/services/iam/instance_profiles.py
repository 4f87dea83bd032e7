"""Instance profiles: what carries a role to a machine. A profile holds one role and is made by hand.

Source: IAM API reference, CreateInstanceProfile, GetInstanceProfile, ListInstanceProfiles, DeleteInstanceProfile,
ListInstanceProfilesForRole; texts as AWS answers them.
"""

from __future__ import annotations

from typing import Any

from vestry import limits
from vestry.arn import PROFILE
from vestry.directory.machines import InstanceProfile
from vestry.directory.snapshot import page
from vestry.errors import DeleteConflict, EntityAlreadyExists
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import check_quota, new_id, new_tags, tag_list, the_profile, the_role
from vestry.services.iam.roles import role_shape
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation


def profile_shape(call: Call, profile: InstanceProfile) -> dict[str, Any]:
    """Return the members that every answer with an instance profile has."""
    role = call.account.role_by_id(profile.role) if profile.role else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [] if role is None else [role_shape(call, role)],
    }


@operation(
    "iam:CreateInstanceProfile",
    on=resources.new_profile,
    keys=(resources.request_tags,),
    more=(also_tag("iam:TagInstanceProfile"),),
    writes=True,
)
def create_instance_profile(call: Call) -> Answer:
    """Create an instance profile without a role. Errors: EntityAlreadyExists, LimitExceeded, InvalidInput."""
    name = call.parameters["InstanceProfileName"]
    tags = new_tags(call, ignore_case=False)
    if call.account.profile(name) is not None:
        raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
    check_quota(len(call.account.profiles), limits.PROFILES_PER_ACCOUNT, "InstanceProfilesPerAccount")
    profile = InstanceProfile(
        account=call.account.id,
        id=new_id(call, PROFILE),
        name=name,
        path=call.get("Path", "/"),
        created=call.now,
        tags=tags,
    )
    call.put(profile)
    return {"InstanceProfile": profile_shape(call, profile) | {"Tags": tag_list(tags) or None}}


@operation("iam:GetInstanceProfile", on=resources.profile_named)
def get_instance_profile(call: Call) -> Answer:
    """Return an instance profile with its role and tags. Errors: NoSuchEntity."""
    profile = the_profile(call)
    return {"InstanceProfile": profile_shape(call, profile) | {"Tags": tag_list(profile.tags)}}


@operation("iam:ListInstanceProfiles", on=resources.listing("instance-profile"))
def list_instance_profiles(call: Call) -> Answer:
    """List the instance profiles under a path prefix, by name."""
    prefix, after, wanted = call.get("PathPrefix", "/"), pages.after(call), pages.wanted(call)
    profiles, more = page(call.account.profiles, prefix, after, wanted)
    listed = [profile_shape(call, profile) for profile in profiles]
    return pages.answer("InstanceProfiles", listed, more, profiles[-1].name.lower() if profiles else "")


@operation("iam:ListInstanceProfilesForRole", on=resources.role_named)
def list_instance_profiles_for_role(call: Call) -> Answer:
    """List the instance profiles that a role is in, by name. Errors: NoSuchEntity."""
    profiles = call.account.profiles_of(the_role(call))
    return pages.paged(
        call,
        "InstanceProfiles",
        profiles,
        lambda profile: profile.name.lower(),
        lambda profile: profile_shape(call, profile),
    )


@operation("iam:DeleteInstanceProfile", on=resources.profile_named, writes=True)
def delete_instance_profile(call: Call) -> Answer:
    """Delete an instance profile without a role; instances that have it get no more credentials.

    Errors: NoSuchEntity, DeleteConflict.
    """
    profile = the_profile(call)
    if profile.role:
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    call.remove(profile)
    return {}
