"""Serving over TLS: real clients trust the authority, the pair is read again when it changes, a bad one never serves."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from processes import process
from serving import Server, serving
from vestry.cli.certificates import Made, make
from vestry.cli.handing import Listening, hand_over
from vestry.server.tls import Certificate, TlsError


def write(folder: Path, made: Made) -> tuple[Path, Path]:
    """Write a pair; return certificate and key."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").write_bytes(made.authority)
    (folder / "server.pem").write_bytes(made.certificate)
    (folder / "server.key").write_bytes(made.key)
    return folder / "server.pem", folder / "server.key"


def fresh() -> Made:
    return make(["localhost", "127.0.0.1"], datetime.now(UTC))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def secure(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificate, key = write(folder, fresh())
    with serving(tmp_path_factory.mktemp("data"), tls_cert=certificate, tls_key=key) as server:
        yield server


def client(server: Server, service: str, keys: dict[str, Any], trusted: Path | bool) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        verify=str(trusted),
        config=Config(retries={"max_attempts": 0}),
    )


def shown(server: Server) -> bytes:
    """Return the certificate that a new connection is shown."""
    place = urlsplit(server.endpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((place.hostname, place.port), timeout=5) as connection,
        context.wrap_socket(connection) as channel,
    ):
        certificate = channel.getpeercert(binary_form=True)
    assert certificate
    return certificate


def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def test_boto3_over_tls_and_secure_transport(secure: Server, folder: Path) -> None:
    assert secure.endpoint.startswith("https://127.0.0.1:")
    keys = secure.account("transport")
    iam = client(secure, "iam", keys, folder / "ca.pem")
    iam.create_user(UserName="u")
    only = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}
    only["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}  # type: ignore[assignment]
    document = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    iam.put_user_policy(UserName="u", PolicyName="secure", PolicyDocument=document)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert client(secure, "iam", key, folder / "ca.pem").list_roles()["Roles"] == []


def test_a_client_is_told_that_it_is_http_1(secure: Server) -> None:
    place = urlsplit(secure.endpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((place.hostname, place.port), timeout=5) as connection,
        context.wrap_socket(connection) as channel,
    ):
        assert channel.selected_alpn_protocol() == "http/1.1"


def test_a_socket_that_was_handed_over_speaks_tls_with_the_same_certificate(secure: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = hand_over(secure.data, Listening({"serve": "endpoint"}, listener))
        assert channel is not None
        with channel:
            there = copy.copy(secure)
            there.endpoint = f"https://127.0.0.1:{listener.getsockname()[1]}"
            assert shown(there) == shown(secure)


def test_a_client_that_does_not_trust_the_authority_refuses(secure: Server, tmp_path: Path) -> None:
    keys = secure.account("stranger")
    write(tmp_path, fresh())
    with pytest.raises(SSLError):
        client(secure, "sts", keys, tmp_path / "ca.pem").get_caller_identity()


def test_the_aws_cli_over_tls(secure: Server, folder: Path) -> None:
    keys = secure.account("command-line")
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_ENDPOINT_URL": secure.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CA_BUNDLE": str(folder / "ca.pem"),
    }
    command = [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["Account"] == keys["AccountId"]


def test_a_server_stops_though_a_client_keeps_its_connection(tmp_path: Path) -> None:
    certificate, key = write(tmp_path, fresh())
    with serving(tmp_path / "data", tls_cert=certificate, tls_key=key) as server:
        idle = client(server, "sts", server.account("idle"), tmp_path / "ca.pem")
        idle.get_caller_identity()
        began = time.monotonic()
    assert time.monotonic() - began < 5
    idle.close()


def test_a_new_pair_is_served_without_a_restart_and_a_bad_one_is_not(secure: Server, folder: Path) -> None:
    first = shown(secure)
    key = (folder / "server.key").read_bytes()
    (folder / "server.key").write_bytes(fresh().key)  # not this certificate's
    until(lambda: "certificate refused, the old one stays" in secure.log.getvalue())
    assert "is not the key of the certificate in" in secure.log.getvalue()
    assert shown(secure) == first
    (folder / "server.key").write_bytes(key)
    until(lambda: "certificate reloaded" in secure.log.getvalue())
    made = fresh()
    write(folder, made)
    until(lambda: shown(secure) == ssl.PEM_cert_to_DER_cert(made.certificate.decode()))
    keys = secure.account("after")
    client(secure, "sts", keys, folder / "ca.pem").get_caller_identity()


def test_a_connection_that_names_no_host_is_served_the_new_pair_too(tmp_path: Path) -> None:
    pair = write(tmp_path, fresh())
    certificate = Certificate(*pair)
    made = fresh()
    write(tmp_path, made)
    assert certificate.refresh() is True
    assert certificate.refresh() is False
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asking = context.wrap_bio(near, far, server_hostname=None)
    serving_side = certificate.context.wrap_bio(far, near, server_side=True)
    for _ in range(4):
        for side in (asking, serving_side):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert asking.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(made.certificate.decode())


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        (None, "own", "server.pem cannot be read: No such file or directory."),
        ("own", None, "server.key cannot be read: No such file or directory."),
        ("own", "other", "server.key is not the key of the certificate in"),
        ("own", "text", "are not a certificate (chain) and its private key in PEM form."),
        ("text", "own", "are not a certificate (chain) and its private key in PEM form."),
        ("own", "encrypted", "server.key is encrypted: the server has nobody to ask for its password."),
    ],
)
def test_bad_files_are_refused_by_name(
    tmp_path: Path, certificate: str | None, key: str | None, said: str
) -> None:
    from cryptography.hazmat.primitives import serialization

    own = fresh()
    loaded = serialization.load_pem_private_key(own.key, None)
    encrypted = loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    texts = {"text": b"hello", "other": fresh().key, "encrypted": encrypted}
    if certificate is not None:
        (tmp_path / "server.pem").write_bytes(texts.get(certificate, own.certificate))
    if key is not None:
        (tmp_path / "server.key").write_bytes(texts.get(key, own.key))
    with pytest.raises(TlsError) as refused:
        Certificate(tmp_path / "server.pem", tmp_path / "server.key")
    assert said in str(refused.value)


def test_the_command_line_says_what_is_wrong(tmp_path: Path) -> None:
    certificate, key = write(tmp_path, fresh())
    serve = [sys.executable, "-m", "vestry.cli", "serve", "--port", "0", "--ephemeral"]
    for options, code, said in (
        (["--tls-cert", str(certificate)], 2, "--tls-cert and --tls-key go together"),
        (["--tls-cert", str(certificate), "--tls-key", str(tmp_path / "no")], 1, "cannot be read"),
        (["--public-url", "vestry.internal"], 2, "is no public URL"),
        (["--public-url", "https://u@vestry.internal"], 2, "is no public URL"),
        (["--public-url", "https://vestry.internal/?a=b"], 2, "is no public URL"),
    ):
        done = subprocess.run([*serve, *options], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (code, "")
        assert said in " ".join(done.stderr.split())
    options = [
        "--tls-cert",
        str(certificate),
        "--tls-key",
        str(key),
        "--public-url",
        "https://vestry.internal/x/",
    ]
    with process(tmp_path / "data", options=options) as running:
        assert running.endpoint.startswith("https://")
        assert running.ready["public_url"] == "https://vestry.internal/x"
    with process(tmp_path / "data") as running:
        assert running.ready["public_url"] == running.endpoint
