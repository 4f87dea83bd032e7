"""`vestry env` and `vestry exec` hand credentials to other programs, and say what to do when they can't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving import Server
from vestry.cli import ini, profiles
from vestry.cli.commands import run

TRUST = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}}'


class Scene:
    """Account `prod` with role `app`, which user `casey` may assume; a profile for the root user and one for casey."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server = server
        self.home = home
        root = server.account("prod", "123456789012")
        iam = server.client("iam", root)
        user = iam.create_user(UserName="casey")["User"]
        self.keys: dict[str, Any] = iam.create_access_key(UserName="casey")["AccessKey"]
        self.role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST % user["Arn"])["Role"][
            "Arn"
        ]
        os.environ |= self.files
        try:
            for name, keys in (("root", root), ("casey", self.keys)):
                secrets = {
                    "aws_access_key_id": keys["AccessKeyId"],
                    "aws_secret_access_key": keys["SecretAccessKey"],
                }
                profiles.write(name, secrets, server.endpoint)
        finally:
            for name in self.files:
                os.environ[name] = os.devnull
        config = home / "config"
        values = {
            "role_arn": self.role,
            "source_profile": "casey",
            "endpoint_url": server.endpoint,
            "region": "eu-west-1",
        }
        config.write_text(
            ini.write_section(config.read_text(), "profile app", ini.profile_section("app"), values)
        )

    @property
    def files(self) -> dict[str, str]:
        return {
            "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"),
        }


@pytest.fixture(scope="module")
def scene(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(server, tmp_path_factory.mktemp("aws"))


@pytest.fixture
def here(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The scene, with its AWS files in this process's environment."""
    for name, value in scene.files.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "")  # so that what a command sets is undone
        monkeypatch.delenv(name)
    return scene


def test_env_is_what_a_shell_can_read(here: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["env", "--profile", "casey"]) == 0
    printed = capfd.readouterr().out
    show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    shown = json.loads(subprocess.check_output(["sh", "-c", f"{printed}{show}"], text=True))
    assert shown["AWS_ACCESS_KEY_ID"] == here.keys["AccessKeyId"]
    assert shown["AWS_SECRET_ACCESS_KEY"] == here.keys["SecretAccessKey"]
    assert shown["AWS_ENDPOINT_URL"] == here.server.endpoint
    assert (shown["AWS_REGION"], shown["AWS_DEFAULT_REGION"]) == ("us-east-1", "us-east-1")
    assert all(line.startswith("export AWS_") for line in printed.splitlines())


def test_env_takes_back_what_would_go_before_it(
    here: Scene, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "stale")
    monkeypatch.setenv("AWS_PROFILE", "root")
    assert run(["env", "--profile", "casey"]) == 0
    assert {"unset AWS_SESSION_TOKEN", "unset AWS_PROFILE"} < set(capfd.readouterr().out.splitlines())


def test_env_of_a_roles_profile_assumes_it(here: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["env", "--profile", "app", "--json"]) == 0
    given = json.loads(capfd.readouterr().out)
    assert given["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert given["AWS_SESSION_TOKEN"]
    assert given["AWS_REGION"] == "eu-west-1"


def test_the_profile_that_is_named_goes_before_the_environments_endpoint(
    here: Scene, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    assert run(["env", "--profile", "app", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["AWS_ENDPOINT_URL"] == here.server.endpoint


def executed(scene: Scene, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `vestry exec` in a process of its own: it becomes the command."""
    return subprocess.run(
        [sys.executable, "-m", "vestry.cli", "exec", *arguments],
        env=os.environ | scene.files | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


WHO = ("import json, os, boto3; print(json.dumps([boto3.client('sts').get_caller_identity()['Arn'], dict(os.environ)]))",)  # fmt: skip


def test_exec_becomes_the_command_with_the_roles_credentials(scene: Scene) -> None:
    done = executed(
        scene,
        "--role",
        scene.role,
        "--session-name",
        "me",
        "--",
        sys.executable,
        "-c",
        *WHO,
        AWS_PROFILE="casey",
    )
    assert done.returncode == 0, done.stderr
    arn, environment = json.loads(done.stdout)
    assert arn == "arn:aws:sts::123456789012:assumed-role/app/me"
    assert "AWS_PROFILE" not in environment, "it would go before the role's credentials"
    assert environment["AWS_ENDPOINT_URL"] == scene.server.endpoint


def test_exec_gives_the_command_nothing_of_the_operators(scene: Scene) -> None:
    done = executed(
        scene,
        "--role",
        scene.role,
        "--",
        sys.executable,
        "-c",
        *WHO,
        AWS_PROFILE="casey",
        VESTRY_MASTER_KEY="0" * 64,
    )
    assert done.returncode == 0, done.stderr
    assert not [name for name in json.loads(done.stdout)[1] if name.startswith("VESTRY_")]


def test_exec_takes_credentials_from_the_environment_and_the_endpoint_from_the_running_server(
    scene: Scene,
) -> None:
    keys = {
        "AWS_ACCESS_KEY_ID": scene.keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": scene.keys["SecretAccessKey"],
        "VESTRY_DATA": str(scene.server.data),
    }
    done = executed(scene, "--role", scene.role, "--", "sh", "-c", 'echo "$AWS_ENDPOINT_URL"; exit 7', **keys)
    assert (done.returncode, done.stdout.strip()) == (7, scene.server.endpoint), done.stderr


# sentence, arguments, what stderr says
FAULTS = [
    ("no such profile", ["env", "--profile", "nobody"], "There is no AWS profile nobody."),
    ("root users assume nothing", ["exec", "--profile", "root", "--role", "ROLE", "--", "true"], "A root user may assume no role"),
    ("no such role", ["exec", "--profile", "casey", "--role", "ROLEx", "--", "true"], "Both halves are needed"),
    ("a role that is no ARN", ["exec", "--profile", "casey", "--role", "app", "--", "true"], "ValidationError"),
    ("a session that is too short", ["exec", "--profile", "casey", "--duration", "5", "--role", "ROLE", "--", "true"], "ValidationError"),
    ("no such program", ["exec", "--profile", "casey", "--role", "ROLE", "--", "/no/such"], "/no/such cannot be run"),
    ("no credentials", ["exec", "--role", "ROLE", "--", "true"], "There are no AWS credentials."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_fault(here: Scene, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert run([text.replace("ROLE", here.role) for text in arguments]) == 1
    printed = capfd.readouterr()
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert here.keys["SecretAccessKey"] not in printed.err


def test_a_server_that_does_not_run_is_said_with_its_address(
    here: Scene, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "casey")
    assert run(["exec", "--role", here.role, "--", "true"]) == 1
    printed = capfd.readouterr().err
    assert "No server answers at http://127.0.0.1:9." in printed
    assert "vestry serve" in printed


@pytest.mark.parametrize("arguments", [["exec", "--", "true"], ["exec", "--role", "x"], ["env"]])
def test_what_is_missing_is_a_usage_error(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Missing" in capfd.readouterr().err
