"""An installation opened: its data directory, store, secrets and Root. A server and the operator's commands both begin here."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from vestry.access.authenticate import Keyring
from vestry.credentials.vault import Vault
from vestry.directory.draft import Draft
from vestry.directory.snapshot import Root
from vestry.server.settings import Settings
from vestry.services.new_keys import make_ring_key
from vestry.store.database import Store, StoreError, open_store
from vestry.store.files import DataDirectory


class Installation:
    """What is open while a process owns a data directory. Close it to let another have it."""

    def __init__(self, settings: Settings) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="vestry-")) if settings.ephemeral else None
        self.directory = DataDirectory(self._temporary or settings.data)
        self.directory.lock()
        try:
            master_key = settings.master_key or self.directory.master_key()
            url = database_url(settings, self.directory.path)
            self.keyring = Keyring(Vault(master_key))
            self.store: Store = open_store(url, master_key, durable=not settings.ephemeral)
        except BaseException:
            self.directory.close()
            raise
        self.root = self._with_ring(self.store.load())

    def close(self) -> None:
        """Close the store and give up the data directory; an ephemeral one is deleted."""
        self.store.close()
        self.directory.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _with_ring(self, root: Root) -> Root:
        """Return `root` with a key that seals session tokens: a new installation makes its first one."""
        if root.ring:
            return root
        draft = Draft(root)
        draft.put(make_ring_key(1, int(time.time()), os.urandom, self.keyring))
        self.store.commit(draft.changes, root.revision + 1)
        return msgspec.structs.replace(draft.root, revision=root.revision + 1)


def database_url(settings: Settings, folder: Path) -> str:
    """Return the store's URL. Raises StoreError, naming it, for a database that is not supported."""
    if settings.database is None or settings.ephemeral:
        return f"sqlite:///{folder / 'vestry.db'}"
    scheme = settings.database.partition(":")[0]
    if scheme != "sqlite":
        raise StoreError(f"{scheme!r} databases are not supported yet: use sqlite:///PATH, or --data DIR.")
    return settings.database
