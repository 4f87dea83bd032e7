"""What all tests share: a server, and an environment without the machine's own AWS configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import amounts  # noqa: F401  # sets how much of what is random is tried
from commands import Said, Vestry
from places import Place
from serving import Server, serving
from vestry.cli.commands import run
from vestry.wire import model

#: What may be skipped, and nothing else.
pytest_plugins = ("skips",)

for _name in [name for name in os.environ if name.startswith(("AWS_", "VESTRY_"))]:
    del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
#: Our model of what botocore has none of: CreateSession of IAM Roles Anywhere.
os.environ["AWS_DATA_PATH"] = str(Path(model.__file__).parent / "models")
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the module's own."""
    with serving(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory."""
    return tmp_path / "data"


@pytest.fixture
def place(server: Server) -> Place:
    """An account of the test's own."""
    return Place(server)


@pytest.fixture
def vestry(capfd: pytest.CaptureFixture[str]) -> Vestry:
    """Run a command and return what it said."""

    def command(*arguments: str) -> Said:
        capfd.readouterr()
        code = run(arguments)
        return Said(code, *capfd.readouterr())

    return command
