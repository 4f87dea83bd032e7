"""What an account has of IAM Roles Anywhere, and what finds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

import msgspec
from immutables import Map

from vestry.directory.anywhere import AnywhereProfile, RevocationList, Subject, TrustAnchor

AnywhereEntity = TrustAnchor | AnywhereProfile | RevocationList | Subject

_FIELDS: dict[type, str] = {
    TrustAnchor: "anchors",
    AnywhereProfile: "profiles",
    RevocationList: "lists",
    Subject: "subjects",
}


class Anywhere(msgspec.Struct, frozen=True, gc=False):
    """Trust anchors, profiles, revocation lists and subjects of an account, each by id, of all regions."""

    anchors: Map[str, TrustAnchor] = Map()
    profiles: Map[str, AnywhereProfile] = Map()
    lists: Map[str, RevocationList] = Map()
    subjects: Map[str, Subject] = Map()

    def moved(self, old: object, new: object) -> Anywhere:
        """Return these with `new` in the place of `old`."""
        kept: Any = new if new is not None else old
        field = _FIELDS[type(kept)]
        shelf: Map[str, Any] = getattr(self, field)
        shelf = shelf.delete(kept.id) if new is None else shelf.set(kept.id, kept)
        return msgspec.structs.replace(self, **{field: shelf})

    def lists_of(self, anchor: TrustAnchor) -> list[RevocationList]:
        """Return the revocation lists of a trust anchor, enabled or not. It looks at all of the account."""
        return [one for one in self.lists.values() if one.anchor == anchor.id]


def is_anywhere(entity: object) -> TypeGuard[AnywhereEntity]:
    """Tell whether an entity is one of these."""
    return isinstance(entity, AnywhereEntity)


def anywhere_of(entities: Iterable[AnywhereEntity]) -> Anywhere:
    """Return what these entities of one account are together (used when a store is loaded)."""
    found = Anywhere()
    for entity in entities:
        found = found.moved(None, entity)
    return found
