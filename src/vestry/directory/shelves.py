"""Where each kind of entity lies in an account: the table by which a snapshot is assembled and a draft is written.

A row is a map of `Account` and what an entity is found by in it. Kinds that are no row have an index of their own
(instances, workloads, used assertions …), or there is one of them at most.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from vestry.directory.devices import MfaDevice
from vestry.directory.entities import AccessKey, Named, Policy, Role, User
from vestry.directory.machines import InstanceProfile, MetadataDefaults
from vestry.directory.providers import OidcProvider, SamlProvider


class Shelf(NamedTuple):
    """A map of `Account`, by the name of its field, and the key under which it holds an entity."""

    field: str
    key: Callable[[Any], str]


def _lower_name(entity: Named) -> str:
    return entity.name.lower()


_id: Callable[[Any], str] = attrgetter("id")

SHELVES: dict[type, Shelf] = {
    User: Shelf("users", _lower_name),
    Role: Shelf("roles", _lower_name),
    Policy: Shelf("policies", _lower_name),
    InstanceProfile: Shelf("profiles", _lower_name),
    MetadataDefaults: Shelf("metadata_defaults", attrgetter("region")),
    OidcProvider: Shelf("oidc_providers", _id),
    SamlProvider: Shelf("saml_providers", _id),
    AccessKey: Shelf("keys", _id),
    MfaDevice: Shelf("devices", attrgetter("serial")),
}
