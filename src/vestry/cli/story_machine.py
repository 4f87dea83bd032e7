"""The steps of the tour as values, third part: a program on a machine, which has a role and no key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from vestry.cli.failure import Failure
from vestry.cli.story_decision import EXEMPT
from vestry.cli.story_step import Chapter, World, done, nothing, refused, statement

#: How long the program may take to find its credentials, in seconds.
RUN_SECONDS = 30

#: Prints the credentials that an SDK finds where it runs.
_FIND = """
import json
from botocore.session import Session
found = Session().get_credentials().get_frozen_credentials()
print(json.dumps({"AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key, "SessionToken": found.token}))
"""


def credentials_on(instance: str, data: Path) -> dict[str, str]:
    """Return the credentials that a program finds which `vestry run` runs as an instance. Raises Failure."""
    command = [sys.executable, "-m", "vestry.cli", "run", "--instance", instance, "--data", str(data), "--"]
    try:
        ran = subprocess.run(
            [*command, sys.executable, "-c", _FIND],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_SECONDS, check=True,
        )  # fmt: skip
        found: dict[str, str] = json.loads(ran.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        said = str(getattr(error, "stderr", None) or error)
        raise Failure(f"The program on the machine found no credentials: {said.strip()}") from None
    return found


def _keep_instance(world: World, answer: Any) -> None:
    world["instance"] = answer["Instances"][0]["InstanceId"]


def _role(world: World) -> dict[str, Any]:
    trust = statement("Allow", "sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
    return {"RoleName": "app", "AssumeRolePolicyDocument": trust}


def _permissions(world: World) -> dict[str, Any]:
    document = statement("Allow", "iam:ListRoles", Resource="*")
    return {"RoleName": "app", "PolicyName": "reads", "PolicyDocument": document}


def _profile(**more: str) -> Any:
    return lambda world: {"InstanceProfileName": "app", **more}


def _instance(world: World) -> dict[str, Any]:
    return {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "app"}}


A_MACHINE: Chapter = (
    "A program on a machine has a role, and no key",
    (
        done(
            "production", "iam create-role", _role, "role/app", "root", "Trusts EC2, on behalf of machines."
        ),
        done("production", "iam put-role-policy", _permissions, "", "root", "What the machine may do."),
        done("production", "iam create-instance-profile", _profile(), "app", "root", "A profile …"),
        done(
            "production",
            "iam add-role-to-instance-profile",
            _profile(RoleName="app"),
            "",
            "root",
            "… carries the role to machines.",
        ),
        done(
            "production",
            "ec2 run-instances",
            _instance,
            "i-",
            "root",
            "A machine is registered: any process, container or computer can be it.",
            _keep_instance,
        ),
        done(
            "machine",
            "sts get-caller-identity",
            nothing,
            "assumed-role/app/i-",
            EXEMPT,
            "vestry run gave the program instance metadata, where it found its role, unconfigured.",
        ),
        done("machine", "iam list-roles", nothing, "app", "identity", "The role's policy allows it."),
        refused(
            "machine",
            "iam create-user",
            lambda world: {"UserName": "mallory"},
            "AccessDenied",
            "no identity-based policy allows the iam:CreateUser action",
            "identity",
            "And nothing else.",
        ),
    ),
)
