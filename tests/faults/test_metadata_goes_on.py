"""Instance metadata needs no database: it goes on while that is lost, and a restart gives the same credentials."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import InstanceMetadataProvider
from botocore.exceptions import ClientError
from botocore.utils import InstanceMetadataFetcher

from launching import ec2_client, launch, profile
from machine import TOKEN, Machine
from places import Place
from processes import Process, process
from serving import serving

PLACE = ["--metadata", "127.0.0.1:0"]


def prepared(data: Path) -> tuple[str, dict[str, Any]]:
    """Launch an instance with a role at 127.0.0.1; return its id and the account's root key."""
    with serving(data) as server:
        place = Place(server)
        profile(place)
        # The longest sessions change least often: no test meets a change by chance.
        place.iam.update_role(RoleName="app", MaxSessionDuration=43_200)
        launched = launch(ec2_client(place), PrivateIpAddress="127.0.0.1", IamInstanceProfile={"Name": "web"})
        return launched["InstanceId"], place.keys


def role_of(server: Process, token: str | None = None) -> dict[str, str]:
    """Read the credentials of the role, with a session token or a fresh one."""
    machine = Machine(server.ready["metadata"][0])
    head = {TOKEN: token or machine.token()}
    answer = machine.send("GET", "/latest/meta-data/iam/security-credentials/app", head)
    assert answer.status == 200, answer
    found: dict[str, str] = json.loads(answer.text)
    return found


def client(service: str, server: Process, keys: dict[str, Any]) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("Token"),
        config=Config(retries={"max_attempts": 0}),
    )


def test_metadata_goes_on_while_the_database_is_lost(data: Path) -> None:
    identifier, root = prepared(data)
    with process(data, options=PLACE) as server:
        before = role_of(server)
        for file in data.glob("vestry.db*"):
            file.unlink()
        # Nothing can be written any more, wherever to.
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            client("iam", server, root).create_user(UserName="u")

        assert role_of(server) == before
        fetcher = InstanceMetadataFetcher(base_url=server.ready["metadata"][0], env={}, timeout=10)
        found = InstanceMetadataProvider(fetcher).load()
        assert found is not None
        assert found.access_key == before["AccessKeyId"]
        who = client("sts", server, before).get_caller_identity()
        assert who["Arn"].endswith(f":assumed-role/app/{identifier}")


def test_a_restart_gives_the_same_credentials_and_knows_session_tokens_again(data: Path) -> None:
    identifier, _ = prepared(data)
    with process(data, options=PLACE) as server:
        token = Machine(server.ready["metadata"][0]).token()
        before = role_of(server, token)
        server.kill()
    with process(data, options=PLACE) as server:
        assert role_of(server, token) == before
        who = client("sts", server, before).get_caller_identity()
        assert who["Arn"].endswith(f":assumed-role/app/{identifier}")
