"""The operator's channel: a Unix socket in the data directory, one JSON object a line.

A command runs like any other change: on a draft, in the committer, durable before it is answered. With no server
running the same function runs on the store that the command line opens itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from vestry.directory.draft import Draft
from vestry.errors import Fault
from vestry.server.committer import Committer
from vestry.server.decisions import Decisions
from vestry.server.installation import Installation
from vestry.server.log import Log
from vestry.server.settings import Clock, Settings
from vestry.server.unix_socket import listen_beside
from vestry.services.operator import (
    accounts,
    clock,
    clusters,
    containers,
    explanations,
    instances,
    keys,
    metadata,
    services,
)
from vestry.services.operator.call import OperatorCall

SOCKET = "operator.sock"
LONGEST_LINE = 65_536

Command = Callable[[OperatorCall], dict[str, Any]]

COMMANDS: dict[str, Command] = {
    "account.create": accounts.create,
    "account.list": accounts.list_all,
    "account.set": accounts.set_options,
    "account.reset": accounts.reset,
    "account.delete": accounts.delete,
    "clock.advance": clock.advance,
    "clock.show": clock.show,
    "cluster.create": clusters.create,
    "cluster.list": clusters.list_all,
    "cluster.delete": clusters.delete,
    "container.create": containers.create,
    "container.list": containers.list_all,
    "container.show": containers.show,
    "container.delete": containers.delete,
    "explain.request": explanations.by_request_id,
    "explain.supposed": explanations.supposed,
    "instance.show": instances.show,
    "keys.list": keys.list_all,
    "keys.rotate": keys.rotate,
    "metadata.certificate": metadata.certificate,
    "service.create": services.create,
    "service.list": services.list_all,
    "service.new-key": services.new_key,
    "service.delete-key": services.delete_key,
    "service.delete": services.delete,
}


def run_offline(settings: Settings, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a command on a store that no server has open. Raises Fault and StoreError."""
    installation = Installation(settings)
    try:
        draft = Draft(installation.root)
        call = OperatorCall(draft, arguments, int(time.time()), os.urandom, installation.keyring)
        result = COMMANDS[command](call)
        if draft.changes:
            installation.store.commit(draft.changes, installation.root.revision + 1)
        return result
    finally:
        installation.close()


class OperatorSocket:
    """Answers the operator while the server runs."""

    def __init__(
        self, installation: Installation, committer: Committer, decisions: Decisions, clock: Clock, log: Log
    ) -> None:
        self._installation = installation
        self._committer = committer
        self._decisions = decisions
        self._clock = clock
        self._log = log
        self._server: asyncio.Server | None = None
        self._path = installation.directory.path / SOCKET

    async def open(self) -> None:
        """Begin to listen; only the owner of the data directory can connect."""
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listen_beside(self._path), limit=LONGEST_LINE
        )

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(60):
                while line := await reader.readline():
                    writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                    await writer.drain()
        except (TimeoutError, ValueError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line)
            command, arguments = COMMANDS[request["command"]], dict(request.get("arguments") or {})
        except (KeyError, TypeError, ValueError, RecursionError):
            return _error("InvalidInput", "The operator's channel does not know this command.", "")

        def attempt(draft: Draft) -> dict[str, Any]:
            now, keyring = int(self._clock.now()), self._installation.keyring
            return command(
                OperatorCall(draft, arguments, now, os.urandom, keyring, self._decisions.find, self._clock)
            )

        try:
            result = await self._committer.submit(attempt)
        except Fault as fault:
            return _error(fault.code, fault.message or "", fault.hint)
        except KeyError as error:
            return _error("InvalidInput", f"The argument {error} is missing.", "")
        self._log.line("operator", operation=request["command"])
        return {"ok": result}


def _error(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "hint": hint}}


def write_server_file(folder: Path, endpoint: str, version: str, authority: Path | None = None) -> Path:
    """Write `server.json`, by which commands find this server; return its path.

    `authority` is the private one that clients must trust to reach it.
    """
    path = folder / "server.json"
    fresh = path.with_suffix(".new")
    said = {"pid": os.getpid(), "endpoint": endpoint, "version": version}
    if authority is not None:
        said["authority"] = str(authority)
    fresh.write_bytes(msgspec.json.encode(said))
    fresh.replace(path)
    return path
