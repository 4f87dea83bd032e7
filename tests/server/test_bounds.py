"""Slow, endless and broken requests: bounded, and never in the way of others."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from raw import send, talk
from serving import Server, serving
from vestry import limits


@pytest.mark.parametrize(
    ("sentence", "data"),
    [
        ("too many headers", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n"),
        ("too large a header", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 60_000 + b"\r\n\r\n"),
        ("too long a request line", b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40),
        ("two lengths", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ],
)
def test_a_broken_head_is_a_bad_request(server: Server, sentence: str, data: bytes) -> None:
    answer = talk(server.endpoint, data)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 302")), sentence
    assert send(server.endpoint, "GET", "/health").status == 200


def test_a_head_that_never_ends_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 1)
    with serving(tmp_path / "data") as server:
        place = urlsplit(server.endpoint)
        with socket.create_connection((place.hostname, place.port), timeout=10) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            began = time.monotonic()
            assert slow.recv(100) == b""
            assert time.monotonic() - began < 8


def test_a_body_that_never_ends_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 1)
    with serving(tmp_path / "data") as server:
        place = urlsplit(server.endpoint)
        with socket.create_connection((place.hostname, place.port), timeout=10) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab")
            assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_client_that_waits_for_continue_is_answered(server: Server) -> None:
    place = urlsplit(server.endpoint)
    with socket.create_connection((place.hostname, place.port), timeout=10) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 18\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"Version=2011-06-15")
        assert client.recv(1000).startswith(b"HTTP/1.1 302")


def test_a_chunked_body_works(server: Server) -> None:
    data = (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n12\r\nVersion=2011-06-15\r\n0\r\n\r\n"
    )
    assert talk(server.endpoint, data).startswith(b"HTTP/1.1 302")
