"""How many connections there may be: no door takes what another one, or the store, needs."""

from __future__ import annotations

import contextlib
import http.client
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commands import Vestry
from machine import Machine
from processes import process
from raw import send
from vestry import limits
from vestry.server.descriptors import Seats, raise_limit, room

#: In front of a server: it begins with few files, and may have some more.
FEW = ["sh", "-c", 'ulimit -Sn 128; ulimit -Hn 600; exec "$@"', "sh"]


@contextlib.contextmanager
def flood(endpoint: str, number: int) -> Iterator[None]:
    """Hold as many connections as can be had, from several addresses, and say nothing on them."""
    place = urlsplit(endpoint)
    with contextlib.ExitStack() as held:
        for count in range(number):
            source = (f"127.9.0.{count // 150 + 1}", 0)
            held.enter_context(socket.create_connection((place.hostname, place.port or 80), 10, source))
        yield


def test_machines_that_hold_connections_do_not_hold_up_the_endpoint_and_the_store(
    tmp_path: Path, vestry: Vestry
) -> None:
    with process(tmp_path, before=FEW, options=["--metadata", "127.0.0.1:0"]) as server:
        with flood(server.ready["metadata"][0], 700):
            assert send(server.endpoint, "GET", "/health").status == 200
            assert vestry("account", "create", "still-writing", "--data", str(tmp_path)).code == 0
        assert send(server.endpoint, "GET", "/health").status == 200


def test_clients_that_hold_connections_do_not_hold_up_machines_and_those_who_are_there(
    tmp_path: Path,
) -> None:
    with process(tmp_path, before=FEW, options=["--metadata", "127.0.0.1:0"]) as server:
        kept = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=10)
        with contextlib.closing(kept):
            for _ in range(2):
                kept.request("GET", "/health")
                assert kept.getresponse().read()
                with flood(server.endpoint, 700):
                    kept.request("GET", "/health")
                    assert kept.getresponse().read()
                    machine = Machine(server.ready["metadata"][0])
                    assert machine.send("GET", "/latest/").status == 404, "no instance is there"


def test_a_server_takes_as_many_files_as_its_hard_limit_lets_it(tmp_path: Path) -> None:
    """A quarter of 128 would be too few for these."""
    with (
        process(tmp_path, before=FEW, options=["--metadata", "127.0.0.1:0"]) as server,
        flood(server.ready["metadata"][0], 100),
    ):
        machine = Machine(server.ready["metadata"][0])
        assert machine.send("GET", "/latest/").status == 404, "no instance is there"


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """The limit of open files as this process has it, and may set it."""
    held = {"now": (1024, 4096)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: held["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: held.update(now=wanted))
    return held


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), (4096, 4096)),
        ((1024, 1_048_576), (16_384, 1_048_576)),
        ((1024, resource.RLIM_INFINITY), (16_384, resource.RLIM_INFINITY)),
        ((20_000, 20_000), (20_000, 20_000)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
    ],
)
def test_the_limit_is_raised_as_far_as_may_be_and_never_lowered(
    limited: dict[str, tuple[int, int]], before: tuple[int, int], after: tuple[int, int]
) -> None:
    limited["now"] = before
    raise_limit()
    assert limited["now"] == after


def test_either_door_has_a_quarter_and_no_more_than_its_bound(limited: dict[str, tuple[int, int]]) -> None:
    assert room() == (256, 256)
    for plenty in (16_384, 1_000_000, resource.RLIM_INFINITY):
        limited["now"] = (plenty, plenty)
        assert room() == (limits.CONNECTIONS, limits.LINK_LOCAL_CONNECTIONS)


def test_seats_are_taken_and_given_back() -> None:
    seats = Seats(2)
    assert [seats.take() for _ in range(3)] == [True, True, False]
    seats.give()
    assert [seats.take() for _ in range(2)] == [True, False]
