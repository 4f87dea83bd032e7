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
    instance: Annotated[str, typer.Option(help="The instance that asks here.", metavar="ID")],
    port: Annotated[
        int, typer.Option(help="The port of 127.0.0.1; 0 takes a free one.", min=0, max=65535)
    ] = 0,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Answer the metadata of one instance on a port of 127.0.0.1, until SIGTERM.

    It prints what leads clients there, and to the server. Whoever reaches the port is that instance: every user of this
    machine. The server on the same store answers; while it restarts, clients wait.
    """
    from vestry.cli.handing import Handed, Listening

    listener = _loopback(port)
    order = {"serve": "metadata", "instance": instance}
    handed = Handed(place(data, database).data, [Listening(order, listener)])
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        handed.begin()
        # With a slash at its end: version 2.9 of the AWS CLI, which Debian 12 has, puts none before the path.
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        variables = {ENDPOINT_VARIABLE: endpoint} | _whereabouts(instance, data, database)
        if json:
            said = {
                "event": "listening",
                "endpoint": endpoint,
                "instance": instance,
                "environment": variables,
            }
            print(codec.dumps(said), flush=True)
        else:
            print(*(f"export {name}={value}" for name, value in variables.items()), sep="\n", flush=True)
        handed.keep()
    finally:
        handed.close()
        for number, handler in before.items():
            signal.signal(number, handler)


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


def _loopback(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1. Raises Failure."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise Failure(
            f"127.0.0.1:{port} cannot be used: {error.strerror}.", "--port 0 takes a free one."
        ) from None


def _end(*_: Any) -> None:
    sys.exit(0)
