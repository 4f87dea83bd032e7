"""The committer: changes wait while a transaction is being written, and are then written together.

All that wait are run one after another, each on the state that the one before it left, and their changes are written
in one transaction by a thread. Only when that is durable is the new Root published and are the answers given; when it
fails nothing has changed, and all of them are told so. Reads never wait: they see the published Root.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from vestry.directory.draft import Change, Draft
from vestry.directory.snapshot import Root
from vestry.errors import InternalFailure, ServiceUnavailable
from vestry.server.log import Log
from vestry.store.database import Store, StoreError

T = TypeVar("T")
Attempt = Callable[[Draft], Any]

#: Attempts that are run between two looks at the event loop: decisions are not kept waiting by a long batch.
LARGEST_BATCH = 64


class Published:
    """The Root that everybody reads; it is swapped as a whole."""

    __slots__ = ("root",)

    def __init__(self, root: Root) -> None:
        self.root = root


class Committer:
    """Runs attempts in batches. INVARIANT: only one batch is under way, so every Root follows the one published."""

    def __init__(self, published: Published, store: Store, log: Log) -> None:
        self._published = published
        self._store = store
        self._log = log
        self._waiting: list[tuple[Attempt, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="committer")

    async def submit(self, attempt: Callable[[Draft], T]) -> T:
        """Return what `attempt` returned, or raise what it raised, once everything it saw is durable.

        Raises ServiceUnavailable when the store failed: nothing was changed then.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((attempt, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        result: T = await asyncio.shield(future)
        return result

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Do other work on the store, between two commits: the store has one user at a time."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Finish what was submitted."""
        while self._task is not None:
            await asyncio.shield(self._task)
        self._thread.shutdown()

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                await self._commit(batch)
        finally:
            self._task = None

    async def _commit(self, batch: list[tuple[Attempt, asyncio.Future[Any]]]) -> None:
        working = self._published.root
        changes: list[Change] = []
        outcomes: list[tuple[asyncio.Future[Any], Any, Exception | None]] = []
        for attempt, future in batch:
            draft = Draft(working)
            try:
                outcomes.append((future, attempt(draft), None))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's answer
                outcomes.append((future, None, error))
                continue
            if draft.changes:
                working = draft.root
                changes += draft.changes
        if changes:
            root = msgspec.structs.replace(working, revision=self._published.root.revision + 1)
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._thread, self._store.commit, changes, root.revision)
            except StoreError as error:
                self._log.problem("commit failed", reason=str(error), changes=len(changes))
                outcomes = [(future, None, ServiceUnavailable()) for future, _, _ in outcomes]
            except Exception as error:  # noqa: BLE001 - the last line of defence: nobody waits forever
                self._log.problem("commit failed", reason=type(error).__name__, changes=len(changes))
                outcomes = [(future, None, InternalFailure()) for future, _, _ in outcomes]
            else:
                self._published.root = root
        for future, result, problem in outcomes:
            if future.cancelled():
                continue
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)
