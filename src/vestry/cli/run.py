"""`vestry run`: a command as an instance: where it runs, instance metadata answers as that instance's."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import typer

from vestry.cli import operator
from vestry.cli.choices import Data, Database, place
from vestry.cli.failure import Failure
from vestry.cli.handing import Handed, Listening
from vestry.cli.run_command import Child, end_as
from vestry.cli.run_environment import environment_of
from vestry.cli.run_keeper import Keeper
from vestry.cli.run_namespace import (
    RESOLVERS,
    NoNamespace,
    Wanted,
    enter,
    listen_at,
    listening,
    unreachable_resolvers,
)
from vestry.cli.run_network import RESOLVER, find_way

IPV4, IPV6, PORT = "169.254.169.254", "fd00:ec2::254", 80
_METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


class Machine(NamedTuple):
    """The instance that a command runs as, and where its server answers."""

    folder: Path
    endpoint: str
    instance: str
    region: str
    ipv6: bool

    @property
    def order(self) -> dict[str, Any]:
        """How the server shall serve this instance's metadata."""
        return {"serve": "metadata", "instance": self.instance}

    def environment(self, *hosts: str) -> dict[str, str]:
        """Return the command's environment; its metadata is at the first of `hosts`, and no proxy before any of them."""
        direct = [*hosts, str(urlsplit(self.endpoint).hostname)]
        return environment_of(os.environ, self.endpoint, self.region, direct)


class Ready(NamedTuple):
    """A command that may begin, and what it needs."""

    child: Child
    keeper: Keeper
    listening: list[Listening]


def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.", metavar="CMD")],
    instance: Annotated[str, typer.Option("--instance", help="The instance's id.", metavar="i-…")],
    require_namespace: Annotated[
        bool,
        typer.Option(
            "--require-namespace", help="Fail where no namespace can be made, rather than use loopback."
        ),
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Run a command as an instance: it finds its role's credentials at 169.254.169.254, without configuration.

    It runs in a network namespace of its own, with this machine's network behind it. Of AWS's variables and files it
    inherits none. Its exit code is passed on.
    """
    machine = _machine(instance, data, database)
    try:
        ready = _in_namespace(machine, command, require=require_namespace)
    except NoNamespace as reason:
        if require_namespace:
            raise Failure(f"No network namespace can be made: {reason}.") from None
        _say(f"no namespace for the command: {reason}. It gets a listener on loopback, by {_METADATA}.")
        ready = _on_loopback(machine, command)
    raise typer.Exit(end_as(_carry_out(machine.folder, ready)))


run.runs_a_command = True  # type: ignore[attr-defined]


def _machine(instance: str, data: Path | None, database: str | None) -> Machine:
    endpoint = operator.running_endpoint(data, database)
    folder = place(data, database).data
    if endpoint is None:
        raise Failure(f"No server runs on {folder}.", "Start it: vestry serve")
    found = operator.perform("instance.show", {"instance": instance}, data, database)
    if found["State"] != "running":
        raise Failure(
            f"The instance {instance} is {found['State']}.", "On a machine that is off, nothing runs."
        )
    return Machine(folder, endpoint, instance, found["Region"], found["HttpProtocolIpv6"] == "enabled")


def _in_namespace(machine: Machine, command: Sequence[str], *, require: bool) -> Ready:
    """Make a namespace in which metadata and endpoint have listeners. Raises NoNamespace.

    One that has no way out to the network is made only where a namespace is required.
    """
    way = find_way()
    if way is None and not require:
        raise NoNamespace("it would have no network, as neither slirp4netns nor pasta is installed")
    wanted = _wanted(machine)
    resolver = RESOLVER if way is not None and _resolves_on_loopback() else None

    def prepare() -> tuple[list[socket.socket], int]:
        enter(own_user=way is not None and way.own_user, resolver=resolver)
        return listen_at(wanted), os.open("/proc/self/ns/net", os.O_RDONLY)

    keeper = Keeper()
    try:
        child = Child(command, machine.environment(IPV4, IPV6), prepare)
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
        _say(f"the command reaches metadata and the endpoint, and no other network: {missing}")
    return Ready(
        child, keeper, [Listening(one.order, made) for one, made in zip(wanted, child.sockets, strict=True)]
    )


def _on_loopback(machine: Machine, command: Sequence[str]) -> Ready:
    """Give the command a listener of its own on loopback, and a variable that leads there."""
    listener = listening("127.0.0.1", 0)
    place_of = f"127.0.0.1:{listener.getsockname()[1]}"
    environment = machine.environment("127.0.0.1") | {_METADATA: f"http://{place_of}/"}
    keeper = Keeper()
    child = Child(command, environment, lambda: ([], None))
    keeper.watch(child.pid, None)
    return Ready(child, keeper, [Listening(machine.order, listener)])


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


def _wanted(machine: Machine) -> list[Wanted]:
    """Return the listeners of a namespace: the endpoint at its own address, so that its URL and certificate hold."""
    place_of = urlsplit(machine.endpoint)
    host, port = str(place_of.hostname), place_of.port or (443 if place_of.scheme == "https" else 80)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = str(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4][0])
    metadata = [IPV4, IPV6] if machine.ipv6 else [IPV4]
    return [
        Wanted(address, port, {"serve": "endpoint"}),
        *(Wanted(one, PORT, machine.order) for one in metadata),
    ]


def _resolves_on_loopback() -> bool:
    try:
        return unreachable_resolvers(RESOLVERS.read_text())
    except (OSError, UnicodeDecodeError):
        return False


def _say(text: str) -> None:
    sys.stderr.write(f"vestry: {text}\n")
