"""What the paths are answered from: one instance in one Root, at one moment, asked in one version of the service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from vestry.access.documents import Documents
from vestry.credentials.seal import KeyRing
from vestry.directory.machines import Instance
from vestry.directory.snapshot import Account, Root


class View(msgspec.Struct, frozen=True, gc=False):
    """`now` is the session clock's reading in epoch seconds; `delivery` is "2.0" with a session token, else "1.0"."""

    root: Root
    account: Account
    instance: Instance
    now: int
    delivery: str
    ring: KeyRing
    documents: Documents


def moment(seconds: int) -> str:
    """Return a time (epoch seconds) as the documents write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(members: Mapping[str, str | None]) -> str:
    """Return members as the service writes JSON: one a line, a space on both sides of the colon, in their order."""
    lines = (f'  "{name}" : {msgspec.json.encode(value).decode()}' for name, value in members.items())
    return "{\n" + ",\n".join(lines) + "\n}"
