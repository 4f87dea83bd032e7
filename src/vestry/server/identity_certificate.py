"""The certificate of identity documents is made once, as soon as there is an instance whose document it could prove."""

from __future__ import annotations

import asyncio
import os

from vestry.access.authenticate import Keyring
from vestry.directory.draft import Draft
from vestry.errors import Fault
from vestry.metadata.proving import make_identity_certificate
from vestry.server.committer import Committer, Published
from vestry.server.log import Log
from vestry.server.settings import Clock

LOOK_SECONDS = 0.1


async def prove_identities(
    published: Published, committer: Committer, keyring: Keyring, clock: Clock, log: Log
) -> None:
    """Return when the installation has its certificate; a store that fails is asked again."""
    while published.root.identity is None:
        if published.root.hosts.accounts:
            made = await asyncio.to_thread(make_identity_certificate, int(clock.wall()), os.urandom, keyring)

            def attempt(draft: Draft) -> None:
                if draft.root.identity is None:
                    draft.put(made)  # noqa: B023 - it is run before the next turn

            try:
                await committer.submit(attempt)
            except Fault as fault:
                log.problem("the certificate of identity documents was not written", reason=fault.code)
        await asyncio.sleep(LOOK_SECONDS)
