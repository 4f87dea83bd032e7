"""The operator's channel seen from the command line: when to ask, when to wait, when to do it here."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from vestry.cli import operator
from vestry.cli.failure import Failure
from vestry.cli.operator import DEFAULT_ENDPOINT, endpoint, perform


def listening(data: Path) -> socket.socket:
    """Return a socket where a server's would be."""
    data.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(data / "operator.sock"))
    listener.listen()
    return listener


def answering(data: Path, answer: bytes) -> threading.Thread:
    """Answer one command with these bytes, and hang up."""
    listener = listening(data)

    def serve() -> None:
        with listener, listener.accept()[0] as channel:
            channel.recv(65536)
            channel.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_one_line_of_json_each_way(data: Path) -> None:
    listener = listening(data)
    asked: list[bytes] = []

    def serve() -> None:
        with listener, listener.accept()[0] as channel:
            asked.append(channel.recv(65536))
            channel.sendall(b'{"ok": {"Alias": "\\u00fc"}}\n')

    thread = threading.Thread(target=serve)
    thread.start()
    assert perform("account.reset", {"account": "prod"}, data, None) == {"Alias": "ü"}
    thread.join()
    assert asked[0].endswith(b"\n")
    assert json.loads(asked[0]) == {"command": "account.reset", "arguments": {"account": "prod"}}


@pytest.mark.parametrize("answer", [b"", b"{", b"[]\n", b"{}\n", b"\xff\n"])
def test_a_server_that_ends_in_the_middle_is_a_failure(data: Path, answer: bytes) -> None:
    thread = answering(data, answer)
    with pytest.raises(Failure, match="ended before it answered") as failed:
        perform("account.reset", {"account": "prod"}, data, None)
    thread.join()
    assert "may have been done" in failed.value.hint


def test_the_servers_fault_and_hint_are_shown(data: Path) -> None:
    thread = answering(data, b'{"error": {"code": "NoSuchEntity", "message": "gone", "hint": "list them"}}\n')
    with pytest.raises(Failure, match="gone") as failed:
        perform("account.reset", {"account": "prod"}, data, None)
    thread.join()
    assert failed.value.hint == "list them"


def test_what_a_killed_server_left_behind_does_not_mislead(data: Path) -> None:
    listening(data).close()
    with subprocess.Popen(["true"]) as ended:
        pass
    (data / "server.json").write_text(json.dumps({"pid": ended.pid, "endpoint": "http://127.0.0.1:1"}))
    assert perform("account.list", {}, data, None) == {"Accounts": []}
    assert endpoint(data) == DEFAULT_ENDPOINT


def test_a_running_servers_endpoint_is_found(data: Path) -> None:
    data.mkdir()
    (data / "server.json").write_text(json.dumps({"pid": os.getpid(), "endpoint": "http://127.0.0.1:1"}))
    assert endpoint(data) == "http://127.0.0.1:1"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "endpoint": "http://h"}'])
def test_a_damaged_server_file_is_no_server(data: Path, text: str) -> None:
    data.mkdir()
    (data / "server.json").write_text(text)
    assert endpoint(data) == DEFAULT_ENDPOINT


def test_a_command_waits_for_one_that_has_the_store(data: Path) -> None:
    perform("account.list", {}, data, None)
    held = os.open(data / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    release = threading.Timer(0.4, os.close, [held])
    began = time.monotonic()
    release.start()
    assert perform("account.list", {}, data, None) == {"Accounts": []}
    assert time.monotonic() - began >= 0.4
    release.join()


def test_a_command_does_not_wait_for_ever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator, "BUSY_SECONDS", 0.2)
    perform("account.list", {}, data, None)
    held = os.open(data / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(Failure, match="in use by process"):
            perform("account.list", {}, data, None)
    finally:
        os.close(held)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot be made"):
        perform("account.list", {}, tmp_path / "file", None)
