"""Listening sockets handed to the server by other processes: who may hand what, how long it is served, and restarts."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import http.client
import io
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import process
from running import until
from serving import Server, serving
from vestry.cli.failure import Failure
from vestry.cli.handing import Handed, Listening, hand_over
from vestry.server import handed_listeners
from vestry.server.handed_listeners import HandedListeners
from vestry.server.log import Log

ENDPOINT = {"serve": "endpoint"}


@contextlib.contextmanager
def loopback(family: int = socket.AF_INET) -> Iterator[socket.socket]:
    """A listening socket on a free port of loopback."""
    with socket.socket(family) as listener:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen()
        yield listener


def health(listener: socket.socket, connection: http.client.HTTPConnection | None = None) -> int:
    """Ask for health through a listening socket; return the status."""
    host, port = listener.getsockname()[:2]
    asking = connection or http.client.HTTPConnection(host, port, timeout=20)
    asking.request("GET", "/health")
    answer = asking.getresponse()
    assert json.loads(answer.read())["enforcement"] == "always"
    if connection is None:
        asking.close()
    return answer.status


def withdrawn(listener: socket.socket) -> bool:
    """Tell whether nobody answers on a listening socket, which takes connections as long as somebody holds it."""
    with socket.create_connection(listener.getsockname()[:2], timeout=5) as asking:
        asking.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        asking.settimeout(0.3)
        try:
            return asking.recv(100) == b""
        except TimeoutError:
            return True


def raw(server: Server, line: bytes, descriptors: list[int]) -> dict[str, dict[str, str]]:
    """Send a line and descriptors to the server's door; return its answer."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(20)
        channel.connect(str(server.data / "listeners.sock"))
        socket.send_fds(channel, [line], descriptors)
        with channel.makefile("rb") as answers:
            answer: dict[str, dict[str, str]] = json.loads(answers.readline())
        return answer


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_handed_socket_is_served_as_the_first(server: Server, family: int) -> None:
    with loopback(family) as listener:
        channel = hand_over(server.data, Listening(ENDPOINT, listener))
        assert channel is not None
        with channel:
            assert health(listener) == 200


def test_signed_requests_are_judged_there_as_anywhere(server: Server) -> None:
    keys = server.account("handed")
    with loopback() as listener:
        channel = hand_over(server.data, Listening(ENDPOINT, listener))
        assert channel is not None
        with channel:
            there = copy.copy(server)
            there.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert there.client("sts", keys).get_caller_identity()["Account"] == keys["AccountId"]


def test_it_is_served_as_long_as_the_connection_lives(server: Server) -> None:
    with loopback() as listener:
        channel = hand_over(server.data, Listening(ENDPOINT, listener))
        assert channel is not None
        host, port = listener.getsockname()
        kept = http.client.HTTPConnection(host, port, timeout=20)
        assert health(listener, kept) == 200
        channel.close()
        for _ in range(100):
            if withdrawn(listener):
                break
            time.sleep(0.05)
        assert withdrawn(listener)
        assert kept.sock is not None
        assert kept.sock.recv(1) == b"", "a connection that was accepted ends as well"
        kept.close()


def test_only_the_owner_can_hand_over(server: Server) -> None:
    found = (server.data / "listeners.sock").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == os.getuid()


@pytest.mark.parametrize(
    "line",
    [
        *(b"\n", b"[]\n", b'{"serve": "nothing"}\n', b'{"serve": []}\n', b"{}\n", b"\xff\n"),
        b'{"serve": "\xff"}\n',
        pytest.param(b'{"serve": ' + b"[" * 60_000 + b"\n", id="nested"),
    ],
)
def test_an_order_of_no_kind_is_refused(server: Server, line: bytes) -> None:
    with loopback() as listener:
        answer = raw(server, line, [listener.fileno()])
        assert "does not know how" in answer["error"]["message"]


def test_only_a_listening_tcp_socket_is_taken(server: Server, tmp_path: Path) -> None:
    line = json.dumps(ENDPOINT).encode() + b"\n"
    with contextlib.ExitStack() as held:
        open_file = held.enter_context((tmp_path / "file").open("wb"))
        unbound = held.enter_context(socket.socket())
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        local = held.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(str(tmp_path / "local"))
        local.listen()
        for wrong in (open_file, unbound, udp, local):
            assert "not a listening TCP socket" in raw(server, line, [wrong.fileno()])["error"]["message"]


