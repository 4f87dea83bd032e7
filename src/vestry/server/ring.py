"""The ring's keys come into use and are forgotten in time: looked at each second, changed like everything else."""

from __future__ import annotations

import asyncio

from vestry.directory.draft import Draft
from vestry.directory.ring import is_due, tend
from vestry.errors import Fault
from vestry.server.committer import Committer, Published
from vestry.server.log import Log
from vestry.server.settings import Clock

LOOK_SECONDS = 1.0


async def tend_ring(published: Published, committer: Committer, clock: Clock, log: Log) -> None:
    """Tend the ring for as long as the server runs, by the sessions' clock; a store that fails is asked again."""
    while True:
        if is_due(published.root.ring, int(clock.now())):
            try:
                done = await committer.submit(lambda draft: _tend(draft, clock))
            except Fault as fault:
                log.problem("the ring of session keys could not be tended", reason=fault.code)
            else:
                for what, number in done:
                    log.line("session key", state=what, number=number)
        await asyncio.sleep(LOOK_SECONDS)


def _tend(draft: Draft, clock: Clock) -> list[tuple[str, int]]:
    return tend(draft, int(clock.now()))
