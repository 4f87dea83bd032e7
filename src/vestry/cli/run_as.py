"""What `vestry run` runs a command as: an instance, or a task. Where it is answered, and what its environment says."""

from __future__ import annotations

import os
import secrets
import uuid
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from vestry.cli import operator
from vestry.cli.choices import place
from vestry.cli.failure import Failure
from vestry.cli.run_environment import environment_of
from vestry.cli.run_namespace import Wanted

IPV4, IPV6, PORT = "169.254.169.254", "fd00:ec2::254", 80
TASK_ADDRESS = "169.254.170.2"
_LOOPBACK = "127.0.0.1"
_METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
_RELATIVE, _FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - the name of a variable


class Guest(Protocol):
    """What a command runs as. `variable` leads it to where it is answered when that is on loopback."""

    @property
    def folder(self) -> Path:
        """The data directory of its server."""
        ...

    @property
    def endpoint(self) -> str:
        """The URL of its server."""
        ...

    @property
    def variable(self) -> str:
        """The environment variable that leads to a listener on loopback."""
        ...

    @property
    def order(self) -> dict[str, Any]:
        """How the server shall serve its listeners."""
        ...

    def listeners(self) -> list[Wanted]:
        """Return where it is answered in a namespace of its own."""
        ...

    def environment(self) -> dict[str, str]:
        """Return the command's environment in a namespace."""
        ...

    def environment_on_loopback(self, port: int) -> dict[str, str]:
        """Return the command's environment where a port of loopback answers it."""
        ...


class Machine(NamedTuple):
    """An instance, which is told about itself by instance metadata."""

    folder: Path
    endpoint: str
    instance: str
    region: str
    ipv6: bool
    variable: str = _METADATA

    @property
    def order(self) -> dict[str, Any]:
        """How the server shall serve this instance's metadata."""
        return {"serve": "metadata", "instance": self.instance}

    def listeners(self) -> list[Wanted]:
        """Return where it is answered in a namespace of its own."""
        return [Wanted(one, PORT, self.order) for one in ([IPV4, IPV6] if self.ipv6 else [IPV4])]

    def environment(self) -> dict[str, str]:
        """Return the command's environment in a namespace."""
        return _environment(self.endpoint, self.region, IPV4, IPV6)

    def environment_on_loopback(self, port: int) -> dict[str, str]:
        """Return the command's environment where a port of loopback answers it."""
        return _environment(self.endpoint, self.region, _LOOPBACK) | {
            _METADATA: f"http://{_LOOPBACK}:{port}/"
        }


class Task(NamedTuple):
    """A task, which gets container credentials. Its secrets are good for this run alone."""

    folder: Path
    endpoint: str
    account: str
    task: str
    region: str
    credentials_id: str
    token: str
    variable: str = _FULL

    @property
    def order(self) -> dict[str, Any]:
        """How the server shall serve this task's credentials."""
        return {
            "serve": "containers",
            "container": self.task,
            "credentials_id": self.credentials_id,
            "token": self.token,
        }

    def listeners(self) -> list[Wanted]:
        """Return where it is answered in a namespace of its own."""
        return [Wanted(TASK_ADDRESS, PORT, self.order)]

    def environment(self) -> dict[str, str]:
        """Return the command's environment in a namespace."""
        return self._environment(TASK_ADDRESS) | {_RELATIVE: f"/v2/credentials/{self.credentials_id}"}

    def environment_on_loopback(self, port: int) -> dict[str, str]:
        """Return the command's environment where a port of loopback answers it."""
        url = f"http://{_LOOPBACK}:{port}/tasks/{self.account}/{self.task}/credentials"
        return self._environment(_LOOPBACK) | {_FULL: url, _TOKEN: self.token}

    def _environment(self, host: str) -> dict[str, str]:
        # A task has no instance metadata: what answers there would be this machine's own.
        return _environment(self.endpoint, self.region, host) | {"AWS_EC2_METADATA_DISABLED": "true"}


def machine(instance: str, data: Path | None, database: str | None) -> Machine:
    """Return the instance of that id. Raises Failure."""
    folder, endpoint = _server(data, database)
    found = operator.perform("instance.show", {"instance": instance}, data, database)
    if found["State"] != "running":
        raise Failure(
            f"The instance {instance} is {found['State']}.", "On a machine that is off, nothing runs."
        )
    return Machine(folder, endpoint, instance, found["Region"], found["HttpProtocolIpv6"] == "enabled")


def task(name: str, data: Path | None, database: str | None) -> Task:
    """Return the task of that name or id, with fresh secrets. Raises Failure."""
    folder, endpoint = _server(data, database)
    found = operator.perform("container.show", {"name": name}, data, database)
    return Task(
        folder,
        endpoint,
        found["AccountId"],
        found["TaskId"],
        found["Region"],
        str(uuid.uuid4()),
        secrets.token_urlsafe(32),
    )


def _server(data: Path | None, database: str | None) -> tuple[Path, str]:
    endpoint = operator.running_endpoint(data, database)
    folder = place(data, database).data
    if endpoint is None:
        raise Failure(f"No server runs on {folder}.", "Start it: vestry serve")
    return folder, endpoint


def _environment(endpoint: str, region: str, *hosts: str) -> dict[str, str]:
    """Return an environment in which no proxy stands before `hosts` and the endpoint."""
    return environment_of(os.environ, endpoint, region, [*hosts, str(urlsplit(endpoint).hostname)])
