"""The provider's own folder: who it says it is, and its keys.

Files are written whole and read at each use, so that a command changes what a running provider publishes.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from vestry.idp.keys import KeyRing, first_ring, read_ring

_SETTINGS, _KEYS = "provider.json", "keys.json"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider is called: the issuer of its tokens, and where it listens."""

    issuer: str


class Home:
    """The folder. It is made when it is first written to, for its owner's eyes only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def issuer(self) -> str | None:
        """What the provider was last served as, None before it ever was. Raises ValueError for a damaged file."""
        try:
            raw = (self.path / _SETTINGS).read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(raw, type=Settings).issuer

    @issuer.setter
    def issuer(self, url: str) -> None:
        self.write(_SETTINGS, msgspec.json.encode(Settings(url)))

    def ring(self) -> KeyRing:
        """Return the keys; the first time they are made. Raises ValueError for a damaged file."""
        try:
            raw = (self.path / _KEYS).read_bytes()
        except FileNotFoundError:
            ring = first_ring()
            self.keep(ring)
            return ring
        return read_ring(raw)

    def keep(self, ring: KeyRing) -> None:
        """Write the keys."""
        self.write(_KEYS, ring.written())

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all, readable by its owner only. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self.path / f".{name}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path / name)
