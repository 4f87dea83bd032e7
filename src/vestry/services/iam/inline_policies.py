"""Inline policies of users and roles: four operations for each, one line an operation.

Source: IAM API reference, Put…, Get…, List… and Delete… of RolePolicy and UserPolicy.
"""

from __future__ import annotations

import msgspec

from vestry import limits
from vestry.access.declaration import Ask, On
from vestry.directory.entities import Role, User
from vestry.errors import LimitExceeded, NoSuchEntity
from vestry.policy.document import DocumentKind, document_size, parse_document
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import encoded, the_role, the_user
from vestry.services.operation import Answer, Call, Function, operation


class Family(msgspec.Struct, frozen=True):
    """What differs between the kinds of entity that carry inline policies."""

    word: str
    name: str  # the parameter, and member of answers, that names the entity
    on: On
    quota: int

    def find(self, call: Call) -> User | Role:
        """Return the entity, or raise NoSuchEntity."""
        return the_user(call) if self.word == "user" else the_role(call)

    def target(self, ask: Ask) -> User | Role | None:
        """Return the entity for the condition keys, None where it does not exist."""
        return resources.target_user(ask) if self.word == "user" else resources.target_role(ask)


USERS = Family("user", "UserName", resources.user_named, limits.INLINE_SIZE_USER)
ROLES = Family("role", "RoleName", resources.role_named, limits.INLINE_SIZE_ROLE)


def _put(family: Family) -> Function:
    def put(call: Call) -> Answer:
        """Write an inline policy. Errors: NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
        entity = family.find(call)
        name, text = call.parameters["PolicyName"], call.parameters["PolicyDocument"]
        parse_document(text, DocumentKind.INLINE)
        inline = dict(entity.inline) | {name: text}
        if sum(document_size(document) for document in inline.values()) > family.quota:
            name = entity.name
            raise LimitExceeded(
                f"Maximum policy size of {family.quota} bytes exceeded for {family.word} {name}"
            )
        changed = msgspec.structs.replace(entity, inline=tuple(sorted(inline.items())))
        call.put(changed, replacing=entity)
        return {}

    return put


def _get(family: Family) -> Function:
    def get(call: Call) -> Answer:
        """Return an inline policy. Errors: NoSuchEntity."""
        entity = family.find(call)
        name = call.parameters["PolicyName"]
        text = _text(family, entity, name)
        return {family.name: entity.name, "PolicyName": name, "PolicyDocument": encoded(text)}

    return get


def _list(family: Family) -> Function:
    def names(call: Call) -> Answer:
        """List the names of the inline policies. Errors: NoSuchEntity."""
        entity = family.find(call)
        return pages.paged(call, "PolicyNames", [name for name, _ in entity.inline], str, str)

    return names


def _delete(family: Family) -> Function:
    def delete(call: Call) -> Answer:
        """Delete an inline policy. Errors: NoSuchEntity."""
        entity = family.find(call)
        name = call.parameters["PolicyName"]
        _text(family, entity, name)
        rest = tuple(pair for pair in entity.inline if pair[0] != name)
        call.put(msgspec.structs.replace(entity, inline=rest), replacing=entity)
        return {}

    return delete


def _text(family: Family, entity: User | Role, name: str) -> str:
    for present, text in entity.inline:
        if present == name:
            return text
    raise NoSuchEntity(f"The {family.word} policy with name {name} cannot be found.")


_user_boundary = (resources.present_boundary(USERS.target),)
_role_boundary = (resources.present_boundary(ROLES.target),)

operation("iam:PutUserPolicy", on=USERS.on, keys=_user_boundary, writes=True)(_put(USERS))
operation("iam:GetUserPolicy", on=USERS.on)(_get(USERS))
operation("iam:ListUserPolicies", on=USERS.on)(_list(USERS))
operation("iam:DeleteUserPolicy", on=USERS.on, keys=_user_boundary, writes=True)(_delete(USERS))
operation("iam:PutRolePolicy", on=ROLES.on, keys=_role_boundary, writes=True)(_put(ROLES))
operation("iam:GetRolePolicy", on=ROLES.on)(_get(ROLES))
operation("iam:ListRolePolicies", on=ROLES.on)(_list(ROLES))
operation("iam:DeleteRolePolicy", on=ROLES.on, keys=_role_boundary, writes=True)(_delete(ROLES))
