"""A server with TLS as its owner sets it up: `vestry tls init`, and the lines that it prints for clients."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import Server, serving
from vestry.cli.commands import run


def tls_init(folder: Path, *names: str) -> tuple[dict[str, Path], dict[str, str]]:
    """Run `vestry tls init`; return the settings it says to serve with, and the variables it prints for clients."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(["tls", "init", "--dir", str(folder), *(f"--name={name}" for name in names)])
    assert code == 0
    said = re.search(r"^#   vestry serve --tls-cert (\S+) --tls-key (\S+)$", out.getvalue(), re.MULTILINE)
    assert said is not None
    lines = [line for line in out.getvalue().splitlines() if line.startswith("export ")]
    words = [shlex.split(line, comments=True)[1] for line in lines]
    return {"tls_cert": Path(said[1]), "tls_key": Path(said[2])}, dict(word.split("=", 1) for word in words)


@contextlib.contextmanager
def secured(folder: Path, *names: str, **more: Any) -> Iterator[tuple[Server, dict[str, str]]]:
    """Run a server with such a certificate; yield it and the variables. boto3 in this process trusts it."""
    settings, variables = tls_init(folder / "tls", *names)
    with pytest.MonkeyPatch.context() as patch, serving(folder / "data", **settings, **more) as server:
        patch.setenv("AWS_CA_BUNDLE", variables["AWS_CA_BUNDLE"])
        yield server, variables
