"""Container credentials over sockets: what a task is answered, and a line in the log that tells no secret."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import Any

from vestry.errors import ValidationError
from vestry.metadata.containers import TASKS, Containers, Grant
from vestry.metadata.exchange import Ask, Reply
from vestry.server.committer import Published
from vestry.server.descriptors import Seats
from vestry.server.link_local import LinkLocalListener
from vestry.server.log import Log, cause
from vestry.server.settings import Clock
from vestry.services.operator.containers import the_task

_PATH_CHARACTERS = 200

#: What in a path may be a secret, of a client that writes it in the wrong place: no path here has as long a name.
_LONG_NAME = re.compile(r"[^/]{20,}")
_LEAST_SECRET = 32  # characters: what is shorter can be guessed
_BROKEN = Reply(500, [], b"")


class ContainersListener:
    """Serves container credentials on sockets; decisions need only what is in memory."""

    def __init__(
        self, containers: Containers, published: Published, clock: Clock, log: Log, seats: Seats
    ) -> None:
        self._containers = containers
        self._published = published
        self._clock = clock
        self._log = log
        self._seats = seats

    async def serve(self, listener: socket.socket, grant: Grant | None = None) -> LinkLocalListener:
        """Serve a listening socket, and own it, until what is returned is closed; for one task, where `grant` names it."""

        def answering(address: str, ask: Ask) -> Reply:
            return self._answer(address, ask, grant)

        served = LinkLocalListener(answering, self._clock.wall, self._seats)
        await served.open(listener)
        return served

    async def serve_handed(self, listener: socket.socket, order: Mapping[str, Any]) -> LinkLocalListener:
        """Serve a socket that another process owns for the task which its order names, by the secrets in it.

        Errors: NoSuchEntity, ValidationError.
        """
        values = [order.get(name) for name in ("container", "credentials_id", "token")]
        if not all(isinstance(value, str) for value in values):
            raise ValidationError("The order names a container, a credentials id and a token.")
        name, credentials_id, token = map(str, values)
        if min(len(credentials_id), len(token)) < _LEAST_SECRET:
            raise ValidationError(f"Secrets have at least {_LEAST_SECRET} characters.")
        task = the_task(self._published.root, name)
        return await self.serve(listener, Grant(task.account, task.id, credentials_id, token))

    def _answer(self, address: str, ask: Ask, grant: Grant | None) -> Reply:
        try:
            reply = self._containers.answer(self._published.root, ask, int(self._clock.now()), grant)
        except Exception as error:  # noqa: BLE001 - the last line of defence: the cause in the log only
            self._log.problem("internal failure", door="containers", cause=cause(error))
            reply = _BROKEN
        self._log.line(
            "containers", status=reply.status, peer=address, method=ask.method, path=_told(ask.path)
        )
        return reply


def _told(path: str) -> str:
    """Return a path for the log, without what may be a secret in it."""
    return (path if path.startswith(TASKS) else _LONG_NAME.sub("…", path))[:_PATH_CHARACTERS]
