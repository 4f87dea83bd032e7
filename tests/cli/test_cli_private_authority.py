"""A server behind a private authority: profiles that commands write lead boto3 and the AWS CLI there by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from commands import Vestry
from local_tls import tls_init
from places import Place, trusting
from serving import Server, serving
from vestry.cli import ini
from vestry.server.tls import private_authority

VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tls_init(tmp_path_factory.mktemp("tls") / "own")[0]


@pytest.fixture(scope="module")
def secure(tls: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), **tls) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's files, and an environment that knows no authority."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.setenv(name, "")  # so that what a command sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def bundle(home: Path, profile: str) -> str | None:
    return ini.read_section((home / "config").read_text(), ini.profile_section(profile)).get("ca_bundle")


def test_a_profile_that_is_written_just_works(
    secure: Server, tls: dict[str, Path], home: Path, vestry: Vestry
) -> None:
    said = vestry("account", "create", "prod", "--profile", "prod", "--data", str(secure.data))
    assert said.code == 0
    assert bundle(home, "prod") == str(tls["tls_cert"].with_name("ca.pem"))
    number = boto3.Session(profile_name="prod").client("sts").get_caller_identity()["Account"]
    command = [sys.executable, "-m", "awscli", "--profile", "prod", "sts", "get-caller-identity"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(told.stdout)["Account"] == number
    made = vestry("service", "create", "backup.internal", "--profile", "backup", "--data", str(secure.data))
    assert made.code == 0
    assert boto3.Session(profile_name="backup").client("sts").get_caller_identity()


def executed(role: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Let `vestry exec` run boto3, which says who it is."""
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    command = [sys.executable, "-m", "vestry.cli", "exec", "--role", role, "--", sys.executable, "-c", script]
    environment = {**os.environ, **given}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_exec_hands_the_authority_on(
    secure: Server, tls: dict[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(tls["tls_cert"].with_name("ca.pem")))
        place = Place(secure)
        user = place.user("casey")
        role = place.role("app", trusting({"AWS": place.arn("user/casey")}))
    keys = {"AWS_ACCESS_KEY_ID": user["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": user["SecretAccessKey"]}
    told = executed(role, keys | {"VESTRY_DATA": str(secure.data)})
    assert told.stdout.strip().endswith(":assumed-role/app/vestry-exec"), told.stderr
    told = executed(role, keys | {"AWS_ENDPOINT_URL": secure.endpoint})
    assert told.returncode == 1
    assert "is not trusted" in told.stderr
    assert "AWS_CA_BUNDLE" in told.stderr


def test_env_hands_the_authority_on(secure: Server, tls: dict[str, Path], home: Path, vestry: Vestry) -> None:
    assert vestry("account", "create", "dev", "--profile", "dev", "--data", str(secure.data)).code == 0
    values = json.loads(vestry("env", "--profile", "dev", "--json").out)
    assert values["AWS_CA_BUNDLE"] == values["NODE_EXTRA_CA_CERTS"] == bundle(home, "dev")


def test_only_an_authority_that_issued_the_certificate_is_told_of(
    tls: dict[str, Path], tmp_path: Path
) -> None:
    assert private_authority(tls["tls_cert"]) == tls["tls_cert"].with_name("ca.pem")
    other = tls_init(tmp_path / "other")[0]["tls_cert"]
    foreign = tmp_path / "foreign.pem"
    foreign.write_bytes(other.read_bytes())
    assert private_authority(foreign) is None
    (tmp_path / "ca.pem").write_bytes(tls["tls_cert"].with_name("ca.pem").read_bytes())
    assert private_authority(foreign) is None
    (tmp_path / "ca.pem").write_bytes(b"words")
    assert private_authority(foreign) is None
    (tmp_path / "ca.pem").write_bytes(other.with_name("ca.pem").read_bytes())
    assert private_authority(foreign) == tmp_path / "ca.pem"


def test_a_profile_for_a_server_without_tls_has_no_authority(
    server: Server, home: Path, vestry: Vestry
) -> None:
    assert vestry("account", "create", "plain", "--profile", "plain", "--data", str(server.data)).code == 0
    assert bundle(home, "plain") is None
