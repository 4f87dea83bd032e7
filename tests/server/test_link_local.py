"""HTTP at link-local addresses: what is read, what is refused, and what nobody can hold on to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import re
import socket
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amounts import examples
from listening import ask, connect, listening
from raw import send
from vestry import limits
from vestry.metadata.exchange import Ask, Reply
from vestry.server import link_local
from vestry.server.descriptors import Seats
from vestry.server.link_local import LinkLocalListener
from vestry.server.listening import listen

IP_MINTTL = 21  # ip(7): segments that come with less are dropped


def echo(address: str, asked: Ask) -> Reply:
    """Answer with what was asked; a path ending in a number asks for that hop limit."""
    hops = re.search(r"/hops/(\d+)$", asked.path or "")
    shown = f"{address} {asked.method} {asked.path} {sorted(asked.headers.items())}"
    return Reply(200, [(b"X-One", b"1")], shown.encode(), int(hops[1]) if hops else 0)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with listening(echo) as found:
        yield found


def test_an_answer_has_length_and_date_and_the_replys_own_headers(endpoint: str) -> None:
    answer = send(endpoint, "GET", "/latest/?a=b")
    assert answer.status == 200
    assert answer.text.startswith("127.0.0.1 GET /latest/ [")
    assert answer.headers["x-one"] == "1"
    assert int(answer.headers["content-length"]) == len(answer.text)
    assert answer.headers["date"].endswith(" GMT")
    assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()) < 5


def test_a_head_request_gets_the_length_and_no_body(endpoint: str) -> None:
    with connect(endpoint) as client:
        got = ask(client, b"HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert body == b""
    assert re.search(rb"Content-Length: [1-9]", head)


def test_a_connection_is_kept_and_closed_when_asked(endpoint: str) -> None:
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=10)
    with contextlib.closing(connection):
        for number in range(3):
            connection.request("GET", f"/{number}")
            assert f"GET /{number} " in connection.getresponse().read().decode()
            kept = connection.sock
        connection.request("GET", "/last", headers={"Connection": "close"})
        assert connection.sock is kept
        assert connection.getresponse().getheader("Connection") == "close"
    with connect(endpoint) as old:
        assert b"GET /" in ask(old, b"GET / HTTP/1.0\r\n\r\n")


def test_answers_come_in_the_order_of_requests_that_were_sent_at_once(endpoint: str) -> None:
    with connect(endpoint) as client:
        sent = b"".join(b"GET /n%d HTTP/1.1\r\n\r\n" % number for number in range(10))
        got = ask(client, sent, b"/n9 ")
    assert re.findall(rb"GET /n(\d) ", got) == [b"%d" % number for number in range(10)]


def test_of_very_many_requests_sent_at_once_some_are_answered_and_the_rest_has_to_come_again() -> None:
    asked = []

    def counting(address: str, one: Ask) -> Reply:
        asked.append(one)
        return echo(address, one)

    with listening(counting) as endpoint, connect(endpoint) as client:
        got = ask(client, b"GET / HTTP/1.1\r\n\r\n" * 500)
    assert got.count(b"HTTP/1.1 200") <= len(asked) == limits.LINK_LOCAL_PIPELINED
    assert b"Connection: close" in got or got == b"", "a reset may have taken the answers away"


def test_a_repeated_header_is_joined_by_commas(endpoint: str) -> None:
    with connect(endpoint) as client:
        got = ask(client, b"GET / HTTP/1.1\r\nA: 1\r\nX-B: 0\r\na: 2\r\nConnection: close\r\n\r\n")
    assert b"(b'a', b'1,2')" in got


def test_a_request_that_comes_byte_by_byte_is_answered(endpoint: str) -> None:
    with connect(endpoint) as client:
        for number in b"PUT /slow HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab":
            client.sendall(bytes([number]))
        assert b"PUT /slow " in ask(client, b"")


def test_a_whole_url_as_target_is_its_path(endpoint: str) -> None:
    with connect(endpoint) as client:
        assert b"GET /a/b [" in ask(client, b"GET http://169.254.169.254/a/b?c HTTP/1.0\r\n\r\n")


def test_a_small_body_is_read_and_its_sender_may_wait_for_leave(endpoint: str) -> None:
    with connect(endpoint) as client:
        head = b"PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        assert ask(client, head, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert ask(client, b"ab").startswith(b"HTTP/1.1 200")
    with connect(endpoint) as client:
        chunks = b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        assert ask(client, chunks).startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))


def test_an_offer_of_another_protocol_is_answered_once_and_ends_the_connection(endpoint: str) -> None:
    """Java's HttpClient makes one by itself."""
    with connect(endpoint) as client:
        got = ask(client, b"GET /x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in got
    assert got.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("sentence", "data", "status"),
    [
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40, 400),
        ("an unknown method", b"GRAB / HTTP/1.1\r\n\r\n", 400),
        ("two lengths", b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("too many headers", b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(200)), 400),
        ("too large a header", b"GET / HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", 400),
        ("a header without end", b"GET / HTTP/1.1\r\nA: " + b"b" * 20_000, 400),
        ("headers that are too large together", b"GET / HTTP/1.1\r\n" + b"A: %s\r\n" % (b"b" * 999) * 30, 400),
        ("too long a target", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 400),
        ("a target without host", b"GET http:///x HTTP/1.1\r\n\r\n", 400),
        ("a target that is no path", b"CONNECT host:80 HTTP/1.1\r\n\r\n", 400),
        ("nothing but ends of lines", b"\r\n" * 10_000, 400),
        ("a large body", b"PUT / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" + b"a" * 20_000, 413),
        ("a chunk that is too large", b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n" + b"a" * 20_000, 413),
    ],
)  # fmt: skip
def test_a_broken_or_endless_request_is_refused_and_ends_its_connection(
    endpoint: str, sentence: str, data: bytes, status: int
) -> None:
    with connect(endpoint) as client:
        got = ask(client, data)
    assert got.startswith(b"HTTP/1.1 %d" % status), sentence
    assert b"Connection: close" in got
    assert got.count(b"HTTP/1.1") == 1
    assert send(endpoint, "GET", "/").status == 200


