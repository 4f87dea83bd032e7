"""An S3 for clients that need one: `moto_server`, behind a door that keeps what every request was signed with.

moto judges no signature. So a test asks `sessions`, which proves each request as S3 does, with the secret that Vestry's
own session token opens to.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import itertools
import os
import re
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, NamedTuple

import boto3

from serving import Server
from threads import in_thread
from vestry.access.authenticate import Keyring
from vestry.credentials.session import SessionClaims, open_session
from vestry.credentials.vault import Vault
from vestry.store.database import open_store
from vestry.store.files import DataDirectory

ROOT = Path(__file__).resolve().parents[1]
#: The environment that bin/test makes of requirements/clients.txt.
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/([\w/-]+), *SignedHeaders=([\w;-]+), *Signature=(\w+)"
)
_NUMBERS = itertools.count(1)
#: Those that a proxy of HTTP/1.1 does not pass on.
_HOPS = {"connection", "transfer-encoding", "keep-alive", "content-length"}
#: What may stand for the body's hash.
_UNHASHED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")


class Asked(NamedTuple):
    """A request as it came: header names are lower case; `intact` is whether the body is the one that was hashed."""

    method: str
    target: str
    headers: dict[str, str]
    intact: bool


class ObjectStore:
    """A running S3. `asked` are the requests that came to it, oldest first."""

    def __init__(self, port: int, behind: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.behind = behind
        self.asked: list[Asked] = []
        self._owner = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{behind}",
            region_name="us-east-1",
            aws_access_key_id="owner",
            aws_secret_access_key="owner",
        )

    def bucket(self) -> str:
        """Make a bucket, and forget what was asked before; return its name."""
        name = f"bucket-{next(_NUMBERS)}"
        self._owner.create_bucket(Bucket=name)
        self.asked.clear()
        return name

    def content(self, bucket: str, key: str) -> bytes:
        """Return what an object holds."""
        body: bytes = self._owner.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def sessions(self, server: Server) -> set[tuple[str, str, str]]:
        """Return account, issuer and name of the sessions that signed what was asked.

        1. Every request is signed by a header, with a session token of this server.
        2. The access key id is that session's, and it has not ended.
        3. Path, query, signed headers and the body's hash are signed with that session's secret.
        4. The token and whatever else is Amazon's is signed, and the body is the one that was hashed.
        """
        tokens = {one.headers.get("x-amz-security-token", "") for one in self.asked}
        found = {token: opened(server, token) for token in tokens}
        return {_proven(one, *found[one.headers.get("x-amz-security-token", "")]) for one in self.asked}


def _proven(one: Asked, claims: SessionClaims, secret: str) -> tuple[str, str, str]:
    found = _SIGNED.fullmatch(one.headers.get("authorization", ""))
    assert found is not None, f"not signed: {one}"  # 1
    key_id, scope, names, signature = found.groups()
    assert key_id == claims.access_key_id  # 2
    assert claims.expires > time.time()
    amazons = {name for name in one.headers if name.startswith("x-amz-")}
    assert amazons | {"host"} <= set(names.split(";"))  # 4
    assert one.intact
    path, _, query = one.target.partition("?")
    pairs = sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
    lines = [f"{name}:{' '.join(one.headers[name].split())}" for name in names.split(";")]
    canonical = "\n".join(
        [one.method, path, "&".join(pairs), *lines, "", names, one.headers["x-amz-content-sha256"]]
    )
    stamp = one.headers["x-amz-date"]
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    assert hmac.digest(key, text.encode(), "sha256").hex() == signature, f"signed otherwise: {one}"  # 3
    return claims.account, claims.issuer, claims.name


def opened(server: Server, token: str) -> tuple[SessionClaims, str]:
    """Return what a session token of a running server holds, and its secret, by the ring in a copy of its store."""
    master = DataDirectory(server.data).master_key()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "vestry.db"
        with (
            contextlib.closing(sqlite3.connect(server.data / "vestry.db")) as theirs,
            contextlib.closing(sqlite3.connect(copy)) as ours,
        ):
            theirs.backup(ours)
        store = open_store(f"sqlite:///{copy}", master)
        try:
            return open_session(Keyring(Vault(master)).ring(store.load()), token)
        finally:
            store.close()


@contextlib.contextmanager
def storing() -> Iterator[ObjectStore]:
    """Run moto and the door before it until the block ends."""
    with _moto() as behind, _door(behind) as store:
        yield store


@contextlib.contextmanager
def _moto() -> Iterator[int]:
    """Run moto_server on a free port of loopback."""
    assert PYTHON.exists(), "bin/test makes .venv-clients"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            until = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            else:
                raise TimeoutError("moto_server did not begin")
            yield port
        finally:
            process.kill()


def _body(stream: BinaryIO, encoding: str | None, length: str | None) -> bytes:
    """Read a request's body, which comes whole or in chunks."""
    if encoding != "chunked":
        return stream.read(int(length or 0))
    parts = []
    while size := int(stream.readline().partition(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        pass  # a trailer of HTTP's own
    return b"".join(parts)


@contextlib.contextmanager
def _door(behind: int) -> Iterator[ObjectStore]:
    """Pass every request on to moto, and remember it."""
    held: list[ObjectStore] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = _body(
                self.rfile, self.headers.get("transfer-encoding"), self.headers.get("content-length")
            )
            headers = {name.lower(): value for name, value in self.headers.items()}
            hashed = headers.get("x-amz-content-sha256")
            intact = hashed in (hashlib.sha256(body).hexdigest(), *_UNHASHED)
            held[0].asked.append(Asked(self.command, self.path, headers, intact))
            connection = http.client.HTTPConnection("127.0.0.1", behind, timeout=20)
            passed = {name: value for name, value in headers.items() if name not in _HOPS | {"expect"}}
            connection.request(self.command, self.path, body, passed)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOPS | {"date", "server"}:
                    self.send_header(name, value)
            length = answer.getheader("content-length") if self.command == "HEAD" else None
            self.send_header("content-length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    class Door(ThreadingHTTPServer):
        daemon_threads = True

    server = Door(("127.0.0.1", 0), Handler)
    held.append(ObjectStore(server.server_port, behind))
    with in_thread(server):
        yield held[0]
