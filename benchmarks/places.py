"""Servers to measure: the floor, Vestry on a prepared store, and moto; each on one processor."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load import read_line
from vestry.arn import ROLE, iam_arn, root_arn, unique_id
from vestry.directory.draft import Change
from vestry.directory.entities import KINDS, Role
from vestry.server.installation import Installation
from vestry.server.operator import COMMANDS, run_offline
from vestry.server.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READS = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:ListRoles"],"Resource":"*"}]}'
assert "account.create" in COMMANDS


def prepare(data: Path, accounts: int, roles: int) -> list[dict[str, str]]:
    """Fill a store with `accounts` accounts of `roles` roles each, every role trusting the first account."""
    made = [
        run_offline(Settings(data=data), "account.create", {"alias": f"account-{n:05}"})
        for n in range(accounts)
    ]
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"'
        + root_arn(made[0]["AccountId"])
        + '"},"Action":"sts:AssumeRole"}]}'
    )
    installation = Installation(Settings(data=data))
    try:
        for revision, account in enumerate(made, installation.root.revision + 1):
            number = account["AccountId"]
            changes = []
            for index in range(roles):
                identifier = unique_id(ROLE, number, os.urandom(6)) + f"{index}"
                role = Role(
                    number,
                    identifier[:21],
                    f"role-{index}",
                    "/",
                    1_700_000_000,
                    trust,
                    inline=(("reads", READS),),
                )
                changes.append(Change(number, KINDS[Role], role.id, role))
            installation.store.commit(changes, revision)
    finally:
        installation.close()
    return made


def role_arns(accounts: Sequence[dict[str, str]], roles: int, wanted: int) -> list[str]:
    """Return the ARNs of `wanted` roles spread over all accounts."""
    found = []
    for n in range(wanted):
        account = accounts[n % len(accounts)]["AccountId"]
        found.append(iam_arn(account, "role", "/", f"role-{(n * 7919) % roles}"))
    return found


@contextlib.contextmanager
def vestry(data: Path, cpu: int) -> Iterator[tuple[str, int]]:
    """Run Vestry on a prepared store; yield endpoint and process id."""
    with ready_vestry(data, cpu) as (ready, pid):
        yield ready["endpoint"], pid


@contextlib.contextmanager
def ready_vestry(data: Path, cpu: int, *options: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Run Vestry on a prepared store; yield what it says when it is ready, and the process id."""
    command = [sys.executable, "-m", "vestry.cli", "serve", "--json", "--port", "0", "--data", str(data)]
    with _running([*command, *options], cpu, stdout=subprocess.PIPE) as process:
        yield read_line(process.stdout), process.pid


@contextlib.contextmanager
def floor(cpu: int) -> Iterator[tuple[str, int]]:
    """Run the bare ASGI application."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.floor:app",
        "--port",
        str(port),
        "--http",
        "httptools",
    ]
    options = ["--loop", "uvloop", "--no-access-log", "--log-level", "error", "--lifespan", "off"]
    with _running([*command, *options], cpu) as process:
        yield _await(port), process.pid


@contextlib.contextmanager
def moto(cpu: int) -> Iterator[tuple[str, int] | None]:
    """Run moto's server from the peers' environment; yield None where that was not made."""
    program = ROOT / ".venv-peers" / "bin" / "moto_server"
    if not program.exists():
        yield None
        return
    port = free_port()
    with _running([str(program), "-p", str(port)], cpu) as process:
        yield _await(port), process.pid


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(
    command: list[str], cpu: int, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        ["taskset", "-c", str(cpu), *command],
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int) -> str:
    endpoint = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(endpoint, timeout=2).close()
            return endpoint
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers on {endpoint}")