def test_one_socket_is_handed_over_at_a_time(server: Server) -> None:
    line = json.dumps(ENDPOINT).encode() + b"\n"
    with loopback() as one, loopback() as two:
        for several in ([], [one.fileno(), two.fileno()]):
            assert "One listening socket" in raw(server, line, several)["error"]["message"]


def test_refused_descriptors_are_closed(server: Server) -> None:
    line = json.dumps(ENDPOINT).encode() + b"\n"
    before = len(os.listdir("/proc/self/fd"))  # the server is a thread of this process
    with socket.socket() as unbound, Path(os.devnull).open("rb") as nothing:
        for _ in range(5):
            assert "error" in raw(server, line, [unbound.fileno()])
            assert "error" in raw(server, line, [nothing.fileno()])
            assert "error" in raw(server, line, [unbound.fileno()] * 3)
            assert "error" in raw(server, b"{}\n", [unbound.fileno()])
    for _ in range(100):
        if len(os.listdir("/proc/self/fd")) <= before:
            break
        time.sleep(0.02)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_their_number_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed_listeners, "MOST_LISTENERS", 2)
    with serving(tmp_path) as server, loopback() as listener, contextlib.ExitStack() as held:
        for _ in range(2):
            channel = hand_over(server.data, Listening(ENDPOINT, listener))
            assert channel is not None
            held.enter_context(channel)
        with pytest.raises(Failure, match="at most 2"):
            hand_over(server.data, Listening(ENDPOINT, listener))


def test_a_line_that_does_not_come_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed_listeners, "LINE_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(20)
        channel.connect(str(server.data / "listeners.sock"))
        channel.sendall(b'{"serve"')
        assert channel.recv(1) == b""


def descriptors() -> int:
    """Return how many descriptors this process has; the server is a thread of it."""
    return len(os.listdir("/proc/self/fd"))


def test_half_a_line_is_no_order_and_what_came_with_it_is_closed(server: Server) -> None:
    before = descriptors()
    with socket.socket(socket.AF_UNIX) as channel, loopback() as listener:
        channel.settimeout(5)
        channel.connect(str(server.data / "listeners.sock"))
        socket.send_fds(channel, [b'{"serve"'], [listener.fileno()] * 3)
        channel.shutdown(socket.SHUT_WR)
        assert channel.recv(1) == b"", "the end is seen at once, and not waited for"
    until(lambda: descriptors() <= before)


def test_descriptors_without_end_are_cut_off(server: Server) -> None:
    before = descriptors()
    with socket.socket(socket.AF_UNIX) as channel, loopback() as listener:
        channel.settimeout(5)
        channel.connect(str(server.data / "listeners.sock"))
        with contextlib.suppress(ConnectionError):
            for _ in range(2):
                socket.send_fds(channel, [b" "], [listener.fileno()] * 8)
                time.sleep(0.05)  # two deliveries
            assert channel.recv(1) == b""
    until(lambda: descriptors() <= before)


def test_a_socket_that_its_kind_refuses_is_closed(server: Server) -> None:
    before = descriptors()
    with loopback() as listener:
        line = b'{"serve": "metadata", "instance": "i-00000000"}\n'
        assert "does not exist" in raw(server, line, [listener.fileno()])["error"]["message"]
    until(lambda: descriptors() <= before)


def test_who_is_gone_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed_listeners, "MOST_LISTENERS", 1)
    with serving(tmp_path) as server, loopback() as listener:

        def taken() -> bool:
            try:
                channel = hand_over(server.data, Listening(ENDPOINT, listener))
            except Failure:
                return False
            assert channel is not None
            channel.close()
            return True

        for _ in range(4):
            until(taken)


@pytest.mark.parametrize("gone", [False, True])
def test_the_end_of_a_server_takes_the_door_away(tmp_path: Path, gone: bool) -> None:
    with serving(tmp_path) as server:
        path = server.data / "listeners.sock"
        assert path.is_socket()
        if gone:
            path.unlink()
    assert not path.exists()


