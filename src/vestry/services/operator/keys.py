"""The ring of keys that seal session tokens: shown, and turned. Secrets never leave it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vestry.directory.entities import RingKey
from vestry.directory.ring import begins, ends, free_number, waiting
from vestry.errors import EntityAlreadyExists
from vestry.services.new_keys import make_ring_key
from vestry.services.operator.call import OperatorCall


def list_all(call: OperatorCall) -> dict[str, Any]:
    """List the keys, oldest first."""
    keys = sorted(call.draft.root.ring.values(), key=lambda key: (key.created, key.number))
    return {"Keys": [_shape(key) for key in keys]}


def rotate(call: OperatorCall) -> dict[str, Any]:
    """Make a new key. It is published first and used a little later; the old one opens what it sealed until that ends.

    With `revoke` the new key is used at once and all others are deleted: every session ends. Errors:
    EntityAlreadyExists (a new key is already published; revoking does not mind).
    """
    ring = call.draft.root.ring
    revoke = bool(call.arguments.get("revoke"))
    published = waiting(ring)
    if published is not None and not revoke:
        raise EntityAlreadyExists(
            f"A new key is published already: number {published.number}, in use from {_moment(begins(published))}.",
            hint="Wait for it, or end all sessions: vestry keys rotate --revoke",
        )
    key = make_ring_key(free_number(ring), call.now, call.entropy, call.keyring, standby=not revoke)
    call.draft.put(key)
    if revoke:
        for old in ring.values():
            call.draft.remove(old)
    return list_all(call)


def _shape(key: RingKey) -> dict[str, Any]:
    shape: dict[str, Any] = {"Number": key.number, "Created": _moment(key.created)}
    if key.standby:
        return shape | {"State": "published", "InUseFrom": _moment(begins(key))}
    if key.retired:
        return shape | {"State": "kept", "KeptUntil": _moment(ends(key))}
    return shape | {"State": "in use"}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
