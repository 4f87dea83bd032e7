"""Permissions boundaries of users and roles, one line an operation.

Source: IAM API reference, Put… and Delete… of UserPermissionsBoundary and RolePermissionsBoundary.
"""

from __future__ import annotations

import msgspec

from vestry.errors import NoSuchEntity
from vestry.services.iam import resources
from vestry.services.iam.inline_policies import ROLES, USERS, Family
from vestry.services.iam.lookups import the_boundary
from vestry.services.operation import Answer, Call, Function, operation


def _put(family: Family) -> Function:
    def put(call: Call) -> Answer:
        """Set the boundary, in the place of another. Errors: NoSuchEntity, InvalidInput."""
        entity = family.find(call)
        call.put(msgspec.structs.replace(entity, boundary=the_boundary(call)), replacing=entity)
        return {}

    return put


def _delete(family: Family) -> Function:
    def delete(call: Call) -> Answer:
        """Take the boundary off. Errors: NoSuchEntity, also where there is none."""
        entity = family.find(call)
        if not entity.boundary:
            raise NoSuchEntity(f"The permissions boundary of {family.word} {entity.name} cannot be found.")
        call.put(msgspec.structs.replace(entity, boundary=""), replacing=entity)
        return {}

    return delete


_requested = (resources.requested_boundary,)
_of_user = (resources.present_boundary(USERS.target),)
_of_role = (resources.present_boundary(ROLES.target),)

operation("iam:PutUserPermissionsBoundary", on=USERS.on, keys=_requested, writes=True)(_put(USERS))
operation("iam:DeleteUserPermissionsBoundary", on=USERS.on, keys=_of_user, writes=True)(_delete(USERS))
operation("iam:PutRolePermissionsBoundary", on=ROLES.on, keys=_requested, writes=True)(_put(ROLES))
operation("iam:DeleteRolePermissionsBoundary", on=ROLES.on, keys=_of_role, writes=True)(_delete(ROLES))
