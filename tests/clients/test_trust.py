"""What `vestry tls init` prints: each client believes the server by the variable that is said to be its own, and not without.

docs/clients.md names the same variables, and their clients.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session
from botocore.exceptions import SSLError

from local_tls import secured
from object_store import PYTHON, ObjectStore
from places import Place, statement
from recipes import ACCOUNT, ENDPOINT, S3, recipe
from warm_cli import aws

ASK = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]


class Machine:
    """A machine with casey's key in the environment, and a server with TLS that the environment names."""

    def __init__(self, place: Place, home: Path, variables: dict[str, str], store: str) -> None:
        self.place, self.home, self.variables, self.store = place, home, variables, store
        keys = place.user("casey", statement("Allow", "sts:AssumeRole"))
        place.role("deploy")
        endpoint = place.server.endpoint
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AWS_") and name not in variables
        }
        self.environment = inherited | {
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_ENDPOINT_URL_STS": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def trusting(self, *variables: str) -> dict[str, str]:
        """The environment with these of the printed variables."""
        return self.environment | {name: self.variables[name] for name in variables}

    def answered(self) -> int:
        """How many of casey's requests were answered until now."""
        log, mark = (
            self.place.server.log,
            self.place.sts.get_caller_identity()["ResponseMetadata"]["RequestId"],
        )
        until = time.monotonic() + 10
        while mark not in log.getvalue():  # lines are written in order, a little later
            assert time.monotonic() < until
            time.sleep(0.01)
        return log.getvalue().count(f'"principal":"{self.place.arn("user/casey")}"')

    def run(self, command: list[Any], environment: dict[str, str]) -> str:
        """Run a command there; return all that it said."""
        done = subprocess.run(
            command, env=environment, cwd=self.home, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout + done.stderr


def boto3(machine: Machine, environment: dict[str, str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name in machine.variables:
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            return str(Session().client("sts").get_caller_identity())
        except SSLError as error:
            return str(error)


def cli_v1(machine: Machine, environment: dict[str, str]) -> str:
    done = aws(["sts", "get-caller-identity"], environment)
    return done.stdout + done.stderr


def cli_v2(machine: Machine, environment: dict[str, str]) -> str:
    asked = ["sts", "get-caller-identity", "--endpoint-url", machine.place.server.endpoint]
    return machine.run(["/usr/bin/aws", *asked], environment)


def javascript(machine: Machine, environment: dict[str, str]) -> str:
    program = recipe("AWS SDK for JavaScript v3", "js", {ACCOUNT: machine.place.number})[0]
    (machine.home / "program.mjs").write_text(program)
    return machine.run(["node", "program.mjs"], environment)


def curl(machine: Machine, environment: dict[str, str]) -> str:
    user = f"{environment['AWS_ACCESS_KEY_ID']}:{environment['AWS_SECRET_ACCESS_KEY']}"
    sent = ["-d", "Action=GetCallerIdentity&Version=2011-06-15", machine.place.server.endpoint]
    return machine.run(
        ["curl", "-sS", "--aws-sigv4", "aws:amz:us-east-1:sts", "-u", user, *sent], environment
    )


def terraform(machine: Machine, environment: dict[str, str]) -> str:
    """Its backend asks for the role first, then for the state."""
    values = {ENDPOINT: machine.place.server.endpoint, ACCOUNT: machine.place.number, S3: machine.store}
    (text,) = recipe("Terraform's S3 backend", "hcl", values)
    (machine.home / "main.tf").write_text(text)
    return machine.run(["terraform", "init", "-reconfigure", "-no-color", "-input=false"], environment)


def pyarrow(machine: Machine, environment: dict[str, str]) -> str:
    """It asks for the role first, and says nothing of it."""
    program = f"""
from pyarrow import fs
role, store = "{machine.place.arn("role/deploy")}", "{machine.store}"
files = fs.S3FileSystem(role_arn=role, region="us-east-1", endpoint_override=store)
print(files.get_file_info("state").type)"""
    return machine.run([PYTHON, "-c", program], environment)


#: The clients of docs/clients.md by their names there, the variables that each reads, and how it is asked. (obstore asks
#: with a token: its own test trusts by the variable.)
OBSTORE = {"SSL_CERT_FILE"}
CLIENTS: dict[str, tuple[set[str], Callable[[Machine, dict[str, str]], str]]] = {
    "boto3": ({"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}, boto3),
    "AWS CLI v1": ({"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}, cli_v1),
    "AWS CLI v2": ({"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}, cli_v2),
    "AWS SDK for JavaScript": ({"NODE_EXTRA_CA_CERTS"}, javascript),
    "curl": ({"CURL_CA_BUNDLE"}, curl),
    "Terraform's S3 backend": ({"AWS_CA_BUNDLE", "SSL_CERT_FILE"}, terraform),
    "PyArrow": ({"SSL_CERT_FILE"}, pyarrow),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, objects: ObjectStore) -> Iterator[Machine]:
    home = tmp_path_factory.mktemp("machine")
    with secured(home) as (server, variables):
        (home / "node_modules").symlink_to(Path(__file__).parent / "node_modules")
        yield Machine(Place(server), home, variables, objects.endpoint)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_believes_by_its_own_variables_and_by_no_other(
    machine: Machine, name: str, request: pytest.FixtureRequest
) -> None:
    read, ask = CLIENTS[name]
    if ask is cli_v2:
        request.getfixturevalue("cli_2")
    if ask is terraform and shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    for variable in read:
        before = machine.answered()
        said = ask(machine, machine.trusting(variable))
        assert machine.answered() > before, (variable, said)
    before = machine.answered()
    said = ask(machine, machine.trusting(*(set(machine.variables) - read)))
    assert machine.answered() == before, said


def test_the_page_names_the_variables_that_are_printed_and_their_clients(machine: Machine) -> None:
    (text,) = recipe("Trust", "sh", {})
    lines = [line.removeprefix("export ").partition("#") for line in text.splitlines()]
    said = {left.partition("=")[0]: set(names.strip().split(", ")) for left, _, names in lines}
    assert set(said) == set(machine.variables)
    found = {name: read for name, (read, _) in CLIENTS.items()} | {"obstore": OBSTORE}
    assert said == {variable: {name for name, read in found.items() if variable in read} for variable in said}
