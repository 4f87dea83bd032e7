"""Profiles with `mfa_serial`: boto3 and the AWS CLI ask for the code themselves and assume the role with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.credentials import AssumeRoleProvider

from authenticator import Authenticator
from places import Place, document, statement, trusting
from serving import serving

PROMPT = "Enter MFA code for {}: "


class Stage:
    """casey with a device, a role that wants MFA, and the profiles of both in a configuration file."""

    def __init__(self, place: Place, home: Path) -> None:
        self.place = place
        keys = place.user("casey", statement("Allow", "sts:*"))
        self.device = Authenticator(place, "casey")
        self.device.enable("casey")
        present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        role = place.role("work", trusting({"AWS": place.number}, Condition=present))
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
        where = f"endpoint_url = {place.server.endpoint}\nregion = us-east-1\n"
        self.config = home / "config"
        self.config.write_text(
            f"[profile casey]\naws_access_key_id = {keys['AccessKeyId']}\n"
            f"aws_secret_access_key = {keys['SecretAccessKey']}\n{where}"
            f"[profile work]\nrole_arn = {role}\nsource_profile = casey\nmfa_serial = {self.device.serial}\n{where}"
        )
        self.session = f"arn:aws:sts::{place.number}:assumed-role/work/"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with serving(tmp_path / "data") as server:
        yield Stage(Place(server), tmp_path)


def test_boto3_asks_for_the_code(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(stage.config))
    asked: list[str] = []

    def prompter(prompt: str) -> str:
        asked.append(prompt)
        return stage.device.code(1)

    session = botocore.session.Session(profile="work")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    assert isinstance(provider, AssumeRoleProvider)
    monkeypatch.setattr(provider, "_prompter", prompter)
    iam = boto3.Session(botocore_session=session).client("iam")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["casey"]
    assert asked == [PROMPT.format(stage.device.serial)]


def test_the_command_line_asks_for_the_code(stage: Stage) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
    } | {"AWS_CONFIG_FILE": str(stage.config), "HOME": str(stage.config.parent)}
    command = [sys.executable, "-m", "awscli", "--profile", "work", "sts", "get-caller-identity"]
    done = subprocess.run(
        command,
        env=environment,
        input=stage.device.code(1) + "\n",
        start_new_session=True,  # without a terminal the CLI reads the code from its standard input
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert PROMPT.format(stage.device.serial) in done.stderr
    assert stage.session in done.stdout
