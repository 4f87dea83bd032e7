"""`vestry serve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.choices import Data, Database, place, settings

if TYPE_CHECKING:
    from vestry.server.metadata_places import MetadataPlace

TlsCert = Annotated[
    Path | None,
    typer.Option(
        help="Speak TLS with this certificate (PEM, with its chain); read again when it changes.",
        metavar="FILE",
    ),
]
TlsKey = Annotated[
    Path | None, typer.Option(help="The certificate's private key (PEM, not encrypted).", metavar="FILE")
]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        help="Answer instances here, told by their source address; may be given often.",
        metavar="ADDRESS[:PORT][,account=NAME][,region=REGION]",
    ),
]
Containers = Annotated[
    list[str] | None,
    typer.Option(
        help="Answer tasks of `vestry container create` here; may be given often.", metavar="ADDRESS[:PORT]"
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        help="How others reach this server: the address in discovery documents, issuer and SAML recipient.",
        metavar="URL",
        show_default="the endpoint",
    ),
]


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 4566,
    data: Data = None,
    database: Database = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Keep nothing: a throw-away store that ends with the server.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print lifecycle lines as JSON, one a line.")] = False,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    metadata: Metadata = None,
    containers: Containers = None,
    public_url: PublicUrl = None,
    test_clock: Annotated[
        bool, typer.Option("--test-clock", help="FOR TESTS: let `vestry clock advance` move session time.")
    ] = False,
) -> None:
    """Answer IAM, STS and the services by which machines get roles on one port, until SIGTERM.

    The store is --data or --database, else VESTRY_DATA or VESTRY_DATABASE, else the user's data directory. Secrets are
    encrypted with the key kept beside the data, or with VESTRY_MASTER_KEY (base64 of 32 bytes).
    """
    if ephemeral and (data is not None or database is not None):
        raise typer.BadParameter("--ephemeral keeps nothing: it goes with neither --data nor --database")
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    chosen = settings(
        place(data, database),
        host=host,
        port=port,
        ephemeral=ephemeral,
        json=json,
        tls_cert=tls_cert,
        tls_key=tls_key,
        metadata=metadata_places(metadata or ()),
        containers=addresses(containers or ()),
        public_url=None if public_url is None else checked_url(public_url),
        test_clock=test_clock,
    )
    from vestry.server.run import serve as run

    raise typer.Exit(run(chosen))


def metadata_places(texts: Sequence[str]) -> tuple[MetadataPlace, ...]:
    """Return the places of --metadata. One that is not well formed is a usage error."""
    from vestry.server.metadata_places import read_place

    try:
        return tuple(map(read_place, texts))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def addresses(texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return addresses and ports. One that is not well formed is a usage error."""
    from vestry.server.addresses import read_address

    try:
        return tuple(map(read_address, texts))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def checked_url(text: str) -> str:
    """Return a public URL without a final slash: scheme, host, maybe port and path. Others are usage errors."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or parts.username is not None or not text.isprintable():
        raise typer.BadParameter(f"{text!r} is no public URL: write https://HOST[:PORT][/PATH]")
    return text.rstrip("/")
