"""A person's shell for tests: the AWS CLI v1 and `vestry` as commands, with AWS files of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from serving import Server
from warm_cli import aws

AWS = [sys.executable, "-m", "awscli"]
VESTRY = [sys.executable, "-m", "vestry.cli"]


class Shell:
    """A person's shell: an environment with AWS files of its own."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server = server
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
        } | {
            "HOME": str(home),  # where the CLI keeps the sessions of role profiles
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "VESTRY_DATA": str(server.data),
        }
        self.home = home
        self.config = home / "config"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def aws(self, profile: str, *arguments: str) -> Any:
        done = aws(["--profile", profile, "--output", "json", *arguments], self.environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refusal(self, profile: str, *arguments: str) -> str:
        done = aws(["--profile", profile, *arguments], self.environment)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def vestry(self, *arguments: str) -> str:
        done = self.run(*VESTRY, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout
