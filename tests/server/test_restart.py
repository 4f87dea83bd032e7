"""What a restart keeps: everything, sessions too; and what stopping and starting must not do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from processes import process
from serving import serving


def test_sessions_issued_before_a_restart_go_on(data: Path) -> None:
    with serving(data) as server:
        root = server.account("lasting")
        iam = server.client("iam", root)
        user = iam.create_user(UserName="u")["User"]["Arn"]
        key = iam.create_access_key(UserName="u")["AccessKey"]
        statement = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        session = server.client("sts", key).assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    with serving(data) as server:
        arn = server.client("sts", session).get_caller_identity()["Arn"]
        assert arn.endswith(":assumed-role/r/work")
        used = server.client("iam", root).get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"
        server.operator("account.reset", account="lasting")
        with pytest.raises(Exception, match="InvalidClientTokenId"):
            server.client("sts", session).get_caller_identity()


def test_sigterm_exits_zero_and_leaves_no_server_file(data: Path) -> None:
    with process(data) as server:
        assert (data / "server.json").exists()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    assert not (data / "server.json").exists()
    assert not (data / "operator.sock").exists()


def test_an_empty_store_is_ready_soon(data: Path) -> None:
    began = time.monotonic()
    with process(data) as server:
        took = time.monotonic() - began
        assert server.ready["event"] == "ready"
        assert server.ready["data"] == str(data)
    assert took < 15, "generous: the mark itself is shown by the benchmarks"


def test_secrets_and_key_file_are_the_owners_only_and_sealed(data: Path) -> None:
    with serving(data) as server:
        made = server.account("sealed")
        assert (data / "operator.sock").stat().st_mode & 0o777 == 0o600
    assert (data / "master.key").stat().st_mode & 0o777 == 0o600
    for name in os.listdir(data):
        path = data / name
        if path.is_file():
            assert made["SecretAccessKey"].encode() not in path.read_bytes()


def test_an_ephemeral_server_leaves_nothing() -> None:
    with process(None, options=["--ephemeral"]) as server:
        kept = Path(server.ready["data"])
        assert kept.is_dir()
        sts = boto3.client(
            "sts",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="x",
        )
        with pytest.raises(Exception, match="InvalidClientTokenId"):
            sts.get_caller_identity()
    assert not kept.exists()


def test_without_json_the_banner_ends_in_ready(data: Path) -> None:
    command = [sys.executable, "-m", "vestry.cli", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        lines = []
        for line in server.stdout:
            lines.append(line.rstrip("\n"))
            if lines[-1] == "Ready.":
                break
        server.terminate()
        assert server.wait(10) == 0
    assert lines[-1] == "Ready."
