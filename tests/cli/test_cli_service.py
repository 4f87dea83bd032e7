"""`vestry service`: with a server and without one; the key it prints is a working profile's."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from commands import Vestry
from serving import serving


def test_without_a_server_and_then_with_one(data: Path, vestry: Vestry) -> None:
    store = ("--data", str(data))
    assert "no services yet" in vestry("service", "list", *store).out
    said = vestry("service", "create", "backup.internal", *store, "--json")
    assert said.code == 0, said.err
    made = json.loads(said.out)
    assert set(made) == {"Service", "AccessKeyId", "SecretAccessKey"}
    assert stat.S_IMODE((data / "vestry.db").stat().st_mode) & 0o077 == 0
    assert made["SecretAccessKey"].encode() not in (data / "vestry.db").read_bytes()
    with serving(data) as server:
        assert server.client("sts", made).get_caller_identity()["UserId"] == "backup.internal"
        second = json.loads(vestry("service", "new-key", "backup.internal", *store, "--json").out)
        rows = vestry("service", "list", *store).out.splitlines()
        assert rows[1].split() == ["backup.internal", made["AccessKeyId"], second["AccessKeyId"]]
        said = vestry("service", "delete-key", "backup.internal", made["AccessKeyId"], *store)
        assert said.out == (
            f"Access key {made['AccessKeyId']} of backup.internal is deleted; left: {second['AccessKeyId']}.\n"
        )
        said = vestry("service", "delete", "other.internal", *store)
        assert (said.code, said.out) == (1, "")
        assert "vestry service list shows them" in said.err
        assert vestry("service", "delete", "backup.internal", *store).code == 0
        assert json.loads(vestry("service", "list", *store, "--json").out) == {"Services": []}


def test_the_profile_works_with_the_aws_cli(data: Path, tmp_path: Path) -> None:

    environment = os.environ | {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "VESTRY_DATA": str(data),
    }

    def run(*command: str) -> str:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    with serving(data):
        run(sys.executable, "-m", "vestry.cli", "service", "create", "backup.internal", "--profile", "backup")
        who = ("sts", "get-caller-identity", "--profile", "backup", "--output", "json")
        assert json.loads(run(sys.executable, "-m", "awscli", *who))["UserId"] == "backup.internal"
