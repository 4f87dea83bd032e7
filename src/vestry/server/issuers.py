"""The keys of identity providers that are at hand, and when they are fetched again.

Nobody can make this server ask an issuer often: requests that lack the same keys share one fetch; an issuer that fails
is left alone for a while, longer each time; and tokens with made-up key ids spend a small allowance, which is enough
for a key that was really exchanged. Keys in use are refreshed in the background, off every request's path, and the last
ones known keep working for a day while their issuer is down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from vestry import limits
from vestry.access.proof import Issuer, Needs
from vestry.credentials.issuer_keys import KeySet
from vestry.server.fetch import OutOfReach, fetch_keys
from vestry.server.log import Log

#: Fetches that may be under way at once, whoever asks.
AT_ONCE = 16
#: How often keys in use are looked over, in seconds.
ROUND = 30


class Known:
    """What is known of one issuer. Times are seconds of a monotonic clock."""

    __slots__ = ("allowance", "counted", "failures", "fetched", "keys", "retry", "task", "trouble", "used")

    def __init__(self, now: float) -> None:
        self.keys: KeySet | None = None
        self.fetched = now
        self.failures = 0
        self.retry = now
        self.trouble = ""
        self.allowance = float(limits.ISSUER_ALLOWANCE)
        self.counted = now
        self.used = False
        self.task: asyncio.Task[None] | None = None

    def may_ask(self, now: float) -> bool:
        """Tell whether the issuer may be asked now, and count that it is."""
        if now < self.retry:
            return False
        earned = (now - self.counted) / limits.ISSUER_ALLOWANCE_SECONDS
        self.allowance, self.counted = min(float(limits.ISSUER_ALLOWANCE), self.allowance + earned), now
        if self.allowance < 1:
            return False
        self.allowance -= 1
        return True

    def got(self, keys: KeySet, now: float) -> None:
        """Keep fresh keys in the place of the old ones."""
        self.keys, self.fetched, self.failures, self.retry, self.trouble = keys, now, 0, now, ""

    def failed(self, trouble: str, now: float) -> None:
        """Leave the issuer alone: one second, then twice as long each time, at most a minute.

        The pause is bound enough: what was asked in vain is given back to the allowance.
        """
        self.allowance = min(float(limits.ISSUER_ALLOWANCE), self.allowance + 1)
        self.retry = now + min(limits.ISSUER_LONGEST_PAUSE, 2**self.failures)
        self.failures = min(self.failures + 1, 16)
        self.trouble = trouble


class IssuerKeys:
    """The keys of all issuers."""

    def __init__(
        self,
        log: Log,
        fetch: Callable[[Issuer], Awaitable[KeySet]] = fetch_keys,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._fetch = fetch
        self._clock = clock
        self._known: dict[Issuer, Known] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def keys(self, issuer: Issuer) -> KeySet | None:
        """Return an issuer's keys that are at hand, None where there are none or they are older than a day."""
        known = self._known.get(issuer)
        if known is None or self._clock() - known.fetched > limits.ISSUER_LONGEST_USE:
            return None
        known.used = True
        return known.keys

    async def fetch(self, needs: Needs) -> str:
        """Fetch an issuer's keys, where that is due; return AWS's text for the trouble that there is, or ""."""
        known = self._known.get(needs.issuer)
        if known is None:
            while len(self._known) >= limits.ISSUERS:
                del self._known[next(iter(self._known))]
            known = self._known[needs.issuer] = Known(self._clock())
        if known.task is None:
            if not known.may_ask(self._clock()):
                return known.trouble
            known.task = asyncio.create_task(self._load(needs.issuer, known))
        await asyncio.shield(known.task)
        return known.trouble

    async def keep_fresh(self) -> None:
        """Refresh what is in use, for as long as the server runs."""
        while True:
            await asyncio.sleep(ROUND)
            await self.refresh()

    async def refresh(self) -> None:
        """Fetch anew the keys that were used since they were fetched and have become old."""
        now = self._clock()
        due = [
            (issuer, known)
            for issuer, known in self._known.items()
            if known.used
            and known.task is None
            and now >= known.retry
            and now - known.fetched >= limits.ISSUER_FRESH
        ]
        for issuer, known in due:
            known.task = asyncio.create_task(self._load(issuer, known))
        await asyncio.gather(*(known.task for _, known in due if known.task is not None))

    async def _load(self, issuer: Issuer, known: Known) -> None:
        try:
            async with self._at_once:
                keys = await self._fetch(issuer)
        except OutOfReach as error:
            known.failed(error.answer, self._clock())
            self._log.problem("issuer out of reach", issuer=issuer.url, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a request waits for this: it must be told something
            known.failed("", self._clock())
            self._log.problem("issuer out of reach", issuer=issuer.url, reason=type(error).__name__)
        else:
            known.got(keys, self._clock())
            known.used = False
            self._log.line("issuer keys", issuer=issuer.url, count=len(keys.keys))
        finally:
            known.task = None
