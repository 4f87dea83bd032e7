"""Terraform's S3 backend (the SDK for Go): its `assume_role` block, by the lines of docs/clients.md."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from object_store import ObjectStore
from places import Place, statement
from recipes import ACCOUNT, ENDPOINT, S3, recipe

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def terraform(
    place: Place, keys: dict[str, Any], objects: ObjectStore, bucket: str, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with the page's configuration and casey's keys."""
    values = {
        ENDPOINT: place.server.endpoint,
        ACCOUNT: place.number,
        S3: objects.endpoint,
        '"state"': f'"{bucket}"',
    }
    (text,) = recipe("Terraform's S3 backend", "hcl", values)
    (folder / "main.tf").write_text(text)
    (folder / "rc").touch()
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_", "TF_"))
    }
    return subprocess.run(
        ["terraform", *arguments, "-no-color", "-input=false"],
        cwd=folder,
        env=inherited
        | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(folder / "rc"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_state_is_written_by_the_role(place: Place, objects: ObjectStore, tmp_path: Path) -> None:
    keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
    place.role("deploy")
    bucket = objects.bucket()
    for command in (["init"], ["apply", "-auto-approve"]):
        done = terraform(place, keys, objects, bucket, tmp_path, *command)
        assert done.returncode == 0, done.stderr
    assert b'"value": "here"' in objects.content(bucket, "terraform.tfstate")
    assert objects.sessions(place.server) == {place.session("deploy", "terraform")}


def test_the_backend_is_denied_as_aws_does(place: Place, objects: ObjectStore, tmp_path: Path) -> None:
    keys = place.user("casey")
    place.role("deploy")
    done = terraform(place, keys, objects, objects.bucket(), tmp_path, "init")
    assert done.returncode == 1
    assert "StatusCode: 403" in done.stderr
    assert "AccessDenied: User: " + place.arn("user/casey") in " ".join(done.stderr.split())
    assert objects.asked == []
