"""What a server is started with, and its clocks."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from vestry.server.metadata_places import MetadataPlace

#: The services that one port answers.
SERVICES = ("iam", "sts", "ec2", "rolesanywhere", "eks", "eks-auth")


class Settings(msgspec.Struct, frozen=True):
    """What `vestry serve` is told. `data` is the data directory; `database` an SQLAlchemy URL or None for the file in
    `data`; `master_key` 32 bytes or None for the key file in `data`. `tls_cert` and `tls_key` are given together, or
    neither. `metadata` is where instances are answered, `containers` where tasks are (address and port). `public_url` is how
    clients elsewhere reach the server, None where that is its own endpoint. `test_clock` lets the operator advance the
    session clock."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 4566
    database: str | None = None
    ephemeral: bool = False
    json: bool = False
    master_key: bytes | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    metadata: tuple[MetadataPlace, ...] = ()
    containers: tuple[tuple[str, int], ...] = ()
    public_url: str | None = None
    test_clock: bool = False


class Clock:
    """The two clocks: `wall` judges signatures, `now` is the sessions' own (wall plus an offset that only tests set).

    INVARIANT: `offset` stays 0 unless the clock was made `adjustable`, which is said wherever the server speaks.
    """

    def __init__(self, adjustable: bool = False) -> None:
        self.adjustable = adjustable
        self.offset = 0.0

    def wall(self) -> float:
        """Return the real time, in epoch seconds."""
        return time.time()

    def now(self) -> float:
        """Return the session clock's time, in epoch seconds."""
        return self.wall() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the session clock. Raises ValueError where the server was not started for it."""
        if not self.adjustable:
            raise ValueError("this clock is not a test's")
        self.offset += seconds
