"""`vestry run`: a command as an instance or a task, answered as that one where it runs."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import typer

from vestry.cli.choices import Data, Database
from vestry.cli.failure import Failure
from vestry.cli.handing import Handed, Listening
from vestry.cli.run_as import Guest, machine, task
from vestry.cli.run_command import Child, end_as
from vestry.cli.run_keeper import Keeper
from vestry.cli.run_namespace import (
    RESOLVERS,
    NoNamespace,
    Wanted,
    enter,
    listen_at,
    unreachable_resolvers,
)
from vestry.cli.run_network import RESOLVER, find_way
from vestry.server.listening import listening


class Ready(NamedTuple):
    """A command that may begin, and what it needs."""

    child: Child
    keeper: Keeper
    listening: list[Listening]


def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.", metavar="CMD")],
    instance: Annotated[
        str | None, typer.Option("--instance", help="The instance that it is.", metavar="i-…")
    ] = None,
    container: Annotated[
        str | None,
        typer.Option("--container", help="The task that it is (vestry container).", metavar="NAME"),
    ] = None,
    require_namespace: Annotated[
        bool,
        typer.Option(
            "--require-namespace", help="Fail where no namespace can be made, rather than use loopback."
        ),
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Run a command as an instance or a task: it finds its role's credentials without configuration.

    An instance is answered at 169.254.169.254, a task at 169.254.170.2. The command runs in a network namespace of its
    own, with this machine's network behind it. It inherits no credentials, profiles or endpoints of AWS's, and nothing
    of the operator's. Its exit code is passed on.
    """
    guest = _guest(instance, container, data, database)
    try:
        ready = _in_namespace(guest, command, require=require_namespace)
    except NoNamespace as reason:
        if require_namespace:
            raise Failure(f"No network namespace can be made: {reason}.") from None
        _say(f"no namespace for the command: {reason}. It gets a listener on loopback, by {guest.variable}.")
        ready = _on_loopback(guest, command)
    raise typer.Exit(end_as(_carry_out(guest.folder, ready)))


run.runs_a_command = True  # type: ignore[attr-defined]


def _guest(instance: str | None, container: str | None, data: Path | None, database: str | None) -> Guest:
    if instance is not None and container is None:
        return machine(instance, data, database)
    if container is not None and instance is None:
        return task(container, data, database)
    raise typer.BadParameter("a command runs as one thing: --instance i-… or --container NAME")


def _in_namespace(guest: Guest, command: Sequence[str], *, require: bool) -> Ready:
    """Make a namespace in which the guest and the endpoint have listeners. Raises NoNamespace.

    One that has no way out to the network is made only where a namespace is required.
    """
    way = find_way()
    if way is None and not require:
        raise NoNamespace("it would have no network, as neither slirp4netns nor pasta is installed")
    wanted = _wanted(guest)
    resolver = RESOLVER if way is not None and _resolves_on_loopback() else None

    def prepare() -> tuple[list[socket.socket], int]:
        enter(own_user=way is not None and way.own_user, resolver=resolver)
        return listen_at(wanted), os.open("/proc/self/ns/net", os.O_RDONLY)

    keeper = Keeper()
    try:
        child = Child(command, guest.environment(), prepare)
    except NoNamespace:
        keeper.end()
        raise
    missing = keeper.watch(child.pid, child.namespace, () if way is None else way.command(child.pid))
    if way is None:
        missing = "neither slirp4netns nor pasta is installed"
    if missing and not require:
        child.give_up()
        keeper.end()
        raise NoNamespace(f"{'' if way is None else way.name} gave it no network: {missing}")
    if missing:
        _say(f"the command reaches its credentials and the endpoint, and no other network: {missing}")
    return Ready(
        child, keeper, [Listening(one.order, made) for one, made in zip(wanted, child.sockets, strict=True)]
    )


def _on_loopback(guest: Guest, command: Sequence[str]) -> Ready:
    """Give the command a listener of its own on loopback, and a variable that leads there."""
    listener = listening("127.0.0.1", 0)
    environment = guest.environment_on_loopback(listener.getsockname()[1])
    keeper = Keeper()
    child = Child(command, environment, lambda: ([], None))
    keeper.watch(child.pid, None)
    return Ready(child, keeper, [Listening(guest.order, listener)])


def _carry_out(folder: Path, ready: Ready) -> int:
    """Hand the listeners over, run the command, and leave nothing behind; return its wait status."""
    handed = Handed(folder, ready.listening)
    try:
        try:
            handed.begin()
        except Failure:
            ready.child.give_up()
            raise
        ready.child.begin()
        threading.Thread(target=handed.keep, name="listeners", daemon=True).start()
        return ready.child.attend()
    finally:
        handed.close()
        ready.keeper.end()


def _wanted(guest: Guest) -> list[Wanted]:
    """Return the listeners of a namespace: the endpoint at its own address, so that its URL and certificate hold."""
    place_of = urlsplit(guest.endpoint)
    host, port = str(place_of.hostname), place_of.port or (443 if place_of.scheme == "https" else 80)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = str(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4][0])
    return [Wanted(address, port, {"serve": "endpoint"}), *guest.listeners()]


def _resolves_on_loopback() -> bool:
    try:
        return unreachable_resolvers(RESOLVERS.read_text())
    except (OSError, UnicodeDecodeError):
        return False


def _say(text: str) -> None:
    sys.stderr.write(f"vestry: {text}\n")
