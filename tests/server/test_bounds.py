"""Slow, endless and broken requests: bounded, and never in the way of others."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from raw import FORM, send, talk
from serving import Server, serving
from vestry import limits


def signed_body(endpoint: str, keys: dict[str, Any], body: bytes) -> tuple[bytes, bytes]:
    """Return the head of a signed POST of a form to STS, as it is sent, and its body."""
    request = AWSRequest("POST", endpoint + "/", data=body, headers={"Content-Type": FORM})
    SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), "sts", "us-east-1").add_auth(request)
    lines = {
        "Host": urlsplit(endpoint).netloc,
        "Content-Length": str(len(body)),
        **dict(request.headers.items()),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode(), body


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


def test_a_client_that_offers_another_protocol_is_answered_in_this_one(server: Server) -> None:
    """Java's HttpClient offers HTTP/2 with its first request, and goes on with HTTP/1.1 where it is not taken up."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
    place = urlsplit(server.endpoint)
    with socket.create_connection((place.hostname, place.port), timeout=10) as client:
        for head in (offer, offer.lower(), b""):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + form + body)
            answer = b""
            while b"</ErrorResponse>" not in answer:
                answer += client.recv(65536)
                assert answer.startswith(b"HTTP/1.1 403"), answer
            assert b"MissingAuthenticationToken" in answer


def test_what_looks_like_an_offer_in_a_body_is_the_bodys(server: Server) -> None:
    place = urlsplit(server.endpoint)
    keys = server.account("offering")
    found = {}
    for word in (b"upgrade: x", b"another: x"):
        text = b"Action=GetCallerIdentity&Version=2011-06-15&x=\r\n%b\r\n\r\n" % word
        headers, body = signed_body(server.endpoint, keys, text)
        with socket.create_connection((place.hostname, place.port), timeout=10) as client:
            client.sendall(headers)
            time.sleep(0.1)  # the body is a delivery of its own
            client.sendall(body)
            found[word] = client.recv(65536)[:12]
    assert set(found.values()) == {b"HTTP/1.1 200"}
