"""`vestry metadata`: instance metadata on a port of this machine, and the certificate that proves what it says."""

from __future__ import annotations

import json as codec
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json, place
from vestry.cli.failure import Failure

ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


def listen(
    instance: Annotated[
        str | None, typer.Option(help="The instance that asks on a port of 127.0.0.1.", metavar="ID")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="That port; 0 takes a free one.", min=0, max=65535, show_default="a free one"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="An address for many instances, as for serve --metadata.",
            metavar="ADDRESS[:PORT][,account=NAME][,region=REGION]",
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Answer instance metadata on a socket of this command's, until SIGTERM.

    With --instance it prints what leads clients there, and to the server. Whoever reaches the port is that instance:
    every user of this machine. With --at instances are told by their source address. The server on the same store
    answers; while it restarts, clients wait.
    """
    if (instance is None) == (at is None) or (port is not None and instance is None):
        raise typer.BadParameter("choose --instance, with --port if need be, or --at")
    from vestry.cli.handing import Handed, Listening

    if instance is None:
        listener, order = _at(at or "")
    else:
        listener, order = _listener("127.0.0.1", port or 0), {"serve": "metadata", "instance": instance}
    handed = Handed(place(data, database).data, [Listening(order, listener)])
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        handed.begin()
        _say(listener, instance, data, database, json=json)
        handed.keep()
    finally:
        handed.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(
    listener: socket.socket, instance: str | None, data: Path | None, database: str | None, *, json: bool
) -> None:
    """Print where is listened, and for one instance what its environment must have."""
    host, port = listener.getsockname()[:2]
    # With a slash at its end: version 2.9 of the AWS CLI, which Debian 12 has, puts none before the path.
    endpoint = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    said: dict[str, Any] = {"event": "listening", "endpoint": endpoint}
    lines = [f"Instances are answered at {endpoint}"]
    if instance is not None:
        variables = {ENDPOINT_VARIABLE: endpoint} | _whereabouts(instance, data, database)
        said |= {"instance": instance, "environment": variables}
        lines = [f"export {name}={value}" for name, value in variables.items()]
    print(codec.dumps(said) if json else "\n".join(lines), flush=True)


def certificate(data: Data = None, database: Database = None, json: Json = False) -> None:
    """Print the certificate (PEM) by which the signatures of instances' identity documents are verified.

    The server publishes it at /instance-identity/certificate.pem, too.
    """
    found = operator.perform("metadata.certificate", {}, data, database)
    output.answer(found, json, found["Certificate"].rstrip())


def _whereabouts(instance: str, data: Path | None, database: str | None) -> dict[str, str]:
    """Return the variables that lead a client of an instance to the server, and not to the real AWS."""
    region = operator.perform("instance.show", {"instance": instance}, data, database)["Region"]
    endpoint = operator.running_endpoint(data, database)
    named = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return named if endpoint is None else {"AWS_ENDPOINT_URL": endpoint} | named


def _at(text: str) -> tuple[socket.socket, dict[str, Any]]:
    """Return a listening socket at a place that is written, and how it shall be served."""
    from vestry.server.metadata_places import read_place

    try:
        where = read_place(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    listener = _listener(where.host, where.port)
    if where.instance is not None:
        return listener, {"serve": "metadata", "instance": where.instance}
    return listener, {"serve": "metadata by address", "account": where.account, "region": where.region}


def _listener(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises Failure."""
    from vestry.server.listening import CannotListen
    from vestry.server.listening import listen as listening

    try:
        return listening(host, port)
    except CannotListen as error:
        raise Failure(str(error)) from None


def _end(*_: Any) -> None:
    sys.exit(0)
