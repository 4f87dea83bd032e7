"""Roles. Source: IAM API reference, CreateRole, GetRole, ListRoles, DeleteRole."""

from __future__ import annotations

from typing import Any

from vestry import limits
from vestry.arn import ROLE
from vestry.directory.entities import Role
from vestry.directory.snapshot import page
from vestry.errors import DeleteConflict, EntityAlreadyExists
from vestry.services.iam import pages, resources, trust
from vestry.services.iam.lookups import (
    boundary_shape,
    check_quota,
    encoded,
    new_id,
    new_tags,
    tag_list,
    the_boundary,
    the_role,
)
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation


def role_shape(call: Call, role: Role) -> dict[str, Any]:
    """Return the members that every answer with a role has."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(trust.shown(call.root, role.trust)),
    }


@operation(
    "iam:CreateRole",
    on=resources.new_role,
    keys=(resources.request_tags, resources.requested_boundary),
    more=(also_tag("iam:TagRole"),),
    writes=True,
)
def create_role(call: Call) -> Answer:
    """Create a role. Errors: MalformedPolicyDocument, EntityAlreadyExists, LimitExceeded, InvalidInput, NoSuchEntity."""
    name = call.parameters["RoleName"]
    tags = new_tags(call)
    document = trust.bind(call.root, call.account, call.parameters["AssumeRolePolicyDocument"])
    boundary = the_boundary(call)
    if call.account.role(name) is not None:
        raise EntityAlreadyExists(f"Role with name {name} already exists.")
    check_quota(len(call.account.roles), limits.ROLES_PER_ACCOUNT, "RolesPerAccount")
    role = Role(
        account=call.account.id,
        id=new_id(call, ROLE),
        name=name,
        path=call.get("Path", "/"),
        created=call.now,
        trust=document,
        description=call.get("Description"),
        longest_session=call.get("MaxSessionDuration", limits.DEFAULT_SESSION),
        boundary=boundary,
        tags=tags,
    )
    call.put(role)
    given = {"PermissionsBoundary": boundary_shape(boundary), "Tags": tag_list(tags) or None}
    return {"Role": role_shape(call, role) | given}


@operation("iam:GetRole", on=resources.role_named)
def get_role(call: Call) -> Answer:
    """Return a role. Errors: NoSuchEntity."""
    role = the_role(call)
    used = call.last_used(role.id)
    whole = role_shape(call, role) | {
        "Description": role.description,
        "MaxSessionDuration": role.longest_session,
        "PermissionsBoundary": boundary_shape(role.boundary),
        "Tags": tag_list(role.tags) or None,
        "RoleLastUsed": {} if used is None else {"LastUsedDate": used.date, "Region": used.region},
    }
    return {"Role": whole}


@operation("iam:ListRoles", on=resources.listing("role"))
def list_roles(call: Call) -> Answer:
    """List the roles under a path prefix, by name."""
    roles, more = page(call.account.roles, call.get("PathPrefix", "/"), pages.after(call), pages.wanted(call))
    listed = [
        role_shape(call, role) | {"Description": role.description, "MaxSessionDuration": role.longest_session}
        for role in roles
    ]
    return pages.answer("Roles", listed, more, roles[-1].name.lower() if roles else "")


@operation("iam:DeleteRole", on=resources.role_named, writes=True)
def delete_role(call: Call) -> Answer:
    """Delete a role that has no policies left and is in no instance profile; its sessions end. Errors: NoSuchEntity, DeleteConflict."""
    role = the_role(call)
    if role.attached:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    if call.account.profiles_of(role):
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    call.remove(role)
    return {}
