"""Entities as rows: a kind, a body version and a JSON body.

A body version goes up when the meaning of stored bodies changes; UPGRADES then leads from each past version to the
next, as pure functions of the decoded JSON. A version that is newer than this code refuses to open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from vestry.directory.entities import KINDS, Entity

#: The body version that is written, by kind.
VERSIONS: dict[str, int] = dict.fromkeys(KINDS.values(), 1)

#: (kind, version) -> the function that makes version + 1 of it.
UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}

_CLASSES = {kind: entity for entity, kind in KINDS.items()}
_DECODERS = {kind: msgspec.json.Decoder(entity).decode for kind, entity in _CLASSES.items()}
_encode = msgspec.json.Encoder().encode


class UnknownRecord(Exception):
    """A row that this version of Vestry cannot read."""


def encode(entity: Entity) -> tuple[int, bytes]:
    """Return the body version and body of an entity."""
    return VERSIONS[KINDS[type(entity)]], _encode(entity)


def decode(kind: str, version: int, body: bytes) -> Entity:
    """Return the entity of a row, upgraded to the newest version. Raises UnknownRecord."""
    newest = VERSIONS.get(kind)
    if newest is None or version > newest:
        raise UnknownRecord(f"a row of kind {kind!r}, version {version}, was written by a newer Vestry")
    try:
        if version == newest:
            return _DECODERS[kind](body)
        raw = msgspec.json.decode(body)
        for step in range(version, newest):
            raw = UPGRADES[kind, step](raw)
        return msgspec.convert(raw, _CLASSES[kind])
    except (msgspec.MsgspecError, KeyError) as error:
        raise UnknownRecord(f"a row of kind {kind!r}, version {version}, cannot be read: {error}") from None
