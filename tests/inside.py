"""Programs on an instance for tests: `vestry run` runs them in a network namespace, where they find all they need themselves."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from launching import EC2_TRUST, ec2_client, launch
from places import Place
from running import CLEAN, line, namespaces

#: Where a namespace reaches the loopback of the machine that it is on.
OUTSIDE = "10.0.2.2"


def await_certificate(place: Place) -> None:
    """Wait for the certificate of identity documents, which is made in the background of the first launch."""
    until = time.monotonic() + 20
    while True:
        try:
            with urlopen(f"{place.server.endpoint}/instance-identity/certificate.pem", timeout=5):  # noqa: S310
                return
        except HTTPError as error:
            assert error.code == 404
            assert time.monotonic() < until, "no certificate was made"
            time.sleep(0.02)


class Machine:
    """An instance, as `launched`; whoever uses it has `home`. By default its role is `app`, in a profile of that name."""

    def __init__(self, place: Place, home: Path, role: str | None = "app", **more: Any) -> None:
        self.place, self.home = place, home
        region = more.pop("region", "eu-west-1")
        self.ec2 = ec2_client(place, region=region)
        if role is not None:
            place.role(role, EC2_TRUST)
            place.iam.create_instance_profile(InstanceProfileName=role)
            place.iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
            more["IamInstanceProfile"] = {"Name": role}
        self.launched = launch(self.ec2, **more)
        self.id: str = self.launched["InstanceId"]
        self.arn = f"arn:aws:sts::{place.number}:assumed-role/{role}/{self.id}"
        await_certificate(place)

    def command(self, *command: str | Path) -> list[str]:
        """Return the command line that runs a command on this instance. Skips where there are no namespaces."""
        if not namespaces():
            pytest.skip("no network namespace may be made here")
        words = [str(word) for word in command]
        return line(self.place.server.data, self.id, words, ["--require-namespace"])

    def environment(self, **more: str) -> dict[str, str]:
        """Return an environment in which nothing of AWS's is set but what is given."""
        return CLEAN | {"HOME": str(self.home), **more}

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this instance; return how it ended and what it said."""
        return subprocess.run(
            self.command(*command),
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def out(self, *command: str | Path, **variables: str) -> str:
        """Return what a command that succeeds on this instance prints."""
        done = self.run(*command, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked(self, *, last: str) -> list[dict[str, Any]]:
        """Return the log's lines of what was asked by this instance; `last` is the path that it asked last."""
        until = time.monotonic() + 10
        while True:
            lines = [json.loads(line) for line in self.place.server.log.getvalue().splitlines()]
            found = [
                line for line in lines if line["event"] == "metadata" and line.get("instance") == self.id
            ]
            if (found and found[-1]["path"] == last) or time.monotonic() > until:
                return found
            time.sleep(0.05)