class Kept:
    """A listening socket that is being served, for as long as `closed` is not set."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.closed = False

    def close(self) -> None:
        self.listener.close()
        self.closed = True


def test_closing_waits_until_everything_is_given_back_and_fails_for_nothing(tmp_path: Path) -> None:
    """One that is served, one that has said nothing yet, and one that broke off."""
    kept: list[Kept] = []
    failures: list[Any] = []

    async def kind(listener: socket.socket, _: Any) -> Kept:
        kept.append(Kept(listener))
        return kept[-1]

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        handed = HandedListeners(tmp_path, {"it": kind}, Log(None))
        handed.open()
        with (
            loopback() as listener,
            socket.socket(socket.AF_UNIX) as silent,
            socket.socket(socket.AF_UNIX) as broken,
        ):
            given = asyncio.to_thread(hand_over, tmp_path, Listening({"serve": "it"}, listener))
            channel = await given
            assert channel is not None
            for one in (silent, broken):
                one.connect(str(tmp_path / "listeners.sock"))
            broken.close()
            await asyncio.sleep(0.1)
            assert not kept[0].closed
            await handed.close()
            assert kept[0].closed
            channel.close()
        gc.collect()

    asyncio.run(main())
    assert failures == []


def test_a_door_that_fails_is_tried_again_after_a_while(tmp_path: Path) -> None:
    """As it does when the process may open no more files."""

    async def main() -> int:
        loop: Any = asyncio.get_running_loop()
        failing, accept = [OSError(24, "Too many open files")], loop.sock_accept
        tries = 0

        async def accepting(door: socket.socket) -> Any:
            nonlocal tries
            tries += 1
            if failing:
                raise failing[0]
            return await accept(door)

        loop.sock_accept = accepting
        log = io.StringIO()
        handed = HandedListeners(tmp_path, {}, Log(log))
        handed.open()
        await asyncio.sleep(0.3)
        failing.clear()
        with loopback() as listener, pytest.raises(Failure, match="does not know how"):
            await asyncio.to_thread(hand_over, tmp_path, Listening({"serve": "it"}, listener))
        await handed.close()
        return tries

    assert asyncio.run(asyncio.wait_for(main(), 20)) <= 4


def test_a_line_without_end_is_cut_off(server: Server) -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(5)
        channel.connect(str(server.data / "listeners.sock"))
        with contextlib.suppress(ConnectionError):
            channel.sendall(b" " * (handed_listeners.LONGEST_LINE * 4))
            assert channel.recv(1) == b""


def test_without_a_server_nothing_is_handed_over(tmp_path: Path) -> None:
    with loopback() as listener:
        assert hand_over(tmp_path, Listening(ENDPOINT, listener)) is None
        with pytest.raises(Failure, match="No server runs"):
            Handed(tmp_path, [Listening(ENDPOINT, listener)]).begin()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_next_server_is_handed_what_the_last_one_served(tmp_path: Path, end: str) -> None:
    with loopback() as listener:
        handed = Handed(tmp_path, [Listening(ENDPOINT, listener)])
        with process(tmp_path) as first:
            handed.begin()
            threading.Thread(target=handed.keep, daemon=True).start()
            assert health(listener) == 200
            if end == "kill":
                first.kill()
        waiting = socket.create_connection(listener.getsockname(), timeout=30)
        waiting.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")  # while no server runs
        with waiting, process(tmp_path):
            assert waiting.recv(12) == b"HTTP/1.1 200"
            assert health(listener) == 200


def test_a_refusal_by_a_later_server_is_said_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with loopback() as listener:
        handed = Handed(tmp_path, [Listening(ENDPOINT, listener)])
        with serving(tmp_path):
            handed.begin()
            threading.Thread(target=handed.keep, daemon=True).start()
            assert health(listener) == 200
            monkeypatch.setattr(handed_listeners, "MOST_LISTENERS", 0)
        with serving(tmp_path):
            until(lambda: "at most 0" in capsys.readouterr().err)
            time.sleep(0.5)
            assert capsys.readouterr().err == ""
            monkeypatch.undo()
            assert health(listener) == 200
