"""A registered task for tests: its role, its secrets, and environments in which a client finds its credentials by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from places import Place, document, statement, trusting
from serving import Server

TRUSTS_ECS = trusting({"Service": "ecs-tasks.amazonaws.com"}, "sts:AssumeRole")


class Task:
    """A task with the role `Web`, which may list roles and nothing else, on a server with `--containers`."""

    def __init__(self, server: Server, trust: str = TRUSTS_ECS) -> None:
        self.place = Place(server)
        self.role = self.place.role("Web", trust)
        self.place.iam.put_role_policy(
            RoleName="Web", PolicyName="p", PolicyDocument=document(statement("Allow", "iam:ListRoles"))
        )
        self.made: dict[str, Any] = server.operator(
            "container.create", name="web", role=self.role, region="eu-west-1", cluster="default"
        )
        self.id: str = self.made["TaskId"]
        self.server = server

    @property
    def arn(self) -> str:
        """The ARN of its sessions."""
        return f"arn:aws:sts::{self.place.number}:assumed-role/Web/{self.id}"

    def environment(self, **more: str) -> dict[str, str]:
        """An environment of a client: it knows the endpoint and where to ask, and has no other credentials."""
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "VESTRY_", "HTTP", "http"))
        }
        return inherited | {
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.server.containers[0] + self.made["Path"],
        } | more  # fmt: skip

    def by_token(self) -> dict[str, str]:
        """The environment in which the token stands itself."""
        return self.environment(AWS_CONTAINER_AUTHORIZATION_TOKEN=self.made["AuthorizationToken"])

    def by_file(self, folder: Path) -> dict[str, str]:
        """The environment in which a file holds the token."""
        file = folder / "token"
        file.write_text(self.made["AuthorizationToken"])
        return self.environment(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file))

    def by_uuid(self) -> dict[str, str]:
        """The environment in which the URI itself is the secret."""
        uri = self.server.containers[0] + self.made["RelativeUri"]
        return self.environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)
