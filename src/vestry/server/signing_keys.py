"""Signing keys are turned over while the server runs: looked at now and then, made in a thread, committed like any change."""

from __future__ import annotations

import asyncio
import os

from vestry.access.authenticate import Keyring
from vestry.directory.draft import Draft
from vestry.directory.issuers import SigningKey
from vestry.errors import ServerFault
from vestry.server.committer import Committer, Published
from vestry.server.log import Log
from vestry.server.settings import Clock
from vestry.services.signing_keys import due, make_key, turned_over

#: Seconds between two looks: far less than a key is published before it signs.
INTERVAL = 3600


async def keep_turning(
    published: Published, committer: Committer, keyring: Keyring, clock: Clock, log: Log
) -> None:
    """Turn keys over for as long as the server runs; what fails is tried again the next time."""
    while True:
        try:
            await turn_over(published, committer, keyring, int(clock.wall()))
        except ServerFault as fault:
            log.problem("signing keys not turned over", reason=str(fault))
        await asyncio.sleep(INTERVAL)


async def turn_over(published: Published, committer: Committer, keyring: Keyring, wall: int) -> None:
    """Make the successors that are due, and drop the keys that no living token was signed with."""
    for account in list(published.root.accounts.values()):
        issuer = account.issuer
        if issuer is None:
            continue
        wanted = due(issuer, wall)
        if not wanted and turned_over(issuer, (), wall) == issuer:
            continue
        fresh = [
            await asyncio.to_thread(make_key, account.id, algorithm, number, wall, os.urandom, keyring)
            for algorithm, number in wanted
        ]

        def attempt(draft: Draft, account_id: str = account.id, fresh: list[SigningKey] = fresh) -> None:
            present = draft.root.accounts.get(account_id)
            if present is not None and present.issuer is not None:
                draft.put(turned_over(present.issuer, fresh, wall), replacing=present.issuer)

        await committer.submit(attempt)