def test_a_request_that_is_late_is_dropped_and_an_idle_connection_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "LINK_LOCAL_SECONDS", 1)
    monkeypatch.setattr(link_local, "LOOK_SECONDS", 0.1)
    with listening(echo) as endpoint, contextlib.ExitStack() as held:
        heads = [b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\na", b"\r\n"]
        heads.append(b"GET / HTTP/1.1\r\n\r\nGET / HT")
        slow = [held.enter_context(connect(endpoint)) for _ in heads]
        idle = held.enter_context(connect(endpoint))
        for client, head in zip(slow, heads, strict=True):
            client.sendall(head)
        began = time.monotonic()
        for client in slow:
            with contextlib.suppress(ConnectionError):
                while client.recv(1000):
                    pass
        assert 0.5 < time.monotonic() - began < 8
        assert ask(idle, b"GET / HTTP/1.1\r\n\r\n", b"GET /").startswith(b"HTTP/1.1 200")


def test_an_idle_connection_is_dropped_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IDLE_SECONDS", 1)
    monkeypatch.setattr(link_local, "LOOK_SECONDS", 0.1)
    with listening(echo) as endpoint, connect(endpoint) as client:
        assert ask(client, b"GET / HTTP/1.1\r\n\r\n", b"GET /")
        with contextlib.suppress(ConnectionError):
            assert client.recv(1) == b""


def test_who_does_not_read_is_asked_for_no_more_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_LOCAL_SECONDS", 1)
    monkeypatch.setattr(link_local, "LOOK_SECONDS", 0.1)
    answered = []

    def large(address: str, asked: Ask) -> Reply:
        answered.append(1)
        return Reply(200, [], b"x" * 1_000_000)

    with listening(large) as endpoint, connect(endpoint) as client:
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                time.sleep(0.01)
        assert len(answered) < 20, "it reads what it cannot answer"
        with contextlib.suppress(ConnectionError):
            while client.recv(1_000_000):
                pass
        assert len(answered) < 20, "it was not dropped, but answered when it read at last"


def test_connections_are_bounded_in_all_and_for_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_LOCAL_CONNECTIONS_OF_ONE", 2)
    monkeypatch.setattr(limits, "LINK_LOCAL_CONNECTIONS", 3)
    with listening(echo) as endpoint, contextlib.ExitStack() as held:

        def answer(source: str) -> bytes:
            client = held.enter_context(connect(endpoint, source=source))
            return ask(client, b"GET / HTTP/1.1\r\n\r\n", b"GET /")[9:12]

        first = connect(endpoint, source="127.0.0.2")
        assert ask(first, b"GET / HTTP/1.1\r\n\r\n", b"GET /")[9:12] == b"200"
        assert answer("127.0.0.2") == b"200"
        assert answer("127.0.0.2") in (b"503", b""), "a reset may have taken the answer away"
        assert answer("127.0.0.3") == b"200"
        assert answer("127.0.0.4") in (b"503", b"")
        first.close()
        until = time.monotonic() + 10
        while answer("127.0.0.2") != b"200":
            assert time.monotonic() < until, "a connection that is gone still counts"


def test_the_end_of_a_listener_ends_its_connections_and_leaves_nothing_behind() -> None:
    async def lives() -> weakref.ref[LinkLocalListener]:
        served, bound = LinkLocalListener(echo, time.time, Seats(2)), listen("127.0.0.1", 0)
        await served.open(bound)
        place = bound.getsockname()
        for closes in (True, False):
            reader, writer = await asyncio.open_connection(*place)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert b"200" in await reader.readline()
            if closes:
                writer.close()
        served.close()
        async with asyncio.timeout(5):
            await reader.read()  # to its end, while the loop goes on
        writer.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(*place)
        await asyncio.sleep(0.1)
        assert served._open == {}, "what was connected is remembered"
        return weakref.ref(served)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        left = runner.run(lives())
        gc.collect()
        assert left() is None, "a timer holds it"


@pytest.mark.parametrize(("hops", "arrives"), [(1, False), (2, True), (64, True)])
def test_an_answer_with_a_hop_limit_gets_no_further_not_even_when_it_is_repeated(
    endpoint: str, hops: int, arrives: bool
) -> None:
    """The client takes what has a hop left: it stands for one that is behind a router."""
    with connect(endpoint, patience=2) as client:
        client.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 2)
        assert b"GET /plain" in ask(client, b"GET /plain HTTP/1.1\r\n\r\n", b"/plain")
        got = ask(client, b"PUT /hops/%d HTTP/1.1\r\n\r\n" % hops, b"/hops/")
    assert (b"PUT" in got) == arrives


