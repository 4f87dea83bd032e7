"""Listening sockets of the server's own: what they are, and how an address that cannot be served is named."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from running import needs_namespaces
from vestry.server.listening import CannotListen, endpoint_of, listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_clients_are_taken_at_once_and_an_address_that_is_taken_is_named(host: str) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        socket.create_connection((host, port), timeout=5).close()
        where = rf"\[::1\]:{port}" if ":" in host else rf"127\.0\.0\.1:{port}"
        reason = f"^cannot serve on {where}: Address already in use. Port 0 takes a free one.$"
        with pytest.raises(CannotListen, match=reason):
            listen(host, port)


def test_a_port_is_free_again_as_soon_as_its_server_has_ended() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            listener.accept()[0].close()  # the server closes first: the port lingers in TIME_WAIT
            assert client.recv(1) == b""
    with listen("127.0.0.1", port):
        pass


def test_a_name_that_is_no_address_is_named_as_well() -> None:
    with pytest.raises(CannotListen, match=r"^cannot serve on nowhere\.invalid:0: "):
        listen("nowhere.invalid", 0)


@needs_namespaces
def test_a_port_that_is_roots_is_named_with_what_helps() -> None:
    """In a network of its own, where the usual ports are root's whatever this machine says."""
    lines = "from vestry.server.listening import *\ntry: listen('0.0.0.0', 80)\nexcept CannotListen as error: print(error)"
    command = [
        "unshare",
        "--user",
        "--map-user=1000",
        "--map-group=1000",
        "--net",
        sys.executable,
        "-c",
        lines,
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert said.startswith("cannot serve on 0.0.0.0:80: Permission denied. Ports below 1024 are root's: ")


@pytest.mark.parametrize(
    ("host", "secure", "url"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:80"),
        ("127.0.0.1", True, "https://127.0.0.1:80"),
        (".".join("0000"), False, "http://127.0.0.1:80"),
        ("::", False, "http://[::1]:80"),
        ("fd00:ec2::254", False, "http://[fd00:ec2::254]:80"),
        ("vestry.internal", True, "https://vestry.internal:80"),
    ],
)
def test_the_url_by_which_this_machine_reaches_an_address(host: str, secure: bool, url: str) -> None:
    assert endpoint_of(host, 80, secure=secure) == url
