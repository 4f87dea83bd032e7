"""A commit returns only after its log was synced: the system calls of a bare store, without a server, show it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMITS = 600  # of two pages each: more than the thousand after which SQLite moves its log into the database
PROGRAM = """
import os, sys
from vestry.directory.draft import Change
from vestry.directory.entities import Settings
from vestry.store.database import open_store
from vestry.store.files import DataDirectory
from pathlib import Path

directory = DataDirectory(Path(sys.argv[1]))
directory.lock()
key = directory.master_key()
store = open_store(f"sqlite:///{directory.path}/vestry.db", key)
store.load()
acknowledged = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
for revision in range(1, int(sys.argv[3]) + 1):
    settings = Settings("111111111111", f"alias-{revision}", "i", 1)
    store.commit([Change("111111111111", "account", "settings", settings)], revision)
    os.write(acknowledged, b"ACK %d" % revision)
"""
CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?:AT_FDCWD, )?\"?(?:\d+<)?(?P<path>[^>\",]*)[>\",]?(?P<rest>.*)$")


def calls(trace: Path) -> list[tuple[str, str, str]]:
    """Return (system call, file name, the rest of the line) for each call that succeeded, in order."""
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        call = CALL.match(line)
        if call is not None and not line.rpartition(" = ")[2].startswith("-"):
            found.append((call["name"], Path(call["path"]).name, call["rest"]))
    return found


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """The system calls of a process that makes a store and commits."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("traced")
    watched = "trace=fsync,fdatasync,write,pwrite64,rename"
    command = ["strace", "-f", "-y", "-qq", "-e", watched, "-o", str(folder / "trace")]
    program = [
        sys.executable,
        "-c",
        PROGRAM,
        str(folder / "data"),
        str(folder / "acknowledged"),
        str(COMMITS),
    ]
    subprocess.run([*command, *program], check=True)
    return calls(folder / "trace")


def test_every_commit_is_synced_before_it_returns(traced: list[tuple[str, str, str]]) -> None:
    acknowledged, dirty, written = 0, False, False
    for name, file, _ in traced:
        if file == "vestry.db-wal":
            dirty = name == "pwrite64"
            written = written or dirty
        elif file == "acknowledged":
            assert written, "a commit wrote nothing"
            assert not dirty, "a commit returned before its log was synced"
            acknowledged, written = acknowledged + 1, False
    assert acknowledged == COMMITS


def test_the_log_is_synced_before_the_database_and_the_database_before_the_log_begins_anew(
    traced: list[tuple[str, str, str]],
) -> None:
    log_dirty = database_dirty = False
    checkpoints = 0
    for name, file, rest in traced:
        write = name == "pwrite64"
        if file == "vestry.db-wal":
            if write and rest.rstrip().endswith(", 0) = 32"):  # its header: the log begins anew
                assert not database_dirty, "frames were given up before the database held them"
            log_dirty = write
        elif file == "vestry.db":
            assert not (write and log_dirty), "the database was written from frames that could be lost"
            checkpoints += database_dirty and not write
            database_dirty = write
    assert checkpoints >= 1, "the trace shows no checkpoint"


def test_the_master_key_and_its_name_are_synced_before_anything_is_stored(
    traced: list[tuple[str, str, str]],
) -> None:
    steps = [(name, file) for name, file, _ in traced]
    key = steps.index(("fsync", "master.key.new"))
    renamed = next(number for number, (name, _) in enumerate(steps) if name == "rename")
    folder = steps.index(("fsync", "data"), renamed)
    first = next(
        number
        for number, (_, file) in enumerate(steps)
        if file.startswith("vestry.db") and "lock" not in file
    )
    assert key < renamed < folder < first
