"""The main story with the AWS CLI v1, as a person types it: profiles, both halves, a role's profile."""

from __future__ import annotations

import json

import boto3
import pytest

from serving import Server
from shell import AWS, Shell


@pytest.fixture(scope="module")
def shell(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell with the profiles `production`, `development`, `casey` and `update-app`."""
    home = tmp_path_factory.mktemp("home")
    shell = Shell(server, home)
    made = {
        name: json.loads(shell.vestry("account", "create", name, "--profile", name, "--json"))
        for name in ("production", "development")
    }
    assert set(made["production"]) == {"AccountId", "Alias", "AccessKeyId", "SecretAccessKey"}
    shell.aws("development", "iam", "create-user", "--user-name", "casey")
    key = shell.aws("development", "iam", "create-access-key", "--user-name", "casey")["AccessKey"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": made["development"]["AccountId"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    document = json.dumps(trust)
    role = shell.aws(
        "production",
        "iam",
        "create-role",
        "--role-name",
        "UpdateApp",
        "--assume-role-policy-document",
        document,
    )["Role"]["Arn"]
    reads = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}],
    }
    put = ("iam", "put-role-policy", "--role-name", "UpdateApp", "--policy-name", "reads")
    shell.aws("production", *put, "--policy-document", json.dumps(reads))
    place = f"endpoint_url = {server.endpoint}\nregion = us-east-1\n"
    with shell.config.open("a") as file:
        file.write(f"\n[profile casey]\n{place}aws_access_key_id = {key['AccessKeyId']}\n")
        file.write(f"aws_secret_access_key = {key['SecretAccessKey']}\n")
        file.write(f"\n[profile update-app]\n{place}role_arn = {role}\nsource_profile = casey\n")
    return shell


def test_the_profile_that_vestry_writes_carries_endpoint_and_region(shell: Shell) -> None:
    text = shell.config.read_text()
    section = text.partition("[profile production]")[2].partition("[profile")[0]
    assert f"endpoint_url = {shell.server.endpoint}" in section
    assert "region = us-east-1" in section


def test_the_story_through_a_role_profile(shell: Shell) -> None:
    refusal = shell.refusal("update-app", "sts", "get-caller-identity")
    assert "(AccessDenied) when calling the AssumeRole operation" in refusal
    account = shell.aws("production", "sts", "get-caller-identity")["Account"]
    role = f"arn:aws:iam::{account}:role/UpdateApp"
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}],
    }
    put = ("iam", "put-user-policy", "--user-name", "casey", "--policy-name", "assume")
    shell.aws("development", *put, "--policy-document", json.dumps(allow))
    me = shell.aws("update-app", "sts", "get-caller-identity")["Arn"]
    assert me.startswith(f"arn:aws:sts::{account}:assumed-role/UpdateApp/botocore-session-")
    assert shell.aws("update-app", "iam", "get-role", "--role-name", "UpdateApp")["Role"]["Arn"] == role
    assert "is not authorized to perform: iam:ListUsers" in shell.refusal("update-app", "iam", "list-users")
    assert shell.vestry(
        "exec", "--role", role, "--profile", "casey", "--", *AWS, "sts", "get-caller-identity"
    ).count(":assumed-role/UpdateApp/vestry-exec")
    exports = shell.vestry("env", "--profile", "casey")
    assert "export AWS_ACCESS_KEY_ID=" in exports
    assert f"export AWS_ENDPOINT_URL={shell.server.endpoint}" in exports


def test_boto3s_assume_role_provider(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shell.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    session = boto3.session.Session(profile_name="update-app")
    assert ":assumed-role/UpdateApp/" in session.client("sts").get_caller_identity()["Arn"]


def test_a_reset_account_is_empty_and_keeps_its_root_key(shell: Shell) -> None:
    shell.vestry("account", "create", "passing", "--profile", "passing")
    shell.aws("passing", "iam", "create-user", "--user-name", "someone")
    shell.vestry("account", "reset", "passing")
    assert shell.aws("passing", "iam", "list-users")["Users"] == []
    shell.vestry("account", "delete", "passing")
    assert "InvalidClientTokenId" in shell.refusal("passing", "sts", "get-caller-identity")
