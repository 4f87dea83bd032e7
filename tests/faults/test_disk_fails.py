"""A disk that is full or fails: the commit says so and changed nothing, and the store goes on when the disk does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vestry.store.database import open_store

#: Commits one role after another and meets every failure with the next one; prints what was acknowledged.
PROGRAM = """
import json, os, resource, sys
from vestry.directory.draft import Change
from vestry.directory.entities import Role, Settings
from vestry.store.database import StoreError, open_store

ACCOUNT = "111111111111"
store = open_store(f"sqlite:///{sys.argv[1]}", bytes(32))
store.load()
store.commit([Change(ACCOUNT, "account", "settings", Settings(ACCOUNT, "a", "i", 1))], 1)
room, lifted = int(sys.argv[2]), 300
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
revision, acknowledged, failures = 1, [], []
for number in range(400):
    if number == lifted and room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    name = f"r{number}"
    try:
        store.commit([Change(ACCOUNT, "role", name, Role(ACCOUNT, name, name, "/", 1, "x" * 1500))], revision + 1)
    except StoreError as error:
        failures.append(str(error))
        assert sorted(store.load().accounts[ACCOUNT].roles) == sorted(acknowledged), "a failed commit changed something"
        assert store.load().revision == revision
        if "stop" in sys.argv:
            break
    else:
        revision += 1
        acknowledged.append(name)
print(json.dumps({"acknowledged": acknowledged, "revision": revision, "failures": failures}), flush=True)
os._exit(0)
"""


def run(database: Path, room: int, before: list[str], *options: str) -> dict[str, Any]:
    """Run the program, which ends as if it were killed, and check that a new process finds what it was told."""
    command = [*before, sys.executable, "-c", PROGRAM, str(database), str(room), *options]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    said: dict[str, Any] = json.loads(ended.stdout)
    store = open_store(f"sqlite:///{database}", bytes(32))
    root = store.load()
    assert sorted(root.accounts["111111111111"].roles) == sorted(said["acknowledged"])
    assert root.revision == said["revision"]
    store.close()
    return said


def test_a_full_disk_fails_commits_until_there_is_room_again(tmp_path: Path) -> None:
    said = run(tmp_path / "vestry.db", 600_000, [])
    assert len(said["failures"]) >= 100, "the disk was not full"
    assert all("cannot be written" in failure and "full" in failure for failure in said["failures"])
    assert {"r0", "r350", "r399"} <= set(said["acknowledged"])


def failing_syncs(which: str) -> list[str]:
    """Return the command that makes some syncs of a program fail, numbered as strace does."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    fault = f"inject=fdatasync:error=EIO:when={which}"
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", fault]


def test_a_sync_that_fails_fails_its_commit_and_no_other(tmp_path: Path) -> None:
    said = run(tmp_path / "vestry.db", 0, failing_syncs("30+50"))
    assert len(said["failures"]) >= 5, "no sync failed"
    assert len(said["acknowledged"]) + len(said["failures"]) == 400


def test_a_commit_that_was_refused_does_not_come_back_after_a_crash(tmp_path: Path) -> None:
    """Its frames are whole in the log when their sync fails: whoever read them then would take it for committed."""
    said = run(tmp_path / "vestry.db", 0, failing_syncs("30"), "stop")
    assert len(said["failures"]) == 1
    assert len(said["acknowledged"]) >= 5
