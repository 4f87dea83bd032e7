"""The data directory: owned by one process at a time, with the master key beside the data."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vestry.credentials.vault import MASTER_KEY_BYTES
from vestry.store.failure import StoreError


class DataDirectory:
    """A data directory, made (0700) where it is missing. `lock` before anything else."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The data directory {path} cannot be made: {error.strerror}.") from None

    def lock(self) -> None:
        """Own the directory until `close`. Raises StoreError when another process owns it."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The data directory {self.path} cannot be used: {error.strerror}.") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreError(
                f"The data directory {self.path} is in use by process {owner}. Stop it, or choose another --data."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor

    def close(self) -> None:
        """Let another process own the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def master_key(self) -> bytes:
        """Return the master key kept in this directory; the first call makes it, durable before it is used.

        Raises StoreError when the file is damaged: a fresh key could not open what the old one sealed.
        """
        path = self.path / "master.key"
        if path.exists():
            key = path.read_bytes()
            if len(key) != MASTER_KEY_BYTES:
                raise StoreError(
                    f"{path} is damaged: it must hold {MASTER_KEY_BYTES} bytes. Restore it from a backup, or set "
                    "VESTRY_MASTER_KEY."
                )
            return key
        if (self.path / "vestry.db").exists():
            raise StoreError(
                f"{path} is missing, but there is data. Restore it from a backup, or set VESTRY_MASTER_KEY."
            )
        key = os.urandom(MASTER_KEY_BYTES)
        fresh = self.path / "master.key.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.rename(path)
        self._sync_folder()
        return key

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
