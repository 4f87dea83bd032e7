"""Clients as an instance, with no credentials given: each finds its role's, by the lines of docs/clients.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inside import OUTSIDE, Machine
from object_store import PYTHON, ObjectStore
from places import Place
from recipes import INSIDE, INSIDE_S3, PAGE, recipe
from serving import Server

VERSION_2 = "/usr/bin/aws"
VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


def python(name: str) -> str:
    """Return the page's program that imports a module."""
    (program,) = [one for one in recipe(INSIDE, "python", {}) if re.search(rf"^(import|from) {name}\b", one)]
    return program


def boto3(machine: Machine) -> list[str | Path]:
    return [sys.executable, "-c", python("boto3")]


def cli_v1(machine: Machine) -> list[str | Path]:
    return command_line(machine, 0, Path(sys.executable).parent / "aws")


def cli_v2(machine: Machine) -> list[str | Path]:
    if not Path(VERSION_2).exists():
        pytest.skip("version 2 of the AWS CLI is not installed")
    return command_line(machine, 1, Path(VERSION_2))


def command_line(machine: Machine, which: int, program: Path) -> list[str | Path]:
    """Return what runs a line of the page with an `aws`."""
    (lines,) = recipe(INSIDE, "sh", {})
    line = lines.splitlines()[which] + " --query Arn --output text"
    return ["sh", "-c", f'aws() {{ "{program}" "$@"; }}; {line}']


def javascript(machine: Machine, which: int = 0) -> list[str | Path]:
    modules, program = machine.home / "node_modules", machine.home / f"program-{which}.mjs"
    if not modules.exists():
        modules.symlink_to(Path(__file__).parent / "node_modules")
    program.write_text(recipe(INSIDE, "js", {})[which])
    return ["node", program]


def javascript_provider(machine: Machine) -> list[str | Path]:
    return javascript(machine, 1)


#: Clients that print who they are.
TELLING = {
    "boto3": boto3,
    "AWS CLI v1": cli_v1,
    "AWS CLI v2": cli_v2,
    "AWS SDK for JavaScript v3": javascript,
    "its provider for instances": javascript_provider,
}
#: Clients that write an object, by the module that is imported, and the variable that leads them to metadata elsewhere.
STORING = {
    "PyArrow": ("pyarrow", VARIABLE),
    "obstore": ("obstore", "AWS_METADATA_ENDPOINT"),
}


@pytest.fixture(scope="module")
def machine(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """An instance that requires session tokens."""
    home = tmp_path_factory.mktemp("home")
    return Machine(Place(server), home, MetadataOptions={"HttpTokens": "required"})


@pytest.fixture(scope="module")
def off(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """An instance whose metadata endpoint is disabled."""
    home = tmp_path_factory.mktemp("off")
    return Machine(Place(server), home, MetadataOptions={"HttpEndpoint": "disabled"})


@pytest.fixture(scope="module")
def elsewhere(machine: Machine) -> Iterator[dict[str, str]]:
    """The variables that lead to its metadata at an address of loopback, as the command prints them."""
    place = ["--data", machine.place.server.data, "--instance", machine.id, "--json"]
    command = [sys.executable, "-m", "vestry.cli", "metadata", "listen", *place]
    with subprocess.Popen(command, env=machine.environment(), stdout=subprocess.PIPE) as listening:
        assert listening.stdout is not None
        yield json.loads(listening.stdout.readline())["environment"]
        listening.terminate()


def outside(
    machine: Machine, command: list[str | Path], variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command without a namespace."""
    environment = machine.environment(**variables)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def storing(module: str, bucket: str, endpoint: str) -> list[str | Path]:
    """Return what runs the page's program of a module, on a bucket."""
    program = python(module).replace(INSIDE_S3, endpoint)
    return [PYTHON, "-c", re.sub(r'"data\b', f'"{bucket}', program)]


def proven(machine: Machine, objects: ObjectStore, bucket: str) -> None:
    """An object was written, and all that the S3 was asked is signed by the instance's session of its role."""
    assert objects.content(bucket, "small") == b"by the role"
    assert objects.sessions(machine.place.server) == {machine.place.session("app", machine.id)}


@pytest.mark.parametrize("client", TELLING)
def test_a_client_is_the_role_of_its_instance(machine: Machine, client: str) -> None:
    assert machine.out(*TELLING[client](machine)) == f"{machine.arn}\n"


@pytest.mark.parametrize("client", TELLING)
def test_a_client_that_is_led_to_loopback_is_the_role(
    machine: Machine, elsewhere: dict[str, str], client: str
) -> None:
    done = outside(machine, TELLING[client](machine), elsewhere)
    assert done.stdout == f"{machine.arn}\n", done.stderr


@pytest.mark.parametrize("client", TELLING)
def test_a_client_finds_no_credentials_where_the_instance_has_no_metadata(off: Machine, client: str) -> None:
    done = off.run(*TELLING[client](off))
    assert (done.stdout, done.returncode == 0) == ("", False)
    assert re.search("credentials|Error response received from instance metadata service", done.stderr), (
        done.stderr
    )


@pytest.mark.parametrize("client", STORING)
def test_a_client_signs_for_s3_as_the_role(machine: Machine, objects: ObjectStore, client: str) -> None:
    bucket = objects.bucket()
    endpoint = objects.endpoint.replace("127.0.0.1", OUTSIDE)
    assert machine.out(*storing(STORING[client][0], bucket, endpoint)) == "11\n"
    proven(machine, objects, bucket)


@pytest.mark.parametrize("client", STORING)
def test_a_client_that_is_led_to_loopback_signs_as_the_role(
    machine: Machine, elsewhere: dict[str, str], objects: ObjectStore, client: str
) -> None:
    module, variable = STORING[client]
    bucket = objects.bucket()
    done = outside(
        machine, storing(module, bucket, objects.endpoint), elsewhere | {variable: elsewhere[VARIABLE]}
    )
    assert done.stdout == "11\n", done.stderr
    proven(machine, objects, bucket)


def test_the_page_lists_the_clients_that_are_tried(machine: Machine) -> None:
    listed = re.findall(r"^\| ([^|]+) \| works \| ", PAGE.read_text(), re.MULTILINE)
    assert listed == [*[name for name in TELLING if not name.startswith("its ")], *STORING, "ec2-metadata"]
