"""The last use of an access key or role: kept beside the directory, never part of a revision."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False):
    """When, with which service and in which region a key or role was last used. `date` is in epoch seconds."""

    date: int
    service: str
    region: str
