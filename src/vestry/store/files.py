"""The data directory: owned by one process at a time, with the master key beside the data."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

from vestry.credentials.vault import MASTER_KEY_BYTES
from vestry.store.failure import StoreError, StoreInUse

DATABASE = "vestry.db"
KEY_FILE = "master.key"


class OwnedFile:
    """A lock file (0600) that this process holds until `release`, or until it ends; it contains the process id.

    `subject` begins the sentence of the StoreInUse that is raised when another process holds it.
    """

    def __init__(self, path: Path, subject: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{subject} cannot be used: {error.strerror} ({path}).") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreInUse(
                f"{subject} is in use by process {owner}. Stop it, or choose another one."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another process have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class DataDirectory:
    """A data directory, made (0700) where it is missing. `lock` before anything else."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._owned: OwnedFile | None = None
        try:
            _make_folder(self.path)
        except OSError as error:
            raise StoreError(f"The data directory {path} cannot be made: {error.strerror}.") from None

    def lock(self) -> None:
        """Own the directory until `close`. Raises StoreError when another process owns it."""
        self._owned = OwnedFile(self.path / "lock", f"The data directory {self.path}")

    def close(self) -> None:
        """Let another process own the directory."""
        if self._owned is not None:
            self._owned.release()
            self._owned = None

    def master_key(self) -> bytes:
        """Return the master key kept in this directory; the first call makes it, durable before it is used.

        1. A key that others could read is refused: it may be known.
        2. A damaged key is refused: a fresh one could not open what it sealed.
        3. A missing key is refused where there is data, for the same reason.
        4. A fresh key and its name are on the disk before the key is returned.
        """
        path = self.path / KEY_FILE
        try:
            return self._present(path) if path.exists() else self._fresh(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be used: {error.strerror}.") from None

    def _present(self, path: Path) -> bytes:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:  # 1
            raise StoreError(
                f"{path} can be read by others. If that is no harm, protect it: chmod 600 {path}"
            )
        key = path.read_bytes()
        if len(key) != MASTER_KEY_BYTES:  # 2
            raise StoreError(
                f"{path} is damaged: it must hold {MASTER_KEY_BYTES} bytes. Restore it from a backup, or set "
                "VESTRY_MASTER_KEY."
            )
        return key

    def _fresh(self, path: Path) -> bytes:
        if (self.path / DATABASE).exists():  # 3
            raise StoreError(
                f"{path} is missing, but there is data. Restore it from a backup, or set VESTRY_MASTER_KEY."
            )
        key = os.urandom(MASTER_KEY_BYTES)
        unfinished = self.path / f"{KEY_FILE}.new"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.rename(path)
        sync_folder(self.path)  # 4
        return key


def sync_folder(path: Path) -> None:
    """Put on the disk which files a folder holds. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(path: Path) -> None:
    """Make a folder (0700) and those above it; each is on the disk before anything is kept in it."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
