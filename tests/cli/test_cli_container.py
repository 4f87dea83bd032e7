"""`vestry container`: tasks are registered once, their secrets are shown once and kept nowhere."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from commands import Vestry
from places import Place, trusting
from serving import Server, serving
from vestry.cli.failure import Failure


def registered(server: Server, name: object = "web", **more: object) -> dict[str, Any]:
    """Register a task with a role that trusts ECS, in an account of its own."""
    role = Place(server).role("Web", trusting({"Service": "ecs-tasks.amazonaws.com"}, "sts:AssumeRole"))
    arguments = {"name": name, "role": role, "region": "eu-west-1", "cluster": "default"} | more
    return server.operator("container.create", **arguments)


def test_registered_listed_and_deleted(data: Path, tmp_path: Path, vestry: Vestry) -> None:
    store, file = ("--data", str(data)), tmp_path / "token"
    with serving(data) as server:
        assert "no tasks yet" in vestry("container", "list", *store).out
        role = Place(server).role("Web")
        create = ("container", "create", "web", "--role", role, "--region", "eu-west-1", *store)
        said = vestry(*create, "--token-file", str(file), "--json")
        assert said.code == 0, said.err
        made = json.loads(said.out)
        assert made["TaskArn"] == f"arn:aws:ecs:eu-west-1:{made['AccountId']}:task/default/{made['TaskId']}"
        assert "AuthorizationToken" not in made, "it is in the file"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        rows = [line.split() for line in vestry("container", "list", *store).out.splitlines()]
        assert rows == [["Name", "Task", "Role"], ["web", made["TaskId"], role]]
        said = vestry("container", "create", "web", "--role", role, *store)
        assert (said.code, said.out) == (1, "")
        assert "already has a task web" in said.err
    # Its secrets are kept nowhere, and the commands work without a server.
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert made["TaskId"].encode() in kept
    assert len(file.read_text()) == 43, "32 random bytes"
    for secret in (made["RelativeUri"].rpartition("/")[2], file.read_text()):
        assert len(secret) >= 36
        assert secret.encode() not in kept
    assert vestry("container", "delete", made["TaskId"], *store).code == 0
    assert json.loads(vestry("container", "list", *store, "--json").out) == {"Containers": []}


def test_what_is_printed_is_what_a_process_needs(server: Server, vestry: Vestry) -> None:
    role = Place(server).role("Web")
    said = vestry("container", "create", "printed", "--role", role, "--data", str(server.data))
    assert said.code == 0, said.err
    for name in (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://ADDRESS:PORT/tasks/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
    ):
        assert name in said.out


def test_a_token_file_is_never_overwritten_and_not_left_behind(
    server: Server, tmp_path: Path, vestry: Vestry
) -> None:
    role, file = Place(server).role("Web"), tmp_path / "token"
    create = ("container", "create", "kept", "--data", str(server.data), "--token-file", str(file))
    said = vestry(*create, "--role", role.replace("Web", "Other"))
    assert (said.code, file.exists()) == (1, False)
    assert "cannot be found" in said.err
    file.write_text("mine")
    said = vestry(*create, "--role", role)
    assert (said.code, file.read_text()) == (1, "mine")
    assert "kept" not in vestry("container", "list", "--data", str(server.data)).out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        pytest.param("name", "a b", id="a name with a space"),
        pytest.param("name", "", id="no name"),
        pytest.param("cluster", "-x", id="a cluster that begins with a hyphen"),
        pytest.param("region", "Mars", id="no region"),
        pytest.param("name", 5, id="a number as a name"),
        pytest.param("region", ["eu-west-1"], id="a list as a region"),
    ],
)
def test_names_that_no_arn_could_hold_are_refused(server: Server, option: str, value: object) -> None:
    with pytest.raises(Failure, match=r"is no (name|region)"):
        registered(server, **{option: value})


def test_a_name_that_several_accounts_use_needs_the_id(server: Server, vestry: Vestry) -> None:
    first, second = registered(server, "twice"), registered(server, "twice")
    said = vestry("container", "delete", "twice", "--data", str(server.data))
    assert said.code == 1
    assert first["TaskId"] in said.err
    assert second["TaskId"] in said.err
    assert vestry("container", "delete", first["TaskId"], "--data", str(server.data)).code == 0
    assert vestry("container", "delete", "twice", "--data", str(server.data)).code == 0
    said = vestry("container", "delete", "twice", "--data", str(server.data))
    assert "vestry container list shows them" in said.err