def test_a_hop_limit_holds_over_ipv6() -> None:
    with listening(echo, "::1") as endpoint, connect(endpoint) as client:
        assert endpoint.startswith("http://[::1]:")
        ipv6_minhopcount = 73  # ipv6(7)
        client.setsockopt(socket.IPPROTO_IPV6, ipv6_minhopcount, 2)
        assert b"::1 GET" in ask(client, b"GET /plain HTTP/1.1\r\n\r\n", b"/plain")
        client.settimeout(2)
        assert b"PUT" not in ask(client, b"PUT /hops/1 HTTP/1.1\r\n\r\n", b"/hops/")


def test_clients_that_break_off_leave_nothing_behind(endpoint: str) -> None:
    def broken() -> None:
        for _ in range(50):
            client = connect(endpoint)
            client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    workers = [threading.Thread(target=broken) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert send(endpoint, "GET", "/").status == 200


PIECES = st.sampled_from(
    [b"GET ", b"PUT ", b"/", b"/latest/api/token", b" HTTP/1.1\r\n", b"\r\n", b"\r\n\r\n", b"Host: x\r\n",
     b"Content-Length: ", b"5", b"-1", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"a" * 300, b"\x00", b":",
     b"Connection: Upgrade\r\nUpgrade: x\r\n", b"Expect: 100-continue\r\n", b"http://[", b"%", b"?", b"\n", b"\xff"]
)  # fmt: skip


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=14))
def test_whatever_is_sent_is_answered_or_refused_and_never_breaks(endpoint: str, pieces: list[bytes]) -> None:
    with connect(endpoint, patience=5) as client:
        with contextlib.suppress(ConnectionError, OSError):
            client.sendall(b"".join(pieces))
            client.shutdown(socket.SHUT_WR)
        got = ask(client, b"")
    for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", got):
        assert status in (b"100", b"200", b"400", b"413")
