"""The AWS CLI gives a machine its role, as a person would type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launching import EC2_TRUST
from places import Place


class Shell:
    """Runs `aws …` with the root user's key; answers JSON, or what the command said when it failed."""

    def __init__(self, place: Place, home: Path) -> None:
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
        } | {
            "HOME": str(home),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": place.server.endpoint,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": place.keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": place.keys["SecretAccessKey"],
            "AWS_MAX_ATTEMPTS": "1",
        }

    def __call__(self, *words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *words, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip()
        return json.loads(done.stdout) if done.stdout.strip() else {}


@pytest.fixture
def aws(place: Place, tmp_path: Path) -> Shell:
    return Shell(place, tmp_path)


def test_a_machine_gets_a_role_by_the_command_line(aws: Shell) -> None:
    aws("iam", "create-role", "--role-name", "app", "--assume-role-policy-document", EC2_TRUST)
    aws("iam", "create-instance-profile", "--instance-profile-name", "web")
    aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "web", "--role-name", "app")
    launch = ["ec2", "run-instances", "--image-id", "ami-12345678", "--instance-type", "t3.micro"]
    options = [
        "--iam-instance-profile",
        "Name=web",
        "--metadata-options",
        "HttpTokens=required,HttpEndpoint=enabled",
    ]
    named = ["--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=web}]", "--user-data", "hi"]
    assert "DryRunOperation" in aws(*launch, *options, *named, "--dry-run")
    (made,) = aws(*launch, *options, *named, "--count", "1")["Instances"]
    identifier = made["InstanceId"]
    assert made["MetadataOptions"]["HttpTokens"] == "required"
    assert made["Placement"]["AvailabilityZone"] == "eu-west-1a"
    assert aws("ec2", "wait", "instance-running", "--instance-ids", identifier) == {}
    query = ["--query", "Reservations[].Instances[].IamInstanceProfile.Arn"]
    (arn,) = aws("ec2", "describe-instances", "--filters", "Name=tag:Name,Values=w*", *query)
    assert arn.endswith(":instance-profile/web")
    (held,) = aws("ec2", "describe-iam-instance-profile-associations")["IamInstanceProfileAssociations"]
    gone = aws("ec2", "disassociate-iam-instance-profile", "--association-id", held["AssociationId"])
    assert gone["IamInstanceProfileAssociation"]["State"] == "disassociating"
    again = ["ec2", "associate-iam-instance-profile", "--instance-id", identifier]
    assert aws(*again, "--iam-instance-profile", f"Arn={arn}")["IamInstanceProfileAssociation"]
    assert f"There is an existing association for instance {identifier}" in aws(
        *again, "--iam-instance-profile", "Name=web"
    )
    (ended,) = aws("ec2", "terminate-instances", "--instance-ids", identifier)["TerminatingInstances"]
    assert ended["CurrentState"]["Name"] == "terminated"


def test_the_command_line_shows_what_is_not_offered(aws: Shell) -> None:
    assert "(UnsupportedOperation) when calling the DescribeVpcs operation" in aws("ec2", "describe-vpcs")
    given = ["--image-id", "ami-12345678", "--associate-public-ip-address"]
    said = aws("ec2", "run-instances", *given)
    assert "Vestry does not offer the parameter NetworkInterfaces of RunInstances." in said
