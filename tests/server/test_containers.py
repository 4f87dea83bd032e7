"""Container credentials over sockets: unmodified clients find them by environment variables alone, and lose them in time."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError

from containers import Task
from machine import Machine
from places import document, statement, trusting
from serving import Server, serving
from vestry.cli.failure import Failure
from vestry.cli.handing import Listening, hand_over
from vestry.metadata.containers import Containers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that answers tasks on a free port of loopback, with a clock that tests move."""
    data = tmp_path_factory.mktemp("data")
    with serving(data, containers=(("127.0.0.1", 0),), test_clock=True) as running:
        yield running


def session(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> botocore.session.Session:
    """A client's session in an environment; it tries once, so that a refusal takes no seconds."""
    for name in ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.RETRY_ATTEMPTS", 1)
    return botocore.session.get_session()


@pytest.mark.parametrize("way", ["by_token", "by_uuid"])
def test_boto3s_own_provider_finds_them(server: Server, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    task = Task(server)
    found = session(monkeypatch, getattr(task, way)())
    assert found.create_client("sts").get_caller_identity()["Arn"] == task.arn
    credentials = found.get_credentials()
    assert credentials.method == "container-role"
    iam = found.create_client("iam")
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["Web"]
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.list_users()


def test_a_token_in_a_file_is_read_and_a_wrong_one_gives_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    task = Task(server)
    environment = task.by_file(tmp_path)
    assert session(monkeypatch, environment).create_client("sts").get_caller_identity()["Arn"] == task.arn
    (tmp_path / "token").write_text("x" * 43)
    with pytest.raises(CredentialRetrievalError, match="403"):
        session(monkeypatch, environment).get_credentials()


def test_a_profile_may_go_on_from_them_to_another_role(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    task = Task(server)
    other = task.place.role("Next", trusting({"AWS": task.role}, "sts:AssumeRole"))
    task.place.iam.put_role_policy(
        RoleName="Web", PolicyName="next", PolicyDocument=document(statement("Allow", "sts:AssumeRole"))
    )
    (tmp_path / "config").write_text(
        f"[profile next]\nrole_arn = {other}\nrole_session_name = app\ncredential_source = EcsContainer\n"
        f"endpoint_url = {server.endpoint}\nregion = us-east-1\n"
    )
    environment = task.by_token() | {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "next"}
    found = session(monkeypatch, environment)
    me = found.create_client("sts").get_caller_identity()["Arn"]
    assert me == f"arn:aws:sts::{task.place.number}:assumed-role/Next/app"


def test_what_is_served_follows_the_trust_policy_and_the_tasks_life(server: Server) -> None:
    task = Task(server)
    door = Machine(server.containers[0])

    def ask() -> tuple[int, dict[str, Any]]:
        answer = door.send("GET", task.made["RelativeUri"])
        return answer.status, json.loads(answer.text)

    status, first = ask()
    assert status == 200
    change = task.place.iam.update_assume_role_policy
    change(RoleName="Web", PolicyDocument=trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"))
    assert ask()[1]["code"] == "NoCredentialsAssociated"
    keys = {"SessionToken": first["Token"], **first}
    assert task.place.client("sts", keys).get_caller_identity()["Arn"] == task.arn, "issued ones live on"
    change(RoleName="Web", PolicyDocument=trusting({"Service": "ecs-tasks.amazonaws.com"}, "sts:AssumeRole"))
    assert ask() == (200, first)
    server.operator("container.delete", name=task.id)
    assert ask()[1]["code"] == "InvalidIdInRequest"


def test_a_long_running_client_goes_on_through_many_rotations(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(server)
    found = session(monkeypatch, task.by_token())
    # The client believes that the hours which the server's clock is moved by have passed for itself too.
    credentials = found.get_credentials()
    seen = set()
    for _ in range(12):
        monkeypatch.setattr(credentials, "_time_fetcher", _now_at(server))
        sts = found.create_client("sts")
        assert sts.get_caller_identity()["Arn"] == task.arn
        seen.add(credentials.get_frozen_credentials().access_key)
        server.clock.advance(900)
    assert len(seen) >= 3, "the role's sessions last an hour, so they are renewed within it"


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, which it is within seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.01)


def _now_at(server: Server) -> Any:
    from datetime import UTC, datetime

    return lambda: datetime.fromtimestamp(server.clock.now(), UTC)


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    # Once in a thousand times new credentials become due in between.
    assert alike_after_a_restart(tmp_path / "first") or alike_after_a_restart(tmp_path / "second")


def alike_after_a_restart(data: Path) -> bool:
    """Tell whether a task gets the same credentials from the next server on its store, in both ways."""
    with serving(data, containers=(("127.0.0.1", 0),)) as server:
        task = Task(server)
        before = Machine(server.containers[0]).send("GET", task.made["RelativeUri"])
        assert before.status == 200
    with serving(data, containers=(("127.0.0.1", 0),)) as server:
        door, token = Machine(server.containers[0]), {"Authorization": task.made["AuthorizationToken"]}
        found = (door.send("GET", task.made["RelativeUri"]), door.send("GET", task.made["Path"], token))
    return {answer.text for answer in found} == {before.text}


def test_the_log_says_who_asked_and_never_the_secret(server: Server) -> None:
    task = Task(server)
    door = Machine(server.containers[0])
    door.send("GET", task.made["RelativeUri"])
    door.send("GET", "/" + task.made["RelativeUri"])
    door.send("GET", task.made["Path"], {"Authorization": task.made["AuthorizationToken"]})
    until(lambda: task.id in server.log.getvalue())
    said = server.log.getvalue()
    assert "/v2/credentials/…" in said or "/v2/credentials/\\u2026" in said
    for secret in (task.made["RelativeUri"].rpartition("/")[2], task.made["AuthorizationToken"]):
        assert secret not in said


def test_a_fault_of_our_own_is_500_with_its_place_in_the_log_and_no_value(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret value")

    monkeypatch.setattr(Containers, "answer", broken)
    path = "/v2/credentials/" + "x" * 300
    assert Machine(server.containers[0]).send("GET", path).status == 500
    assert Machine(server.containers[0]).send("GET", "/yyyyyyyyy" * 30).status == 500
    until(lambda: "yyy" in server.log.getvalue())
    said = server.log.getvalue()
    assert "RuntimeError at test_containers.py" in said
    assert "a secret value" not in said
    assert "xxx" not in said
    assert "/yyyyyyyyy" * 20 in said
    assert "/yyyyyyyyy" * 20 + "/" not in said


def test_a_socket_that_is_handed_over_is_one_tasks_with_secrets_of_its_own(server: Server) -> None:
    task, other = Task(server), None
    order = {"serve": "containers", "container": task.id, "credentials_id": "i" * 36, "token": "t" * 43}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = hand_over(server.data, Listening(order, listener))
        assert channel is not None
        door = Machine(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert door.send("GET", f"/v2/credentials/{'i' * 36}").status == 200
        assert door.send("GET", task.made["Path"], {"Authorization": "t" * 43}).status == 200
        other = Task(server)
        for path, token in (
            (task.made["RelativeUri"], ""),
            (other.made["RelativeUri"], ""),
            (task.made["Path"], task.made["AuthorizationToken"]),
            (other.made["Path"], other.made["AuthorizationToken"]),
        ):
            assert door.send("GET", path, {"Authorization": token}).status in {400, 403}
        channel.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"container": "nobody"}, "cannot be found", id="no such task"),
        pytest.param({"token": "short"}, "at least 32 characters", id="a token that can be guessed"),
        pytest.param({"credentials_id": ""}, "at least 32 characters", id="no id"),
        pytest.param({"token": None}, "names a container", id="no token"),
    ],
)
def test_an_order_without_a_task_or_good_secrets_is_refused(
    server: Server, change: dict[str, object], said: str
) -> None:
    order = {
        "serve": "containers",
        "container": Task(server).id,
        "credentials_id": "i" * 36,
        "token": "t" * 43,
    }
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Failure, match=said):
        hand_over(server.data, Listening(order | change, listener))


#: A whole machine in a network namespace: the address of ECS, a server that answers there, and a client.
NAMESPACED = """
set -eu
ip link set lo up
ip address add 169.254.170.2/32 dev lo
"$PYTHON" -m vestry.cli serve --json --port 0 --containers 169.254.170.2 >ready 2>log &
trap 'kill $!' EXIT
until [ -s ready ]; do sleep 0.1; done
AWS_ENDPOINT_URL=$("$PYTHON" -c 'import json; print(json.loads(open("ready").readline())["endpoint"])')
export AWS_ENDPOINT_URL
unset VESTRY_DATA
"$PYTHON" -m awscli sts get-caller-identity --query Arn --output text
"""


def test_the_relative_uri_works_at_the_address_of_ecs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, containers=(("127.0.0.1", 0),)) as server:
        task = Task(server)
        environment = task.environment(
            AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=task.made["RelativeUri"],
            PYTHON=sys.executable,
            VESTRY_DATA=str(data),
        )
    del environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", NAMESPACED],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == (task.arn, 0), done.stderr
