"""`vestry pod-identity-agent`: what a node runs so that its pods find their credentials."""

from __future__ import annotations

import json as codec
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer

from vestry.cli.choices import Json
from vestry.cli.failure import Failure

#: Where pods look for it (EKS User Guide, "Set up the Amazon EKS Pod Identity Agent").
ADDRESS = "169.254.170.23"
HOSTS = (ADDRESS, "fd00:ec2::23")


def agent(
    cluster: Annotated[str, typer.Option(help="The cluster whose node this is.", metavar="NAME")],
    listen: Annotated[
        list[str] | None,
        typer.Option(
            help="Where pods ask; may be given often.", metavar="ADDRESS[:PORT]", show_default=f"{ADDRESS}:80"
        ),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="Where EKS Auth answers; else AWS_ENDPOINT_URL.", metavar="URL")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The cluster's region; else AWS_REGION, else that of the instance.")
    ] = None,
    json: Json = False,
) -> None:
    """Answer pods with their role's credentials, as the EKS Pod Identity agent does, until SIGTERM.

    It signs with the node's own role, which it finds as any SDK does: in instance metadata, for instance inside of
    `vestry run`. Pods ask with the token of their service account.
    """
    from vestry.cli.agent_credentials import Kept, fetching
    from vestry.cli.agent_door import PATH, Door
    from vestry.server.addresses import read_address
    from vestry.server.listening import CannotListen, endpoint_of
    from vestry.server.listening import listen as listening

    try:
        places = [read_address(text) for text in listen or (ADDRESS,)]
        listeners = [listening(host, port) for host, port in places]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except CannotListen as error:
        raise Failure(f"The agent {error}") from None
    kept = Kept(fetching(_client(endpoint, region), cluster))
    hosts = tuple(dict.fromkeys((*HOSTS, *(host for host, _ in places))))
    doors = [Door(listener, kept, hosts) for listener in listeners]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    for door in doors:
        threading.Thread(target=door.serve_forever, name="pods", daemon=True).start()
    urls = [endpoint_of(*listener.getsockname()[:2]) + PATH for listener in listeners]
    if json:
        print(codec.dumps({"event": "listening", "cluster": cluster, "urls": urls}), flush=True)
    else:
        print("\n".join(f"export AWS_CONTAINER_CREDENTIALS_FULL_URI={url}" for url in urls), flush=True)
    while True:
        signal.pause()


def _client(endpoint: str | None, region: str | None) -> Any:
    """Return a client of EKS Auth that signs with the node's credentials. Raises Failure."""
    import botocore.session
    from botocore.config import Config
    from botocore.utils import IMDSRegionProvider

    session = botocore.session.get_session()
    where = endpoint or os.environ.get("AWS_ENDPOINT_URL_EKS_AUTH") or os.environ.get("AWS_ENDPOINT_URL")
    if not where:
        raise Failure(
            "The agent does not know where EKS Auth answers.",
            "Say it by --endpoint URL, or AWS_ENDPOINT_URL.",
        )
    found = region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    found = found or IMDSRegionProvider(session).provide()
    if not found:
        raise Failure("The agent does not know its region.", "Say it by --region, or AWS_REGION.")
    return session.create_client(
        "eks-auth",
        region_name=found,
        endpoint_url=where,
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2}),
    )
