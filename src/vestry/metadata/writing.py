"""How the service writes times and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec


@lru_cache(maxsize=8192)
def moment(seconds: int) -> str:
    """Return a time (epoch seconds) as the documents write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(members: Mapping[str, str | None]) -> str:
    """Return members as the service writes JSON: one a line, a space on both sides of the colon, in their order."""
    lines = (f'  "{name}" : {msgspec.json.encode(value).decode()}' for name, value in members.items())
    return "{\n" + ",\n".join(lines) + "\n}"
