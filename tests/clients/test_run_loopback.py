"""`vestry run` where no namespace can be made: it says so, and the command has a listener on loopback instead."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from launching import ec2_client
from places import Place
from running import CLEAN, machine, needs_namespaces, needs_slirp, python, run, with_programs
from serving import Server

#: In front of a command: it has no right of root's, in a user namespace in which there may be no other.
FORBIDDEN = [
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"',
    "sh",
]
WHO = python("import boto3", "print(boto3.client('sts').get_caller_identity()['Arn'])")
INSTEAD = "It gets a listener on loopback, by AWS_EC2_METADATA_SERVICE_ENDPOINT.\n"


@pytest.fixture(scope="module")
def instance(server: Server) -> str:
    return machine(Place(server), "app")


@needs_namespaces
@needs_slirp
def test_where_the_kernel_forbids_namespaces_the_role_is_found_on_loopback(
    server: Server, instance: str
) -> None:
    done = run(server.data, instance, *WHO, options=[], before=FORBIDDEN)
    assert done.stdout.strip().endswith(f":assumed-role/app/{instance}"), done.stderr
    assert done.stderr.startswith(
        "vestry: no namespace for the command: No space left on device: there may be no more"
    )
    assert done.stderr.endswith(INSTEAD)


@needs_namespaces
@needs_slirp
def test_a_required_namespace_that_cannot_be_made_is_an_error(server: Server, instance: str) -> None:
    done = run(server.data, instance, *WHO, before=FORBIDDEN)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("vestry: No network namespace can be made: No space left on device")


def test_without_a_way_out_the_role_is_found_on_loopback(
    server: Server, instance: str, tmp_path: Path
) -> None:
    done = run(server.data, instance, *WHO, options=[], environment=with_programs(tmp_path / "bin"))
    assert done.stdout.strip().endswith(f":assumed-role/app/{instance}"), done.stderr
    assert done.stderr == (
        "vestry: no namespace for the command: it would have no network, as neither slirp4netns nor pasta is installed. "
        + INSTEAD
    )


@needs_namespaces
def test_a_way_out_that_fails_is_named(server: Server, instance: str, tmp_path: Path) -> None:
    environment = with_programs(tmp_path / "bin", "sh", "sleep")
    program = tmp_path / "bin" / "slirp4netns"
    program.write_text("#!/bin/sh\necho there is no tun device >&2\nexit 1\n")
    program.chmod(0o755)
    done = run(server.data, instance, *WHO, options=[], environment=environment)
    assert done.stdout.strip().endswith(f":assumed-role/app/{instance}"), done.stderr
    assert "slirp4netns gave it no network: there is no tun device." in done.stderr
    done = run(server.data, instance, *WHO, environment=environment)
    assert done.stdout.strip().endswith(f":assumed-role/app/{instance}"), done.stderr
    assert done.stderr.endswith("and no other network: there is no tun device\n")


def test_the_listener_on_loopback_ends_with_the_command(
    server: Server, instance: str, tmp_path: Path
) -> None:
    script = python("import os", "print(os.environ['AWS_EC2_METADATA_SERVICE_ENDPOINT'])")
    done = run(server.data, instance, *script, options=[], environment=with_programs(tmp_path / "bin"))
    asked = subprocess.run(["curl", "-s", "-m", "5", done.stdout.strip()], check=False, timeout=20)
    assert asked.returncode == 7, "nobody listens"


def test_without_a_server_nothing_is_run(tmp_path: Path) -> None:
    done = run(tmp_path / "data", "i-0123456789abcdef0", "touch", str(tmp_path / "ran"))
    assert (done.returncode, done.stderr) == (
        1,
        f"vestry: No server runs on {tmp_path / 'data'}.\n        Start it: vestry serve\n",
    )
    assert not (tmp_path / "ran").exists()


def test_an_instance_that_does_not_exist_runs_nothing(server: Server, tmp_path: Path) -> None:
    done = run(server.data, "i-0123456789abcdef0", "touch", str(tmp_path / "ran"))
    assert done.returncode == 1
    assert done.stderr.startswith("vestry: The instance ID 'i-0123456789abcdef0' does not exist\n")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("operation", "state"), [("stop_instances", "stopped"), ("terminate_instances", "terminated")]
)
def test_an_instance_that_is_off_runs_nothing(
    server: Server, place: Place, operation: str, state: str
) -> None:
    instance = machine(place, "off")
    getattr(ec2_client(place), operation)(InstanceIds=[instance])
    done = run(server.data, instance, "true", environment=CLEAN)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        1,
        f"vestry: The instance {instance} is {state}.",
    )
