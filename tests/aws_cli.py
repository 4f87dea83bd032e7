"""The AWS CLI v1 behind the calls of a boto3 client: each call is a command that a person could have typed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from warm_cli import aws

_ERROR = re.compile(
    r"An error occurred \((\w+)\) when calling the (\w+) operation(?: \(.*?\))?: (.*)", re.DOTALL
)


class CliClient:
    """`client.create_user(UserName="u")` runs `aws iam create-user --cli-input-json …` and returns its JSON."""

    def __init__(self, endpoint: str, home: Path, service: str, keys: dict[str, Any]) -> None:
        config = home / "config"
        config.write_text(
            f"[default]\nregion = us-east-1\nendpoint_url = {endpoint}\nparameter_validation = false\n"
        )
        self._service = service
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
        } | {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            **({"AWS_SESSION_TOKEN": keys["SessionToken"]} if "SessionToken" in keys else {}),
        }

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            command = [self._service, operation.replace("_", "-"), "--output", "json"]
            done = aws([*command, "--cli-input-json", json.dumps(parameters)], self._environment)
            if done.returncode == 0:
                return json.loads(done.stdout) if done.stdout.strip() else {}
            found = _ERROR.search(done.stderr)
            assert found is not None, done.stderr
            code, name, message = found.groups()
            raise ClientError({"Error": {"Code": code, "Message": message.rstrip("\n")}}, name)

        return call
