"""The question put to the policies.

A `Request` says which principal wants to perform which action on which resource, and answers what the condition keys
are worth. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

#: A condition key's value: absent, one string, or several (a multi-valued key, possibly empty).
Value = str | tuple[str, ...] | None


class Kind(StrEnum):
    """The kinds of principal (IAM User Guide, "Policy evaluation logic")."""

    ROOT = "root"
    USER = "user"
    ROLE = "role"  # a role session, however it was obtained
    FEDERATED_USER = "federated-user"  # GetFederationToken
    FEDERATED = "federated"  # someone signed in at an identity provider, before a role is assumed
    SERVICE = "service"
    ANONYMOUS = "anonymous"


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who asks, in every form in which a Principal element can name them.

    `arn` is the caller's own: root, user, role session or federated user ARN; a service's name or a provider's ARN
    for SERVICE and FEDERATED; empty for ANONYMOUS. `issuer_arn` is the role's ARN behind a session, or the user's
    ARN behind a federated user, or the address by which a well-known provider may be named as well. `unique_id` is the user's (AIDA…) or role's (AROA…) unique id, empty where unknown.
    """

    kind: Kind
    account: str = ""
    arn: str = ""
    issuer_arn: str = ""
    unique_id: str = ""


class Context(Protocol):
    """The request context: what each condition key is worth. `key` is always lower case."""

    def get(self, key: str, /) -> Value:
        """Return the value of a condition key, or None where the key is absent."""
        ...


class MappingContext:
    """A context with all its values at hand; names are compared without case."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = {key.lower(): value for key, value in values.items()}

    def get(self, key: str, /) -> Value:
        """Return the value of a condition key (lower case), or None where the key is absent."""
        return self._values.get(key)


class Request(msgspec.Struct, frozen=True, gc=False):
    """One question: may `principal` perform `action` on `resource`?

    `action` is `service:Name`; `resource` an ARN, or `*` for an action without resource-level support;
    `resource_account` the account that owns the resource.
    """

    principal: Principal
    action: str
    resource: str
    context: Context
    resource_account: str
