"""IAM users. Source: IAM API reference, CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser, ListGroupsForUser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from vestry import limits
from vestry.access.context import Question
from vestry.access.declaration import Ask, Resource
from vestry.arn import USER, iam_arn
from vestry.directory.entities import User
from vestry.directory.snapshot import page
from vestry.errors import DeleteConflict, EntityAlreadyExists, ValidationError
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import (
    boundary_shape,
    check_quota,
    new_id,
    new_tags,
    tag_list,
    the_boundary,
    the_user,
)
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation


def user_shape(user: User) -> dict[str, Any]:
    """Return the members that every answer with a user has."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def whole_user(user: User) -> dict[str, Any]:
    """Return a user with its boundary and tags, as CreateUser and GetUser answer it."""
    return user_shape(user) | {
        "PermissionsBoundary": boundary_shape(user.boundary),
        "Tags": tag_list(user.tags) or None,
    }


@operation(
    "iam:CreateUser",
    on=resources.new_user,
    keys=(resources.request_tags, resources.requested_boundary),
    more=(also_tag("iam:TagUser"),),
    writes=True,
)
def create_user(call: Call) -> Answer:
    """Create a user. Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, NoSuchEntity (the boundary)."""
    name = call.parameters["UserName"]
    tags = new_tags(call)
    boundary = the_boundary(call)
    if call.account.user(name) is not None:
        raise EntityAlreadyExists(f"User with name {name} already exists.")
    check_quota(len(call.account.users), limits.USERS_PER_ACCOUNT, "UsersPerAccount")
    user = User(
        account=call.account.id,
        id=new_id(call, USER),
        name=name,
        path=call.get("Path", "/"),
        created=call.now,
        boundary=boundary,
        tags=tags,
    )
    call.put(user)
    return {"User": whole_user(user)}


@operation("iam:GetUser", on=resources.user_or_self)
def get_user(call: Call) -> Answer:
    """Return a user, by default the caller; the root user gets the account's own form of it. Errors: NoSuchEntity."""
    name = call.get("UserName")
    if name is None and call.caller.user is None:
        account = call.account
        root = {
            "UserName": account.settings.alias,
            "UserId": account.id,
            "Arn": call.caller.arn,
            "CreateDate": account.settings.created,
            "Path": "/",
        }
        return {"User": root}
    found = the_user(call, name if name is not None else _own_name(call))
    return {"User": whole_user(found)}


@operation("iam:ListUsers", on=resources.listing("user"))
def list_users(call: Call) -> Answer:
    """List the users under a path prefix, by name."""
    users, more = page(call.account.users, call.get("PathPrefix", "/"), pages.after(call), pages.wanted(call))
    last = users[-1].name.lower() if users else ""
    return pages.answer("Users", [user_shape(user) for user in users], more, last)


def _under_the_new_name(ask: Ask, resource: Resource) -> Iterable[Question]:
    """A rename needs the permission on the old name and on the new one."""
    name, path = ask.parameters.get("NewUserName"), ask.parameters.get("NewPath")
    if name is None and path is None:
        return
    user = ask.account.user(ask.parameters["UserName"])
    present = "/" if user is None else user.path
    arn = iam_arn(
        ask.account.id,
        "user",
        path if path is not None else present,
        name if name is not None else ask.parameters["UserName"],
    )
    yield Question("iam:UpdateUser", arn, arn, ask.account.id, {}, resource.tags)


@operation("iam:UpdateUser", on=resources.user_named, more=(_under_the_new_name,), writes=True)
def update_user(call: Call) -> Answer:
    """Rename or re-path a user; id and keys stay. Errors: NoSuchEntity, EntityAlreadyExists."""
    user = the_user(call)
    name = call.get("NewUserName", user.name)
    other = call.account.user(name)
    if other is not None and other.id != user.id:
        raise EntityAlreadyExists(f"User with name {name} already exists.")
    changed = msgspec.structs.replace(user, name=name, path=call.get("NewPath", user.path))
    call.put(changed, replacing=user)
    return {}


@operation("iam:DeleteUser", on=resources.user_named, writes=True)
def delete_user(call: Call) -> Answer:
    """Delete a user that has nothing left. Errors: NoSuchEntity, DeleteConflict."""
    user = the_user(call)
    if user.attached:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if user.inline:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    if call.account.keys_of(user.id):
        raise DeleteConflict("Cannot delete entity, must delete access keys first.")
    if call.account.devices_of(user.id):
        raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
    call.remove(user)
    return {}


@operation("iam:ListGroupsForUser", on=resources.user_named)
def list_groups_for_user(call: Call) -> Answer:
    """List the groups of a user: none, as long as there are no groups. Errors: NoSuchEntity."""
    the_user(call)
    return pages.paged(call, "Groups", (), str, str)


def _own_name(call: Call) -> str:
    user = call.caller.user
    if user is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return user.name
