"""The AWS SDK for JavaScript v3: the programs of docs/clients.md, each getting its credentials from STS by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuers import Certificates, issuing
from places import Place, document, statement, trusting
from recipes import ACCOUNT, ENDPOINT, KEY, SECRET, TOKEN_FILE, recipe
from serving import serving

SECTION = "AWS SDK for JavaScript v3"
TEMPORARY, WEB_TOKEN, TOKEN_IN_FILE, CHAIN = range(4)


class Program:
    """casey, who may assume the role `deploy` and no other, and a folder in which Node.js finds the SDK."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.token = folder / "token"
        self.keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
        (folder / "node_modules").symlink_to(Path(__file__).parent / "node_modules")
        self.values = {ACCOUNT: place.number}

    def environment(self, **more: str) -> dict[str, str]:
        """An environment that leads nowhere else."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "VESTRY_"))}
        return inherited | {"HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true"} | more

    def in_environment(self) -> dict[str, str]:
        """The page's exports, and casey's key."""
        (text,) = recipe(SECTION, "sh", {ENDPOINT: self.place.server.endpoint})
        exports = dict(line.removeprefix("export ").split("=", 1) for line in text.splitlines())
        return self.environment(
            AWS_ACCESS_KEY_ID=self.keys["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=self.keys["SecretAccessKey"],
            **exports,
        )

    def in_profile(self, role: str = "deploy") -> dict[str, str]:
        """The page's profiles alone."""
        (text,) = recipe(
            SECTION,
            "ini",
            {
                ENDPOINT: self.place.server.endpoint,
                ACCOUNT: self.place.number,
                KEY: self.keys["AccessKeyId"],
                SECRET: self.keys["SecretAccessKey"],
            },
        )
        config = self.folder / "config"
        config.write_text(text.replace(":role/deploy", f":role/{role}"))
        return self.environment(AWS_PROFILE="deploy", AWS_CONFIG_FILE=str(config))

    def run(
        self, which: int, environment: dict[str, str], role: str = "deploy"
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the page's programs; return how it ended and what it said."""
        program = recipe(SECTION, "js", {ACCOUNT: self.place.number, TOKEN_FILE: str(self.token)})[which]
        file = self.folder / "program.mjs"
        file.write_text(program.replace(":role/deploy", f":role/{role}"))
        return subprocess.run(
            ["node", file], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def session(self) -> str:
        """The ARN that each of them prints."""
        return f"arn:aws:sts::{self.place.number}:assumed-role/deploy/js\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def program(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with serving(tmp_path / "data") as server, issuing(certificates) as issuer:
        place = Place(server)
        made = place.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
        program = Program(place, tmp_path)
        program.token.write_text(issuer.token() + "\n")
        trust = document(
            {"Effect": "Allow", "Principal": {"AWS": place.number}, "Action": "sts:AssumeRole"},
            {
                "Effect": "Allow",
                "Principal": {"Federated": made["OpenIDConnectProviderArn"]},
                "Action": "sts:AssumeRoleWithWebIdentity",
            },
        )
        place.role("deploy", trust)
        place.role("closed", trusting({"AWS": place.number}))
        yield program


def test_from_temporary_credentials_assumes_the_role(program: Program) -> None:
    done = program.run(TEMPORARY, program.in_environment())
    assert (done.stdout, done.returncode) == (program.session(), 0), done.stderr


def test_from_temporary_credentials_meets_aws_denial(program: Program) -> None:
    done = program.run(TEMPORARY, program.in_environment(), role="closed")
    assert (done.stdout, done.returncode) == ("", 1)
    assert "AccessDenied: User: " + program.place.arn("user/casey") in done.stderr
    assert "is not authorized to perform: sts:AssumeRole on resource: " in done.stderr


@pytest.mark.parametrize("which", [WEB_TOKEN, TOKEN_IN_FILE])
def test_a_token_assumes_the_role_without_a_key(program: Program, which: int) -> None:
    environment = program.in_environment()
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    done = program.run(which, environment)
    assert (done.stdout, done.returncode) == (program.session(), 0), done.stderr


@pytest.mark.parametrize("which", [WEB_TOKEN, TOKEN_IN_FILE])
def test_a_token_meets_aws_denial(program: Program, which: int) -> None:
    done = program.run(which, program.in_environment(), role="closed")
    assert (done.stdout, done.returncode) == ("", 1)
    assert "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity" in done.stderr


def test_the_provider_chain_assumes_the_role_of_a_profile(program: Program) -> None:
    done = program.run(CHAIN, program.in_profile())
    assert (done.stdout, done.returncode) == (program.session(), 0), done.stderr


def test_the_provider_chain_meets_aws_denial(program: Program) -> None:
    done = program.run(CHAIN, program.in_profile("closed"))
    assert (done.stdout, done.returncode) == ("", 1)
    assert "AccessDenied: User: " + program.place.arn("user/casey") in done.stderr
