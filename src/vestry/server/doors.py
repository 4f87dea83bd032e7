"""The doors beside the endpoint: instance metadata and container credentials, on sockets of the server's own or of others'.

They answer from what is in memory, as long as the server runs.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence

from vestry.metadata.containers import Containers
from vestry.metadata.imds import Imds
from vestry.server.committer import Published
from vestry.server.containers import ContainersListener
from vestry.server.descriptors import Seats
from vestry.server.handed_listeners import Kind
from vestry.server.link_local import LinkLocalListener
from vestry.server.listening import endpoint_of, listen
from vestry.server.log import Log
from vestry.server.metadata import MetadataListener, telling_at
from vestry.server.metadata_places import MetadataPlace
from vestry.server.request import Shared
from vestry.server.settings import Clock, Settings


class Sockets:
    """The listening sockets that the settings ask for; closed where `held` ends. Raises CannotListen."""

    def __init__(self, settings: Settings, held: contextlib.ExitStack) -> None:
        self.endpoint = held.enter_context(listen(settings.host, settings.port))
        self.metadata: Sequence[tuple[socket.socket, MetadataPlace]] = [
            (held.enter_context(listen(place.host, place.port)), place) for place in settings.metadata
        ]
        self.containers = [held.enter_context(listen(host, port)) for host, port in settings.containers]

    def metadata_urls(self) -> tuple[str, ...]:
        """Return where instances are answered."""
        return tuple(endpoint_of(*bound.getsockname()[:2]) for bound, _ in self.metadata)

    def container_urls(self) -> tuple[str, ...]:
        """Return where tasks are answered."""
        return tuple(endpoint_of(*bound.getsockname()[:2]) for bound in self.containers)


class Doors:
    """The listeners of both, whose connections share `seats`. `kinds` are those that other processes may hand sockets to."""

    def __init__(self, shared: Shared, published: Published, clock: Clock, log: Log, seats: Seats) -> None:
        imds = Imds(shared.keyring, shared.documents, os.urandom)
        containers = Containers(shared.keyring, shared.documents)
        self.metadata = MetadataListener(imds, published, clock, log, seats)
        self.containers = ContainersListener(containers, published, clock, log, seats)
        self._served: list[LinkLocalListener] = []
        self.kinds: dict[str, Kind] = {
            "metadata": self.metadata.serve_handed,
            "metadata by address": self.metadata.serve_handed_by_address,
            "containers": self.containers.serve_handed,
        }

    async def open(self, sockets: Sockets) -> None:
        """Answer on the server's own sockets, until `close`."""
        for bound, place in sockets.metadata:
            self._served.append(await self.metadata.serve(bound, telling_at(place)))
        for bound in sockets.containers:
            self._served.append(await self.containers.serve(bound))

    def close(self) -> None:
        """Answer there no longer."""
        for served in self._served:
            served.close()
