"""What the tests of clients share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from object_store import ObjectStore, storing


@pytest.fixture(scope="session")
def objects() -> Iterator[ObjectStore]:
    """An S3 that all of them use: it takes seconds to begin."""
    with storing() as store:
        yield store


@pytest.fixture(scope="session")
def cli_2() -> str:
    """The AWS CLI v2, where Debian's package has put it: the `aws` on a PATH may be version 1."""
    program = "/usr/bin/aws"
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        said = ""
    if not said.startswith("aws-cli/2."):
        pytest.skip("version 2 of the AWS CLI is not installed")
    return program
