"""A store that a test can break: the seam between the committer and the disk."""

from __future__ import annotations

from collections.abc import Sequence

from vestry.directory.draft import Change
from vestry.store.database import StoreError


class Disk:
    """A store that a test can make slow or broken: the seam between the committer and the disk."""

    def __init__(self) -> None:
        self.batches: list[list[Change]] = []
        self.broken = False

    def commit(self, changes: Sequence[Change], revision: int) -> None:
        """Keep the batch, or fail."""
        if self.broken:
            raise StoreError("the disk is full")
        self.batches.append(list(changes))
