"""Changes are batched, durable before they are answered, and a commit that fails changes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from disk import Disk
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings, User
from vestry.directory.snapshot import Root
from vestry.errors import InternalFailure, NoSuchEntity, ServiceUnavailable
from vestry.server.committer import Committer, Published
from vestry.server.log import Log

ACCOUNT = "111122223333"


def start(root: Root) -> tuple[Committer, Published, Disk]:
    published, disk = Published(root), Disk()
    return Committer(published, disk, Log(None)), published, disk  # type: ignore[arg-type]


def empty() -> Root:
    draft = Draft(Root())
    draft.put(Settings(ACCOUNT, "a", "i", 1))
    return draft.root


def creating(name: str) -> Any:
    def attempt(draft: Draft) -> str:
        draft.put(User(ACCOUNT, f"AIDA{name}", name, "/", 1))
        return name

    return attempt


def test_changes_that_wait_are_written_together_and_answered_in_order() -> None:
    async def main() -> None:
        committer, published, disk = start(empty())
        names = [f"u{n}" for n in range(10)]
        assert await asyncio.gather(*(committer.submit(creating(name)) for name in names)) == names
        assert len(disk.batches) == 1
        assert set(published.root.accounts[ACCOUNT].users) == set(names)
        assert published.root.revision == 1
        await committer.close()

    asyncio.run(main())


def test_a_failed_commit_changes_nothing_and_everybody_in_it_is_told() -> None:
    async def main() -> None:
        committer, published, disk = start(empty())
        before = published.root
        disk.broken = True
        found = await asyncio.gather(
            *(committer.submit(creating(name)) for name in ("a", "b")), return_exceptions=True
        )
        assert [type(outcome) for outcome in found] == [ServiceUnavailable, ServiceUnavailable]
        assert published.root is before
        disk.broken = False
        await committer.submit(creating("c"))
        assert list(published.root.accounts[ACCOUNT].users) == ["c"]
        await committer.close()

    asyncio.run(main())


def test_whatever_happens_in_a_commit_nobody_waits_forever() -> None:
    async def main() -> None:
        committer, published, disk = start(empty())
        before = published.root
        disk.commit = lambda changes, revision: int("what?")  # type: ignore[method-assign]
        with pytest.raises(InternalFailure):
            await committer.submit(creating("a"))
        assert published.root is before
        del disk.commit
        await committer.submit(creating("b"))
        assert list(published.root.accounts[ACCOUNT].users) == ["b"]
        await committer.close()

    asyncio.run(main())


def test_a_refused_attempt_leaves_no_trace_in_its_batch() -> None:
    def refused(draft: Draft) -> None:
        draft.put(User(ACCOUNT, "AIDAX", "x", "/", 1))
        raise NoSuchEntity("no")

    async def main() -> None:
        committer, published, _ = start(empty())
        found = await asyncio.gather(
            committer.submit(refused), committer.submit(creating("y")), return_exceptions=True
        )
        assert isinstance(found[0], NoSuchEntity)
        assert list(published.root.accounts[ACCOUNT].users) == ["y"]
        await committer.close()

    asyncio.run(main())


def test_each_attempt_sees_what_the_one_before_it_left() -> None:
    def count(draft: Draft) -> int:
        return len(draft.root.accounts[ACCOUNT].users)

    async def main() -> None:
        committer, _, _ = start(empty())
        found = await asyncio.gather(
            committer.submit(count), committer.submit(creating("a")), committer.submit(count)
        )
        assert found == [0, "a", 1]
        await committer.close()

    asyncio.run(main())


def test_close_finishes_what_was_submitted() -> None:
    async def main() -> None:
        committer, published, _ = start(empty())
        submitted = asyncio.ensure_future(committer.submit(creating("late")))
        await asyncio.sleep(0)
        await committer.close()
        assert await submitted == "late"
        assert "late" in published.root.accounts[ACCOUNT].users

    asyncio.run(main())


@pytest.mark.parametrize("count", [1, 64, 65, 200])
def test_a_long_queue_is_written_in_bounded_batches(count: int) -> None:
    async def main() -> None:
        committer, published, disk = start(empty())
        await asyncio.gather(*(committer.submit(creating(f"u{n}")) for n in range(count)))
        assert max(map(len, disk.batches)) <= 64
        assert len(published.root.accounts[ACCOUNT].users) == count
        await committer.close()

    asyncio.run(main())
