"""What a server is started with, and its clocks."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

#: The services that one port answers.
SERVICES = ("iam", "sts")


class Settings(msgspec.Struct, frozen=True):
    """What `vestry serve` is told. `data` is the data directory; `database` an SQLAlchemy URL or None for the file in
    `data`; `master_key` 32 bytes or None for the key file in `data`."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 4566
    database: str | None = None
    ephemeral: bool = False
    json: bool = False
    master_key: bytes | None = None


class Clock:
    """The two clocks: `wall` judges signatures, `now` is the sessions' own (wall plus an offset that only tests set)."""

    def __init__(self) -> None:
        self.offset = 0.0

    def wall(self) -> float:
        """Return the real time, in epoch seconds."""
        return time.time()
