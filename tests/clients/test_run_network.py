"""The namespace of `vestry run`: the network behind it, names, who the command is, and what it can't do to others."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from launching import ec2_client, launch
from places import Place
from running import (
    CLEAN,
    CREDENTIALS,
    UNPRIVILEGED,
    machine,
    needs_namespaces,
    needs_pasta,
    needs_slirp,
    python,
    run,
    with_programs,
)
from serving import Server, serving

pytestmark = needs_namespaces
ROOT: list[str] = []
WAYS = [
    pytest.param("slirp4netns", ROOT, id="slirp4netns-root", marks=needs_slirp),
    pytest.param("slirp4netns", UNPRIVILEGED, id="slirp4netns-user", marks=needs_slirp),
    pytest.param("pasta", ROOT, id="pasta-root", marks=needs_pasta),
    pytest.param("pasta", UNPRIVILEGED, id="pasta-user", marks=needs_pasta),
]


@pytest.fixture(scope="module")
def instance(server: Server) -> str:
    return machine(Place(server), "app")


@contextlib.contextmanager
def web() -> Iterator[int]:
    """A web server on this machine's loopback that says `here`; yield its port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"here")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving.server_address[1]
        serving.shutdown()


def get(*urls: str) -> list[str]:
    """A command that prints what is at these URLs, and `-` where nothing is."""
    return python(
        "import urllib.request",
        f"for url in {urls!r}:",
        "    try: print(urllib.request.urlopen(url, timeout=3).read().decode())",
        "    except OSError as error: print('-')",
    )


@pytest.mark.parametrize(("way", "before"), WAYS)
def test_the_command_keeps_its_network(
    server: Server, instance: str, tmp_path: Path, way: str, before: list[str]
) -> None:
    environment = with_programs(tmp_path / "bin", way, "unshare")
    with web() as port:
        command = get(f"http://10.0.2.2:{port}/", CREDENTIALS, f"http://127.0.0.1:{port}/")
        done = run(server.data, instance, *command, options=[], before=before, environment=environment)
    assert (done.stdout, done.stderr) == ("here\napp\n-\n", "")


@pytest.mark.parametrize("before", [ROOT, UNPRIVILEGED], ids=["root", "user"])
def test_the_command_is_who_it_was_and_its_files_are_theirs(
    server: Server, instance: str, tmp_path: Path, before: list[str]
) -> None:
    script = python(
        "import os, pathlib",
        f"pathlib.Path({str(tmp_path / 'made')!r}).touch()",
        "print(os.getuid(), os.getgid())",
    )
    done = run(server.data, instance, *script, before=before)
    expected = "1000 1000" if before else f"{os.getuid()} {os.getgid()}"
    assert done.stdout.strip() == expected, done.stderr
    assert (tmp_path / "made").stat().st_uid == os.getuid()


def test_the_users_command_cannot_change_its_network(server: Server, instance: str) -> None:
    script = python(
        "import socket",
        "with socket.socket() as taking:",
        "    try: taking.bind(('169.254.169.254', 81)); print('bound')",
        "    except PermissionError: print('not permitted')",
        "print(*(row.split()[1] for row in open('/proc/self/status') if row.startswith('CapEff')))",
    )
    done = run(server.data, instance, *script, before=UNPRIVILEGED)
    assert done.stdout.split("\n")[:2] == ["not permitted", "0" * 16], done.stderr


def test_a_namespace_without_a_way_out_has_metadata_and_endpoint(
    server: Server, instance: str, tmp_path: Path
) -> None:
    environment = with_programs(tmp_path / "bin", "unshare")
    with web() as port:
        script = python(
            "import os, urllib.request",
            f"for url in ({CREDENTIALS!r}, os.environ['AWS_ENDPOINT_URL'] + '/health', 'http://10.0.2.2:{port}/'):",
            "    try: print(urllib.request.urlopen(url, timeout=3).status)",
            "    except OSError as error: print(error.reason.strerror)",
        )
        done = run(server.data, instance, *script, environment=environment)
    assert done.stdout == "200\n200\nNetwork is unreachable\n"
    assert done.stderr == (
        "vestry: the command reaches its credentials and the endpoint, and no other network: "
        "neither slirp4netns nor pasta is installed\n"
    )


