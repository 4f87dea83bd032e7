"""The operator's side of the channel: ask the running server, or do it on the store when none runs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestry.cli.choices import data_directory, settings
from vestry.cli.failure import Failure

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"


def perform(
    command: str, arguments: Mapping[str, Any], data: Path | None, database: str | None
) -> dict[str, Any]:
    """Return the answer to an operator's command. Raises Failure."""
    answer = _ask(data_directory(data), command, arguments)
    if answer is not None:
        return answer
    from vestry.errors import Fault
    from vestry.server.operator import run_offline
    from vestry.store.failure import StoreError

    try:
        return run_offline(settings(data, database), command, arguments)
    except Fault as fault:
        raise Failure(fault.message or fault.code, fault.hint) from None
    except StoreError as error:
        raise Failure(str(error)) from None


def endpoint(data: Path | None) -> str:
    """Return the endpoint of the server that runs on this data directory, else the usual one."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads((data_directory(data) / "server.json").read_text())["endpoint"])
    return DEFAULT_ENDPOINT


def _ask(folder: Path, command: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the running server's answer, None where no server runs."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(60)
            try:
                channel.connect(f"/proc/self/fd/{descriptor}/operator.sock")
            except OSError:
                return None
            channel.sendall(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
            with channel.makefile("rb") as lines:
                line = lines.readline()
    except OSError as error:
        raise Failure(f"The server did not answer: {error}.") from None
    finally:
        os.close(descriptor)
    if not line:
        raise Failure("The server closed the operator's channel without an answer.", "Look at its log.")
    answer = json.loads(line)
    if "error" in answer:
        raise Failure(answer["error"]["message"], answer["error"]["hint"])
    found: dict[str, Any] = answer["ok"]
    return found
