"""The SQLite file: durable settings that are proven, an owner, and URLs that are refused by name."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from vestry.store.database import StoreError, open_store
from vestry.store.sqlite import open_file, set_durability

KEY = bytes(32)


def pragmas(engine: Engine) -> dict[str, Any]:
    """Return the settings that decide what a commit survives."""
    names = ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 0)])
def test_commits_are_as_durable_as_asked(tmp_path: Path, durable: bool, synchronous: int) -> None:
    engine, owned = open_file(make_url(f"sqlite:///{tmp_path}/vestry.db"), durable=durable)
    expected = {
        "journal_mode": "wal",
        "synchronous": synchronous,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
    }
    assert pragmas(engine) == expected
    engine.dispose()
    assert owned is not None
    owned.release()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path}/vestry.db", KEY)
        store.load()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(mask)
    store.close()
    assert modes.keys() == {"vestry.db", "vestry.db-wal", "vestry.db-shm", "vestry.db.lock"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("postgresql://localhost/vestry", "'postgresql' databases", id="another engine"),
        pytest.param("sqlite+aiosqlite:////tmp/x.db", "sqlite:///PATH", id="another driver"),
        pytest.param("sqlite:////tmp/x.db?mode=ro", "options are not supported", id="options"),
        pytest.param("sqlite://server/x.db", "sqlite:///PATH", id="a host"),
        pytest.param("sqlite://", "--ephemeral", id="memory"),
        pytest.param("sqlite:///:memory:", "--ephemeral", id="memory by its name"),
        pytest.param("vestry.db", "cannot be opened", id="a path that is no URL"),
        pytest.param("sqlite:////nowhere/at/all/x.db", "No such file", id="a folder that is not there"),
    ],
)
def test_urls_that_keep_no_store_are_refused_by_name(url: str, said: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url, KEY)
    assert said in str(caught.value)


def test_a_store_in_memory_is_for_those_who_ask_for_nothing_durable() -> None:
    store = open_store("sqlite://", KEY, durable=False)
    store.load()
    store.commit([], 1)
    assert store.load().revision == 1
    store.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{path}", KEY)
    assert path.read_text() == "Dear diary, " * 100


def test_a_place_without_a_write_ahead_log_is_refused() -> None:
    """SQLite doesn't fail where it can't keep such a log, as on some network disks: it goes on without."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(StoreError, match="journal memory"):
        set_durability(connection, durable=True)
    set_durability(connection, durable=False)
    connection.close()


def test_a_relative_path_means_the_folder_where_the_store_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///vestry.db", KEY)
    monkeypatch.chdir("/")
    store.load()
    store.commit([], 1)
    store.close()
    assert (tmp_path / "vestry.db").exists()