@contextlib.contextmanager
def resolver() -> Iterator[tuple[str, bool]]:
    """A name server on loopback that knows every name as 192.0.2.7; yield its address.

    Only root may have the port of name servers: else nothing can ask it, which is told.
    """
    over = threading.Event()

    def answer(asked: socket.socket) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                question, peer = asked.recvfrom(4096)
                end = question.index(b"\0", 12) + 5
                record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 1, 4, bytes((192, 0, 2, 7)))
                counts = struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
                asked.sendto(question[:2] + counts + question[12:end] + record, peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(0.1)
        asked.bind(("127.0.0.123", 53 if os.getuid() == 0 else 0))
        thread = threading.Thread(target=answer, args=(asked,))
        thread.start()
        try:
            yield asked.getsockname()[0], os.getuid() == 0
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    "way", [pytest.param("slirp4netns", marks=needs_slirp), pytest.param("pasta", marks=needs_pasta)]
)
def test_names_are_resolved_where_the_resolver_is_on_loopback(
    server: Server, instance: str, tmp_path: Path, way: str
) -> None:
    root = ["--map-root-user"] if os.getuid() else []
    # Mounts in there are shared with whoever is made from it, as on most machines: what is covered must stay inside.
    covered = f'mount --make-rshared / && mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && "$@" && cat /etc/resolv.conf'
    fake = ["unshare", *root, "--mount", "sh", "-c", covered, "sh"]
    script = python(
        "import socket",
        "print(open('/etc/resolv.conf').read(), end='')",
        "try: print(socket.gethostbyname('machine.x.test'))",
        "except OSError as error: print(error)",
    )
    environment = with_programs(tmp_path / "bin", way, "unshare", "sh", "mount", "cat")
    with resolver() as (address, may_be_asked):
        (tmp_path / "resolv.conf").write_text(f"search x.test\nnameserver {address}\noptions timeout:2\n")
        done = run(server.data, instance, *script, before=fake, environment=environment)
    said = done.stdout.splitlines()
    assert said[:3] == ["search x.test", "options timeout:2", "nameserver 10.0.2.3"], done.stderr
    assert said[3] == "192.0.2.7" or not may_be_asked
    assert said[4:] == ["search x.test", f"nameserver {address}", "options timeout:2"]


def own_address() -> str:
    """The address with which this machine goes out, ::1 where it has none; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as going, contextlib.suppress(OSError):
        going.connect(("192.0.2.1", 9))
        return str(going.getsockname()[0])
    return "::1"


@pytest.mark.parametrize("host", ["::1", "localhost", "0.0.0.0", own_address()])  # noqa: S104
@pytest.mark.parametrize(
    "way", [pytest.param("slirp4netns", marks=needs_slirp), pytest.param("pasta", marks=needs_pasta), "none"]
)
def test_the_endpoint_is_reached_by_its_own_address(tmp_path: Path, host: str, way: str) -> None:
    environment = with_programs(tmp_path / "bin", *([] if way == "none" else [way]))
    script = python(
        "import os, urllib.request",
        "url = os.environ['AWS_ENDPOINT_URL']",
        "print(url, urllib.request.urlopen(url + '/health', timeout=5).status)",
    )
    with serving(tmp_path / "data", host=host) as server:
        instance = launch(ec2_client(Place(server)))["InstanceId"]
        done = run(server.data, instance, *script, environment=environment)
        assert done.stdout == f"{server.endpoint} 200\n", done.stderr


def test_no_proxy_stands_before_metadata(server: Server, instance: str) -> None:
    environment = CLEAN | {"http_proxy": "http://127.0.0.1:9", "no_proxy": "example.test"}
    script = python(
        "import boto3, os",
        "print(boto3.client('sts').get_caller_identity()['Arn'])",
        "print(os.environ['NO_PROXY'])",
    )
    done = run(server.data, instance, *script, environment=environment)
    arn, excepted = done.stdout.splitlines()
    assert arn.endswith(f"/{instance}"), done.stderr
    assert excepted == "example.test,169.254.169.254,fd00:ec2::254,127.0.0.1"
