"""The data directory: who may read it, who owns it, and a master key that is on the disk before anything is sealed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from vestry.store.failure import StoreError, StoreInUse
from vestry.store.files import DataDirectory


def test_a_data_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "above" / "data"
    directory = DataDirectory(path)
    directory.lock()
    directory.master_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.iterdir()} == {
        "lock": 0o600,
        "master.key": 0o600,
    }
    directory.close()


def test_a_data_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path), DataDirectory(tmp_path)
    first.lock()
    with pytest.raises(StoreInUse, match=f"{tmp_path} is in use by process {os.getpid()}"):
        second.lock()
    first.close()
    second.lock()
    second.close()
    second.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/data cannot be made"):
        DataDirectory(tmp_path / "file" / "data")


def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    key = DataDirectory(tmp_path).master_key()
    assert len(key) == 32
    assert DataDirectory(tmp_path).master_key() == key
    assert DataDirectory(tmp_path / "other").master_key() != key


def test_an_unfinished_key_of_a_crash_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "master.key.new").write_bytes(b"half")
    assert len(DataDirectory(tmp_path).master_key()) == 32
    assert not (tmp_path / "master.key.new").exists()


def _readable(path: Path) -> None:
    path.write_bytes(bytes(32))
    path.chmod(0o640)


def _damaged(path: Path) -> None:
    path.write_bytes(bytes(31))
    path.chmod(0o600)


def _missing(path: Path) -> None:
    path.with_name("vestry.db").write_bytes(b"data")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(_readable, "chmod 600", id="1 a key that others could read is refused"),
        pytest.param(_damaged, "backup", id="2 a damaged key is refused"),
        pytest.param(_missing, "backup", id="3 a missing key is refused where there is data"),
    ],
)
def test_a_key_that_cannot_be_trusted_is_never_replaced(
    tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "master.key"
    harm(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StoreError, match=said):
        DataDirectory(tmp_path).master_key()
    assert (path.read_bytes() if path.exists() else None) == before


def test_4_a_fresh_key_and_its_name_are_on_the_disk_before_it_is_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bytes | list[str]]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        found = sorted(os.listdir(name)) if name.is_dir() else name.read_bytes()
        synced.append((name.name, found))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    key = DataDirectory(tmp_path / "data").master_key()
    assert synced == [
        (tmp_path.name, ["data"]),
        ("master.key.new", key),
        ("data", ["master.key"]),
    ]
