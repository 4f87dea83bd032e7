"""The operator's side of the channel: ask the running server, or do it on the store when none runs.

Only the standard library is needed to ask a server; the rest is imported when the store has to be opened here.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestry.cli.choices import place, settings
from vestry.cli.failure import Failure

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"
ANSWER_SECONDS = 60
BUSY_SECONDS = 5  # how long to wait for a server that is starting or stopping, or for another command


def perform(
    command: str, arguments: Mapping[str, Any], data: Path | None, database: str | None
) -> dict[str, Any]:
    """Return the answer to an operator's command. Raises Failure."""
    where = place(data, database)
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        answer = _ask(where.data, command, arguments)
        if answer is not None:
            return answer
        from vestry.errors import Fault
        from vestry.server.operator import run_offline
        from vestry.store.failure import StoreError, StoreInUse

        try:
            return run_offline(settings(where), command, arguments)
        except StoreInUse as error:
            if time.monotonic() > patience:
                raise Failure(str(error)) from None
            time.sleep(0.05)
        except Fault as fault:
            raise Failure(fault.message or fault.code, fault.hint) from None
        except StoreError as error:
            raise Failure(str(error)) from None


def endpoint(data: Path | None, database: str | None = None) -> str:
    """Return the endpoint of the server that runs on this store, else the usual one."""
    return running_endpoint(data, database) or DEFAULT_ENDPOINT


def running_endpoint(data: Path | None, database: str | None = None) -> str | None:
    """Return the endpoint of the server that runs on this store, None where none does."""
    return _running(data, database).get("endpoint")


def running_authority(data: Path | None, database: str | None = None) -> str | None:
    """Return the file of the private authority that clients of the running server must trust, None for none."""
    return _running(data, database).get("authority")


def _running(data: Path | None, database: str | None) -> dict[str, str]:
    """Return what the server that runs on this store says of itself; nothing where none does."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        server = json.loads((place(data, database).data / "server.json").read_bytes())
        os.kill(server["pid"], 0)  # a server that was killed has left its file behind
        return {name: value for name, value in server.items() if isinstance(value, str)}
    return {}


def _ask(folder: Path, command: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the running server's answer, None where no server runs."""
    with contextlib.ExitStack() as held:
        channel = connect(folder, "operator.sock", held)
        if channel is None:
            return None
        try:
            channel.sendall(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
            line = held.enter_context(channel.makefile("rb")).readline()
        except OSError as error:
            raise Failure(
                f"The server did not answer: {error}.", "Look at its log; what was asked may have been done."
            ) from None
    return read_answer(line)


def read_answer(line: bytes) -> dict[str, Any]:
    """Return what the server answers. Raises Failure: its own, or that there is no whole answer."""
    try:
        answer = json.loads(line)
        fault = answer.get("error")
        if fault is None:
            found: dict[str, Any] = answer["ok"]
            return found
    except (ValueError, KeyError, AttributeError):
        raise Failure(
            "The server ended before it answered.", "Look at its log; what was asked may have been done."
        ) from None
    raise Failure(fault["message"] or fault["code"], fault["hint"])


def connect(folder: Path, name: str, held: contextlib.ExitStack) -> socket.socket | None:
    """Return a connection to the server's socket of that name in `folder`, None where no server listens. Raises Failure."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None  # opening the store says what is wrong with the directory, or makes it
    try:
        channel = held.enter_context(socket.socket(socket.AF_UNIX))
        channel.settimeout(ANSWER_SECONDS)
        # A socket's path has room for 107 bytes; through the descriptor it is short, however deep the directory is.
        channel.connect(f"/proc/self/fd/{descriptor}/{name}")
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise Failure(
            f"The server on {folder} cannot be reached: {error.strerror or error}.",
            "Only the user who started it may command it.",
        ) from None
    finally:
        os.close(descriptor)
    return channel
