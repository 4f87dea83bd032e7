"""The profiles of docs/clients.md, by which boto3 and the AWS CLI v1 get credentials from STS by themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from issuers import Certificates, issuing
from places import Place, document, statement
from recipes import ACCOUNT, ENDPOINT, KEY, SECRET, TOKEN_FILE, recipe
from serving import serving
from warm_cli import aws

CREDENTIALS_FILE = "/var/run/secrets/credentials"
PROFILES = ["deploy", "from-environment", "from-token", "from-program"]
#: Those whose credentials come from a call to STS that the client makes.
ASSUMING = PROFILES[:3]


class Machine:
    """Somebody's machine: the page's profiles, casey's key in the environment, and the files that they name."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.token, self.credentials = folder / "token", folder / "credentials"
        self.keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
        self.session = f"arn:aws:sts::{place.number}:assumed-role/deploy/boto"

    def environment(self, role: str = "deploy") -> dict[str, str]:
        """The variables of a shell there, with the page's profiles leading to `role`."""
        (text,) = recipe(
            "boto3 and the AWS CLI",
            "ini",
            {
                ENDPOINT: self.place.server.endpoint,
                ACCOUNT: self.place.number,
                KEY: self.keys["AccessKeyId"],
                SECRET: self.keys["SecretAccessKey"],
                TOKEN_FILE: str(self.token),
                CREDENTIALS_FILE: str(self.credentials),
            },
        )
        config = self.folder / "config"
        config.write_text(text.replace(":role/deploy", f":role/{role}"))
        return {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": self.keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.keys["SecretAccessKey"],
        }


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    certificates = Certificates(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificates.authority))
        with serving(folder / "data") as server, issuing(certificates) as issuer:
            place = Place(server)
            made = place.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
            machine = Machine(place, folder)
            machine.token.write_text(issuer.token())
            role = place.role(
                "deploy",
                document(
                    {"Effect": "Allow", "Principal": {"AWS": place.number}, "Action": "sts:AssumeRole"},
                    {
                        "Effect": "Allow",
                        "Principal": {"Federated": made["OpenIDConnectProviderArn"]},
                        "Action": "sts:AssumeRoleWithWebIdentity",
                    },
                ),
            )
            place.role("closed")
            casey = server.client("sts", machine.keys)
            given = casey.assume_role(RoleArn=role, RoleSessionName="boto")["Credentials"]
            machine.credentials.write_text(json.dumps({"Version": 1, **given}, default=str))
            yield machine


@pytest.mark.parametrize("profile", PROFILES)
def test_boto3_is_the_role_by_each_kind_of_profile(
    machine: Machine, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    found = boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    assert found["Arn"] == machine.session


@pytest.mark.parametrize("profile", ASSUMING)
def test_boto3_meets_aws_denial_by_each_kind_of_profile(
    machine: Machine, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in machine.environment("closed").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ClientError, match="ot authorized to perform") as caught:
        boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_command_line_is_the_role_by_each_kind_of_profile(machine: Machine, profile: str) -> None:
    environment = machine.environment() | {"HOME": str(machine.folder), "PATH": os.environ["PATH"]}
    done = aws(["sts", "get-caller-identity", "--profile", profile, "--output", "json"], environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == machine.session


@pytest.mark.parametrize("profile", ASSUMING)
def test_the_command_line_meets_aws_denial_by_each_kind_of_profile(machine: Machine, profile: str) -> None:
    environment = machine.environment("closed") | {"HOME": str(machine.folder), "PATH": os.environ["PATH"]}
    done = aws(["sts", "get-caller-identity", "--profile", profile], environment)
    assert done.returncode != 0
    assert "An error occurred (AccessDenied) when calling the AssumeRole" in done.stderr
