"""`vestry run --container`: clients inside find the task's credentials by themselves, with a namespace and without one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from commands import Vestry
from containers import Task
from running import CLEAN, VESTRY, needs_namespaces, with_programs
from serving import Server, serving

WHO = [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
NAMES = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_REGION",
]
SAY = [sys.executable, "-c", f"import os, json; print(json.dumps([os.environ.get(n) for n in {NAMES}]))"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data"), containers=(("127.0.0.1", 0),)) as running:
        yield running


def run(
    task: Task, command: Sequence[str], *options: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as a task."""
    line = [*VESTRY, "run", "--container", task.id, "--data", str(task.server.data), *options, "--", *command]
    given = CLEAN | {"AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000", "AWS_SECRET_ACCESS_KEY": "x"}
    return subprocess.run(
        line, env=environment or given, capture_output=True, text=True, timeout=60, check=False
    )


@needs_namespaces
def test_the_address_of_ecs_answers_in_a_namespace(server: Server) -> None:
    task = Task(server)
    done = run(task, WHO, "--require-namespace")
    assert (done.stdout.strip(), done.returncode) == (task.arn, 0), done.stderr
    said = json.loads(run(task, SAY, "--require-namespace").stdout)
    assert said[0].startswith("/v2/credentials/")
    assert said[1:] == [None, None, "true", "eu-west-1"]


@needs_namespaces
def test_two_tasks_at_once_are_told_apart_and_neither_uses_what_the_other_knows(server: Server) -> None:
    first, second = Task(server), Task(server)
    inner = f"{SAY[2]}; import subprocess; subprocess.run({WHO})"
    one, two = (run(task, [sys.executable, "-c", inner], "--require-namespace") for task in (first, second))
    arns = [done.stdout.split("\n") for done in (one, two)]
    assert {first.arn, second.arn} == {part for lines in arns for part in lines if part.startswith("arn:")}
    uris = {json.loads(next(part for part in lines if part.startswith("[")))[0] for lines in arns}
    assert len(uris) == 2
    for uri in (*uris, first.made["RelativeUri"]):
        code = f"import urllib.request; urllib.request.urlopen('http://169.254.170.2{uri}')"
        assert "HTTP Error 400" in run(first, [sys.executable, "-c", code], "--require-namespace").stderr


def test_without_a_namespace_it_gets_a_port_of_loopback_and_a_token(server: Server, tmp_path: Path) -> None:
    task = Task(server)
    alone = with_programs(tmp_path / "bin")  # neither slirp4netns nor pasta
    done = run(task, WHO, environment=alone)
    assert (done.stdout.strip(), done.returncode) == (task.arn, 0), done.stderr
    assert "It gets a listener on loopback, by AWS_CONTAINER_CREDENTIALS_FULL_URI." in done.stderr
    said = json.loads(run(task, SAY, environment=alone).stdout)
    assert said[0] is None
    assert said[1].endswith(f"/tasks/{task.place.number}/{task.id}/credentials")
    assert len(said[2]) >= 43
    assert said[2] != task.made["AuthorizationToken"]


def test_what_is_no_task_or_two_things_at_once_is_refused(server: Server, vestry: Vestry) -> None:
    store = ("--data", str(server.data))
    said = vestry("run", "--container", "nobody", *store, "--", "true")
    assert said.code == 1
    assert "vestry container list shows them" in said.err
    for options in ((), ("--container", "a", "--instance", "i-1")):
        said = vestry("run", *options, *store, "--", "true")
        assert said.code == 2
        assert "a command runs as one thing" in said.err
