"""The AWS CLI v2, as Debian 12 has it: by `--endpoint-url`, and by AWS's own host names, as docs/clients.md says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connect_proxy import Proxy, leading
from issuers import Certificates, issuing
from local_tls import secured
from object_store import ObjectStore
from places import Place, document, statement
from recipes import ACCOUNT, CA_FILE, ENDPOINT, KEY, S3, SECRET, TOKEN_FILE, exports, recipe

SECTION = "AWS CLI v2"
STS = "sts.us-east-1.amazonaws.com"
LARGE = 11 * 1024 * 1024


class Machine:
    """Somebody's machine: a home, the program, and the page's lines with casey's key."""

    def __init__(self, place: Place, home: Path, program: str) -> None:
        self.place, self.home = place, home
        self.token = home / "token"
        self.keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
        self.values = {
            ACCOUNT: place.number,
            KEY: self.keys["AccessKeyId"],
            SECRET: self.keys["SecretAccessKey"],
        }
        self.session = f"arn:aws:sts::{place.number}:assumed-role/deploy/cli"
        (home / "bin").mkdir()
        (home / "bin" / "aws").symlink_to(program)

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, with no variable of AWS's or of a proxy but these."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PYTHON")) and not name.lower().endswith("_proxy")
        }
        return subprocess.run(
            command,
            env=inherited
            | {
                "HOME": str(self.home),
                "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_PAGER": "",
            }
            | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def profiles(self, role: str = "deploy") -> dict[str, str]:
        """Write the page's profiles, leading to `role`; return the variable that names them."""
        (text,) = recipe(SECTION, "ini", self.values | {TOKEN_FILE: str(self.token)})
        config = self.home / "config"
        config.write_text(text.replace(":role/deploy", f":role/{role}"))
        return {"AWS_CONFIG_FILE": str(config)}


class Led(Machine):
    """A machine on which AWS's host name leads to a server with TLS. `variables` are the page's, `proxy` leads there."""

    def __init__(
        self, place: Place, home: Path, program: str, variables: dict[str, str], proxy: Proxy
    ) -> None:
        super().__init__(place, home, program)
        values = {CA_FILE: variables["AWS_CA_BUNDLE"], "http://127.0.0.1:3128": proxy.url}
        self.variables, self.proxy = exports(SECTION, values, 1), proxy

    def who(self, profile: str, role: str = "deploy") -> subprocess.CompletedProcess[str]:
        """Ask by a profile of the page who one is."""
        command = ("aws", "sts", "get-caller-identity", "--profile", profile)
        return self.run(*command, **self.profiles(role), **self.variables)


@pytest.fixture(scope="module")
def led(cli_2: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Led]:
    folder = tmp_path_factory.mktemp("machine")
    certificates = Certificates(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        issuing(certificates) as issuer,
        secured(folder, STS) as (server, variables),
        leading({f"{STS}:443": urlsplit(server.endpoint).netloc}) as proxy,
    ):
        patch.setenv("SSL_CERT_FILE", str(certificates.authority))
        place = Place(server)
        made = place.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
        machine = Led(place, folder, cli_2, variables, proxy)
        machine.token.write_text(issuer.token())
        federated = {"Federated": made["OpenIDConnectProviderArn"]}
        web_identity = {"Effect": "Allow", "Principal": federated, "Action": "sts:AssumeRoleWithWebIdentity"}
        own = {"Effect": "Allow", "Principal": {"AWS": place.number}, "Action": "sts:AssumeRole"}
        place.role("deploy", document(own, web_identity))
        place.role("closed")
        yield machine


def test_a_role_is_assumed_by_a_command_and_exported(cli_2: str, place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, cli_2)
    place.role("deploy")
    values = machine.values | {ENDPOINT: place.server.endpoint}
    done = machine.run("sh", "-euc", recipe(SECTION, "sh", values)[0])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == machine.session


@pytest.mark.parametrize("profile", ["deploy", "from-token"])
def test_a_profile_is_the_role_by_the_host_names_of_aws(led: Led, profile: str) -> None:
    led.proxy.asked.clear()
    done = led.who(profile)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == led.session
    assert set(led.proxy.asked) == {f"{STS}:443"}


@pytest.mark.parametrize(
    ("profile", "operation"), [("deploy", "AssumeRole"), ("from-token", "AssumeRoleWithWebIdentity")]
)
def test_a_profile_meets_aws_denial(led: Led, profile: str, operation: str) -> None:
    done = led.who(profile, "closed")
    assert done.returncode != 0
    assert f"An error occurred (AccessDenied) when calling the {operation} operation" in done.stderr


def test_a_file_is_copied_in_parts_by_the_role(led: Led, objects: ObjectStore) -> None:
    bucket = objects.bucket()
    (led.home / "large").write_bytes(bytes(LARGE))
    line = recipe(SECTION, "sh", {S3: objects.endpoint, "s3://data": f"s3://{bucket}"})[2]
    done = led.run("sh", "-euc", f"cd {led.home}; {line}", **led.profiles(), **led.variables)
    assert done.returncode == 0, done.stderr
    assert sum("partNumber=" in one.target for one in objects.asked) == 2
    assert objects.sessions(led.place.server) == {led.place.session("deploy", "cli")}
    assert objects.content(bucket, "large") == bytes(LARGE)
