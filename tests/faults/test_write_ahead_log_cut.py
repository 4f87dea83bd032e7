"""A power cut may leave any beginning of the write-ahead log: each opens, and holds whole transactions only.

A log has a header of 32 bytes, then frames of 24 bytes and a page each. The header and every frame of its generation
carry the same two salts; a frame that ends a transaction says how many pages the database then has (SQLite's file
format, "The Write-Ahead Log").
"""

from __future__ import annotations

import random
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from suites.directories import Life, differences
from vestry.directory.entities import Role
from vestry.directory.snapshot import Root
from vestry.store.database import Store, open_store

KEY = bytes(range(32))
HEADER, FRAME_HEADER = 32, 24
TRANSACTIONS = 40


class Crashed:
    """A database and its log as they are on the disk after TRANSACTIONS commits; `roots` are the acknowledged states.

    With `checkpointed`, the log began anew after half of them: frames of the old one are still behind its end.
    """

    def __init__(self, folder: Path, *, checkpointed: bool) -> None:
        path, log = folder / "vestry.db", folder / "vestry.db-wal"
        store = open_store(f"sqlite:///{path}", KEY)
        self.roots: list[Root] = [store.load()]
        self.log = log.read_bytes()
        self.before = 0 if checkpointed else self.transactions(len(self.log))
        lived, dice = Life(self.roots[0]), random.Random(20_261_124)
        for revision in range(1, TRANSACTIONS + 1):
            if checkpointed and revision == TRANSACTIONS // 2 + 1:
                with sqlite3.connect(path) as outside:
                    outside.execute("PRAGMA wal_checkpoint(RESTART)")
                outside.close()
                self.before = 1 - revision
            self._commit(store, lived, revision, dice)
        self.database, self.log = path.read_bytes(), log.read_bytes()
        store.close()

    def _commit(self, store: Store, lived: Life, revision: int, dice: random.Random) -> None:
        """Commit a transaction of one frame, of a few, or now and then of many."""
        for _ in range(revision % 4):
            lived.step((dice.randrange(12), dice.randrange(12), dice.randrange(12), dice.randrange(12)))
        accounts = lived.draft.root.accounts
        if revision % 10 == 0 and accounts:
            for number in range(40):
                trust = "x" * dice.randrange(100, 3000)
                name = f"r{revision}-{number}"
                lived.draft.put(Role(min(accounts), f"AROA{name}", name, "/", 1, trust))
        store.commit(lived.next_draft(), revision)
        self.roots.append(msgspec.structs.replace(lived.draft.root, revision=revision))

    @property
    def frame(self) -> int:
        """The size of a frame."""
        return int(FRAME_HEADER + struct.unpack(">I", self.log[8:12])[0])

    def ends(self) -> list[int]:
        """Return where the header and each frame of the log's generation end."""
        found = [HEADER]
        while self.log[found[-1] + 8 : found[-1] + 16] == self.log[16:24]:
            found.append(found[-1] + self.frame)
        return found

    def transactions(self, length: int) -> int:
        """Return how many transactions are whole in the first `length` bytes of the log."""
        whole = [end - self.frame for end in self.ends()[1:] if end <= length]
        return sum(1 for start in whole if self.log[start + 4 : start + 8] != b"\0\0\0\0")

    def revision(self, length: int) -> int:
        """Return the revision that the first `length` bytes of the log lead to."""
        return max(0, self.transactions(length) - self.before)


@pytest.fixture(scope="module", params=[False, True], ids=["first log", "log after a checkpoint"])
def crashed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    """What a crash left."""
    return Crashed(tmp_path_factory.mktemp("crashed"), checkpointed=request.param)


def opened_after(crashed: Crashed, folder: Path, log: bytes) -> Store:
    """Open the database with that log."""
    folder.mkdir()
    (folder / "vestry.db").write_bytes(crashed.database)
    (folder / "vestry.db-wal").write_bytes(log)
    return open_store(f"sqlite:///{folder}/vestry.db", KEY, durable=False)


def test_the_log_has_what_this_file_is_about(crashed: Crashed) -> None:
    ends = crashed.ends()
    assert crashed.revision(len(crashed.log)) == TRANSACTIONS
    assert len(ends) > TRANSACTIONS, "transactions of several frames"
    assert len(crashed.log) == ends[-1] or crashed.before < 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda log, end, _: log[:end], id="cut between two frames"),
        pytest.param(lambda log, end, frame: log[: end + 10], id="cut in a frame's header"),
        pytest.param(lambda log, end, frame: log[: end + frame - 1], id="cut in a frame's page"),
        pytest.param(
            lambda log, end, frame: log[:end] + bytes(3 * frame), id="room on the disk, but never written"
        ),
        pytest.param(
            lambda log, end, frame: log[: end + frame // 2] + b"\xa5" * (frame // 2) + log[end + frame :],
            id="a page half written, though later ones are whole",
        ),
    ],
)
def test_the_store_opens_from_a_log_cut_at_every_frame(
    crashed: Crashed, tmp_path: Path, damage: Callable[[bytes, int, int], bytes]
) -> None:
    seen = set()
    for number, end in enumerate(crashed.ends()):
        expected = crashed.revision(end)
        store = opened_after(crashed, tmp_path / str(number), damage(crashed.log, end, crashed.frame))
        found = store.load()
        assert found.revision == expected, f"after {number} frames"
        assert differences(found, crashed.roots[expected]) == [], f"after {number} frames"
        store.commit([], expected + 1)
        store.close()
        seen.add(expected)
    assert seen == set(range(max(0, -crashed.before), TRANSACTIONS + 1)), (
        "every transaction was the last one once"
    )
