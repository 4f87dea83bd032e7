"""Certificates that were presented are written in batches; a store that is down keeps nobody from a session."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from anywhere import Site
from commands import Vestry
from disk import Disk
from places import Place
from serving import Server
from vestry import limits
from vestry.directory.anywhere import SeenCertificate, Sighting
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings
from vestry.directory.snapshot import Root
from vestry.server import sightings
from vestry.server.committer import Committer, Published
from vestry.server.log import Log
from vestry.server.sightings import Sightings
from vestry.store.database import Store, StoreError

ACCOUNT = "111122223333"


def start() -> tuple[Committer, Published, Disk]:
    draft = Draft(Root())
    draft.put(Settings(ACCOUNT, "a", "i", 1))
    published, disk = Published(draft.root), Disk()
    return Committer(published, disk, Log(None)), published, disk  # type: ignore[arg-type]


def sighting(
    serial: str,
    at: int,
    *,
    subject: str = "CN=a",
    account: str = ACCOUNT,
    incarnation: str = "i",
    failed: bool = False,
) -> Sighting:
    return Sighting(
        account, incarnation, "us-east-1", subject, SeenCertificate(serial, "CN=root", at, "", failed)
    )


def subjects(published: Published) -> list[Any]:
    return sorted(
        published.root.accounts[ACCOUNT].anywhere.subjects.values(), key=lambda subject: subject.name
    )


def test_what_was_seen_is_written_at_once_of_each_certificate_the_latest() -> None:
    async def main() -> None:
        committer, published, disk = start()
        seen = Sightings()
        for one in (
            sighting("1", 10),
            sighting("1", 20, failed=True),
            sighting("2", 15),
            sighting("3", 12, subject="CN=b"),
            sighting("4", 12, account="999999999999"),
            sighting("5", 12, incarnation="before it was reset"),
        ):
            seen.note(one)
        await seen.write(committer)
        await seen.write(committer)
        assert len(disk.batches) == 1, (
            "nothing is written twice, and nothing of accounts that are gone or were emptied"
        )
        first, second = subjects(published)
        assert (first.name, first.created, first.seen) == ("CN=a", 20, 20)
        assert [(one.serial, one.failed) for one in first.certificates] == [("2", False), ("1", True)]
        assert (second.name, second.seen) == ("CN=b", 12)
        await committer.close()

    asyncio.run(main())


def test_a_subject_remembers_only_its_last_certificates() -> None:
    async def main() -> None:
        committer, published, _ = start()
        seen = Sightings()
        for number in range(limits.SEEN_CERTIFICATES + 2):
            seen.note(sighting(str(number), number))
            await seen.write(committer)
        (subject,) = subjects(published)
        assert [one.serial for one in subject.certificates] == [
            str(number) for number in range(limits.SEEN_CERTIFICATES + 1, 1, -1)
        ]
        assert (subject.created, subject.seen) == (0, limits.SEEN_CERTIFICATES + 1)
        await committer.close()

    asyncio.run(main())


def test_what_the_store_refuses_waits_and_does_not_grow_without_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sightings, "MOST_WAITING", 2)

    async def main() -> None:
        committer, published, disk = start()
        seen = Sightings()
        disk.broken = True
        seen.note(sighting("1", 10))
        await seen.write(committer)
        for one in (sighting("1", 11), sighting("2", 12), sighting("3", 13)):
            seen.note(one)
        disk.broken = False
        await seen.write(committer)
        (subject,) = subjects(published)
        assert sorted((one.serial, one.at) for one in subject.certificates) == [("1", 11), ("2", 12)]
        await committer.close()

    asyncio.run(main())


def test_a_session_is_given_while_the_store_is_down(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(Place(server))

    def fail(*_: Any) -> None:
        raise StoreError("the database is gone")

    monkeypatch.setattr(Store, "commit", fail)
    found = site.session(site.holder())
    assert found.status == 201
    assert site.place.client("sts", found.keys).get_caller_identity()["Account"] == site.place.number


def test_what_the_trust_policy_refused_is_explained_by_the_request_id(server: Server, vestry: Vestry) -> None:
    site = Site(Place(server))
    site.trust(Condition={"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "other"}})
    request = site.request(site.holder())
    answer = site.answer(request)
    said = vestry("explain", answer.headers["x-amzn-requestid"], "--data", str(server.data), "--json")
    assert '"operation": "sts:AssumeRole"' in said.out
    assert "x509subject/cn" in said.out.lower()
    (line,) = server.logged(answer.headers["x-amzn-requestid"])
    assert line["denied_by"] == "trust"
