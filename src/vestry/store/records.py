"""Entities as rows: a kind, a body version and a JSON body.

A body version goes up when the meaning of stored bodies changes; UPGRADES then leads from each past version to the
next, as pure functions of the decoded JSON. A version that is newer than this code refuses to open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from vestry.directory.entities import KINDS, AccessKey, Entity, Policy, Role, User
from vestry.directory.machines import Instance, InstanceProfile
from vestry.directory.providers import OidcProvider, SamlProvider
from vestry.directory.workloads import ContainerTask, PodAssociation

#: The body version that is written, by kind.
VERSIONS: dict[str, int] = dict.fromkeys(KINDS.values(), 1)

#: (kind, version) -> the function that makes version + 1 of it.
UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}

_CLASSES = {kind: entity for entity, kind in KINDS.items()}
_DECODERS = {kind: msgspec.json.Decoder(entity).decode for kind, entity in _CLASSES.items()}
_encode = msgspec.json.Encoder().encode

#: Fields whose values repeat from entity to entity: thousands of roles are often made from one template.
_REPEATED: dict[type, tuple[str, ...]] = {
    User: ("account", "path", "inline", "attached", "boundary", "tags"),
    Role: ("account", "path", "trust", "description", "inline", "attached", "boundary", "tags"),
    Policy: ("account", "path", "description", "tags"),
    InstanceProfile: ("account", "path", "tags"),
    OidcProvider: ("account", "client_ids", "thumbprints", "tags"),
    SamlProvider: ("account", "metadata", "entity_id", "certificates", "tags"),
    Instance: (
        *("account", "region", "zone", "reservation", "image", "type", "subnet", "groups", "options"),
        *("key_name", "user_data", "tags", "details"),
    ),
    AccessKey: ("account",),
    ContainerTask: ("account", "role", "region", "cluster"),
    PodAssociation: ("account", "region", "cluster", "namespace", "role", "target", "policy", "tags"),
}


class UnknownRecord(Exception):
    """A row that this version of Vestry cannot read."""


def encode(entity: Entity) -> tuple[int, bytes]:
    """Return the body version and body of an entity."""
    return VERSIONS[KINDS[type(entity)]], _encode(entity)


def decode(account: str, kind: str, identifier: str, version: int, body: bytes) -> Entity:
    """Return the entity of a row, upgraded to the newest version. Raises UnknownRecord.

    A body whose account or id are not those of its row was put there by something else, and is refused.
    """
    newest = VERSIONS.get(kind)
    if newest is None or version > newest:
        raise UnknownRecord(
            f"a row of kind {kind!r}, version {version}, was written by a newer Vestry: update Vestry"
        )
    try:
        entity: Entity
        if version == newest:
            entity = _DECODERS[kind](body)
        else:
            raw = msgspec.json.decode(body)
            for step in range(version, newest):
                raw = UPGRADES[kind, step](raw)
            entity = msgspec.convert(raw, _CLASSES[kind])
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError):
        entity = _unreadable(kind, identifier)
    if entity.account != account or entity.id != identifier:
        raise UnknownRecord(
            f"the row {kind} {identifier} of account {account or '(none)'} holds something else"
        )
    return entity


def _unreadable(kind: str, identifier: str) -> Entity:
    raise UnknownRecord(f"the row {kind} {identifier} is damaged: restore the store from a backup") from None


class Reader:
    """Decodes many rows; equal texts in them become one object, so that a big store costs what differs in it."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def read(self, account: str, kind: str, identifier: str, version: int, body: bytes) -> Entity:
        """Return the entity of a row as `decode` does. Raises UnknownRecord."""
        entity = decode(account, kind, identifier, version, body)
        known = self._known
        for field in _REPEATED.get(type(entity), ()):
            value = getattr(entity, field)
            if value:
                force_setattr(entity, field, known.setdefault(value, value))
        if type(entity) is Policy:
            for found in entity.versions:
                force_setattr(found, "text", known.setdefault(found.text, found.text))
        return entity
