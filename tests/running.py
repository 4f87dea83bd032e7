"""`vestry run` for tests: instances with roles of their own, and commands that run as them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from launching import EC2_TRUST, ec2_client, launch
from places import Place

VESTRY = [sys.executable, "-m", "vestry.cli"]
#: The environment of a person who has nothing of AWS's in it.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))}
#: In front of a command: who runs it is user 1000 of a namespace and has no rights of root's.
UNPRIVILEGED = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
CREDENTIALS = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


@functools.cache
def namespaces() -> bool:
    """Tell whether this machine lets us make network namespaces, with a user namespace or without."""
    made = ["unshare", "--user", "--map-root-user", "--net", "true"]
    return subprocess.run(made, capture_output=True, timeout=20, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not namespaces(), reason="no network namespace may be made here")
needs_slirp = pytest.mark.skipif(not shutil.which("slirp4netns"), reason="slirp4netns is not installed")
needs_pasta = pytest.mark.skipif(not shutil.which("pasta"), reason="pasta is not installed")


def with_programs(folder: Path, *names: str) -> dict[str, str]:
    """Return an environment whose PATH leads to these programs alone."""
    folder.mkdir(exist_ok=True)
    for name in names:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return CLEAN | {"PATH": str(folder)}


def machine(place: Place, role: str, region: str = "us-east-1", **options: Any) -> str:
    """Launch an instance with a profile and role of that name, which may do nothing; return its id."""
    place.role(role, EC2_TRUST)
    place.iam.create_instance_profile(InstanceProfileName=role)
    place.iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    made = launch(ec2_client(place, region=region), IamInstanceProfile={"Name": role}, **options)
    return str(made["InstanceId"])


def line(data: Path, instance: str, command: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    """Return the command line of `vestry run`."""
    return [*VESTRY, "run", "--instance", instance, "--data", str(data), *options, "--", *command]


def run(
    data: Path,
    instance: str,
    *command: str,
    options: Sequence[str] = ("--require-namespace",),
    before: Sequence[str] = (),
    environment: Mapping[str, str] = CLEAN,
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a command as an instance; `before` goes before the whole."""
    return subprocess.run(
        [*before, *line(data, instance, command, options)],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,
    )


def python(*lines: str) -> list[str]:
    """Return a command that runs these lines of Python."""
    return [sys.executable, "-c", "\n".join(lines)]


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)
