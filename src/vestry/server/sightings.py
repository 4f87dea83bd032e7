"""Certificates that were presented: noted in memory by the requests, written as subjects in batches.

So a session is given while the store is down, and at the price of one commit for many.
"""

from __future__ import annotations

import asyncio

from vestry import limits
from vestry.directory.anywhere import Sighting, seen, subject_id
from vestry.directory.draft import Draft
from vestry.errors import Fault
from vestry.server.committer import Committer

WRITE_SECONDS = 1
#: Certificates that wait to be written while the store is down; further ones are not remembered.
MOST_WAITING = 10_000


class Sightings:
    """The certificates that were seen since they were last written; of one certificate the latest."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str, str], Sighting] = {}

    def note(self, sighting: Sighting) -> None:
        """Remember that a certificate was presented."""
        key = (sighting.account, sighting.region, sighting.subject, sighting.certificate.serial)
        if key in self._waiting or len(self._waiting) < MOST_WAITING:
            self._waiting[key] = sighting

    async def write(self, committer: Committer) -> None:
        """Write what waits; where the store fails it waits on."""
        taken, self._waiting = self._waiting, {}
        if not taken:
            return
        try:
            await committer.submit(lambda draft: _write(draft, list(taken.values())))
        except Fault:
            self._waiting = taken | self._waiting

    async def keep_writing(self, committer: Committer) -> None:
        """Write what waits, every now and then, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.write(committer)


def _write(draft: Draft, sightings: list[Sighting]) -> None:
    for sighting in sightings:
        account = draft.root.accounts.get(sighting.account)
        if account is not None and account.settings.incarnation == sighting.incarnation:
            identifier = subject_id(sighting.account, sighting.region, sighting.subject)
            present = account.anywhere.subjects.get(identifier)
            draft.put(seen(present, sighting, limits.SEEN_CERTIFICATES), replacing=present)
