"""Rows of every past version are read, and what is written today is what its fixture says: byte by byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from suites.directories import EVERY_ENTITY
from vestry.directory.entities import KINDS, Entity, User
from vestry.store import records

FIXTURES = Path(__file__).parent / "fixtures"
PAST = [(kind, version) for kind, newest in records.VERSIONS.items() for version in range(1, newest + 1)]


def entities(kind: str) -> list[Entity]:
    """Return what the fixtures of a kind stand for."""
    return [entity for entity in EVERY_ENTITY if KINDS[type(entity)] == kind]


def lines(kind: str, version: int) -> list[bytes]:
    """Return the bodies of a fixture, one a line."""
    return (FIXTURES / f"{kind}_{version}.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize(("kind", "version"), PAST)
def test_bodies_of_every_version_are_read_as_they_were_meant(kind: str, version: int) -> None:
    expected = entities(kind)
    found = [
        records.decode(entity.account, kind, entity.id, version, body)
        for entity, body in zip(expected, lines(kind, version), strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize("kind", records.VERSIONS)
def test_what_is_written_needs_a_new_version_when_it_changes(kind: str) -> None:
    newest = records.VERSIONS[kind]
    written = [records.encode(entity) for entity in entities(kind)]
    assert written == [(newest, body) for body in lines(kind, newest)]


def test_every_kind_of_entity_has_a_version_and_every_past_version_an_upgrade() -> None:
    assert set(records.VERSIONS) == set(KINDS.values())
    steps = {(kind, version) for kind, newest in records.VERSIONS.items() for version in range(1, newest)}
    assert set(records.UPGRADES) == steps
    for kind, version in PAST:
        assert lines(kind, version), "a past version without a fixture"


def test_an_old_body_goes_through_every_upgrade_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(raw: dict[str, Any]) -> dict[str, Any]:
        return {**raw, "name": raw["title"]}

    def pathed(raw: dict[str, Any]) -> dict[str, Any]:
        return {**raw, "path": f"/{raw['name']}/"}

    monkeypatch.setitem(records.VERSIONS, "user", 3)
    monkeypatch.setitem(records.UPGRADES, ("user", 1), named)
    monkeypatch.setitem(records.UPGRADES, ("user", 2), pathed)
    first = msgspec.json.encode({"account": "1", "id": "AIDA", "title": "ann", "created": 5})
    assert records.decode("1", "user", "AIDA", 1, first) == User("1", "AIDA", "ann", "/ann/", 5)
    second = msgspec.json.encode({"account": "1", "id": "AIDA", "name": "bob", "created": 5})
    assert records.decode("1", "user", "AIDA", 2, second) == User("1", "AIDA", "bob", "/bob/", 5)
    with pytest.raises(records.UnknownRecord, match="damaged"):
        records.decode("1", "user", "AIDA", 1, second)


@pytest.mark.parametrize(
    ("kind", "version", "said"),
    [
        pytest.param("user", 99, "update Vestry", id="a version of tomorrow"),
        pytest.param("user", 0, "damaged", id="a version that never was"),
        pytest.param("group", 1, "update Vestry", id="a kind of tomorrow"),
    ],
)
def test_rows_that_cannot_be_understood_are_refused(kind: str, version: int, said: str) -> None:
    user = entities("user")[0]
    with pytest.raises(records.UnknownRecord, match=said):
        records.decode(user.account, kind, user.id, version, records.encode(user)[1])
