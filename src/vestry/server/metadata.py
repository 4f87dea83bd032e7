"""Instance metadata over sockets: which instance asks, its answer, and a line in the log.

Which one it is follows from where it asks: on a socket that belongs to one instance, or by its source address. What it
is answered is the metadata room's; nothing here reaches the store, so that it goes on while the database is lost.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vestry.directory.snapshot import Root
from vestry.errors import InvalidInstanceIdNotFound, ValidationError
from vestry.metadata.exchange import Ask, Reply
from vestry.metadata.imds import Imds
from vestry.metadata.pages import refusal
from vestry.server.committer import Published
from vestry.server.descriptors import Seats
from vestry.server.link_local import LinkLocalListener
from vestry.server.log import Log, cause
from vestry.server.metadata_places import MetadataPlace
from vestry.server.settings import Clock

#: Longer paths are cut in the log.
_PATH_CHARACTERS = 200

#: What a browser on this machine cannot be made to send by a page of somebody else's: no name but this machine's own.
_OWN_HOST = re.compile(rb"(?:localhost|[0-9.]+|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?", re.ASCII)
_ON_THIS_MACHINE = ("127.", "::1")

_BROKEN = Reply(500, [], b"")


class Told(msgspec.Struct, frozen=True):
    """Which instance asks; where none does, `instance` is empty and `hint` says what would change that."""

    instance: str
    hint: str = ""


#: Tells by a peer's address which instance asks.
Telling = Callable[[Root, str], Told]


def only(instance: str) -> Telling:
    """Return what tells on a socket of one instance: whoever reaches it is that instance."""
    there, missing = Told(instance), Told("", f"there is no instance {instance}")
    return lambda root, address: missing if root.instance(instance) is None else there


def by_address(account: str | None = None, region: str | None = None) -> Telling:
    """Return what tells instances by their private addresses, in all accounts and regions or in one.

    `account` is an id or alias. An address that several instances claim is nobody's: none of them is given to another.
    """

    def tell(root: Root, address: str) -> Told:
        owner = None if account is None else root.account(account)
        if account is not None and owner is None:
            return Told("", f"there is no account {account}, which --metadata names")
        found = [
            instance.id
            for instance in root.instances_at(address)
            if (owner is None or instance.account == owner.id) and region in (None, instance.region)
        ]
        if len(found) == 1:
            return Told(found[0])
        if found:
            several = ", ".join(found)
            return Told("", f"{several} claim {address}: narrow it by --metadata ADDRESS,account=…,region=…")
        return Told("", f"no instance has the address {address}: launch one with that PrivateIpAddress")

    return tell


def telling_at(place: MetadataPlace) -> Telling:
    """Return what tells at a place of `serve --metadata`."""
    return only(place.instance) if place.instance else by_address(place.account, place.region)


class MetadataListener:
    """Serves instance metadata on sockets."""

    def __init__(self, imds: Imds, published: Published, clock: Clock, log: Log, seats: Seats) -> None:
        self._imds = imds
        self._published = published
        self._clock = clock
        self._log = log
        self._seats = seats

    async def serve(self, listener: socket.socket, telling: Telling) -> LinkLocalListener:
        """Serve a listening socket, and own it, until what is returned is closed."""

        def answering(address: str, ask: Ask) -> Reply:
            return self._answer(telling, address, ask)

        served = LinkLocalListener(answering, self._clock.wall, self._seats)
        await served.open(listener)
        return served

    async def serve_handed(self, listener: socket.socket, order: Mapping[str, Any]) -> LinkLocalListener:
        """Serve a socket that another process owns as that of the instance which its order names.

        Errors: InvalidInstanceID.NotFound.
        """
        identifier = order.get("instance")
        if not isinstance(identifier, str) or self._published.root.instance(identifier) is None:
            raise InvalidInstanceIdNotFound(f"The instance ID '{identifier}' does not exist")
        return await self.serve(listener, only(identifier))

    async def serve_handed_by_address(
        self, listener: socket.socket, order: Mapping[str, Any]
    ) -> LinkLocalListener:
        """Serve a socket that another process owns; its order may narrow by `account` and `region`.

        Errors: ValidationError.
        """
        account, region = order.get("account"), order.get("region")
        if not isinstance(account, str | None) or not isinstance(region, str | None):
            raise ValidationError("An account and a region are names.")
        return await self.serve(listener, by_address(account, region))

    def _answer(self, telling: Telling, address: str, ask: Ask) -> Reply:
        told = Told("")
        try:
            root = self._published.root
            told = telling(root, address)
            reply = self._reply(root, told.instance, address, ask)
        except Exception as error:  # noqa: BLE001 - the last line of defence: the cause in the log only
            self._log.problem("internal failure", instance=told.instance, cause=cause(error))
            reply = _BROKEN
        line = {"instance": told.instance} if told.instance else {"hint": told.hint}
        self._log.line(
            "metadata",
            status=reply.status,
            peer=address,
            method=ask.method,
            path=ask.path[:_PATH_CHARACTERS],
            **line,
        )
        return reply

    def _reply(self, root: Root, identifier: str, address: str, ask: Ask) -> Reply:
        """Answer an instance; who is none is answered 404.

        1. A program on this machine asks by an address of this machine's: a page in a browser, which can make names of
        its own lead here, cannot. 2. Over IPv6, the instance's metadata is offered there.
        """
        if address.startswith(_ON_THIS_MACHINE):  # 1
            host = ask.headers.get(b"host")
            if host is not None and _OWN_HOST.fullmatch(host) is None:
                return refusal(403)
        if ":" in address:  # 2
            instance = root.instance(identifier)
            if instance is not None and instance.options.ipv6 != "enabled":
                return refusal(403)
        return self._imds.answer(root, identifier, ask, int(self._clock.now()))
