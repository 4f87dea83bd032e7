"""`vestry tls init`: a private authority and a server certificate for local work."""

from __future__ import annotations

import os
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vestry.cli import output
from vestry.cli.choices import Data, Database, Json, place
from vestry.cli.failure import Failure

LOCAL = ("localhost", "127.0.0.1", "::1")
FILES = ("ca.pem", "ca.key", "server.pem", "server.key")

#: The variables by which clients are told of a private authority, and whose they are.
VARIABLES = (
    ("AWS_CA_BUNDLE", "AWS CLI, boto3, Terraform's S3 backend"),
    ("REQUESTS_CA_BUNDLE", "AWS CLI, boto3, Python's requests"),
    ("SSL_CERT_FILE", "Go (Terraform), Rust (obstore), PyArrow, Ruby, PHP, OpenSSL; Vestry's own fetches"),
    ("NODE_EXTRA_CA_CERTS", "Node.js (AWS SDK for JavaScript, CDK)"),
    ("CURL_CA_BUNDLE", "curl"),
)
_NAME = re.compile(
    r"(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    re.ASCII,
)


def init(
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="A further host name or address of this server; may be given often.", metavar="HOST"
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", help="Where the files go.", metavar="DIR", show_default="tls in the data directory"
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Make a private authority and a certificate for localhost, 127.0.0.1 and ::1, and say how clients trust it.

    What is there is never overwritten: remove the folder to begin anew.
    """
    names = [*LOCAL, *(checked_name(one) for one in name or () if one not in LOCAL)]
    place_of = (folder or place(data, database).data / "tls").absolute()
    files = {file: place_of / file for file in FILES}
    try:
        place_of.mkdir(parents=True, exist_ok=True, mode=0o700)
        present = [str(path) for path in files.values() if path.exists()]
        if present:
            raise Failure(f"{present[0]} exists: nothing was changed.", "Remove the folder, or choose --dir.")
        from vestry.cli.certificates import make

        for path, text in zip(files.values(), make(names, datetime.now(UTC)), strict=True):
            _write(path, text)
    except OSError as error:
        raise Failure(f"{error.filename or place_of} cannot be written: {error.strerror}.") from None
    answer = {"Authority": str(files["ca.pem"]), "Certificate": str(files["server.pem"])}
    answer |= {"Key": str(files["server.key"])}
    output.answer(answer | {"Names": names}, json, _sentences(files, names))


def checked_name(text: str) -> str:
    """Return a DNS name or IP address; anything else is a usage error."""
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        if _NAME.fullmatch(text) is None or len(text) > 253:
            raise typer.BadParameter(f"{text!r} is neither a host name nor an address") from None
    return text


def _write(path: Path, text: bytes) -> None:
    """Write a new file; keys are for their owner's eyes only, from the first byte on."""
    mode = 0o600 if path.suffix == ".key" else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text)


def _sentences(files: dict[str, Path], names: list[str]) -> str:
    authority = shlex.quote(str(files["ca.pem"]))
    width = max(len(variable) for variable, _ in VARIABLES) + len(authority) + 8
    serve = f"--tls-cert {shlex.quote(str(files['server.pem']))} --tls-key {shlex.quote(str(files['server.key']))}"
    lines = [
        f"# A certificate for {', '.join(names)}, signed by a new authority of your own. Serve with it:",
        f"#   vestry serve {serve}",
        "# and let clients trust the authority:",
        *(f"{f'export {variable}={authority}':{width}}  # {who}" for variable, who in VARIABLES),
        "# Java knows no such variable: "
        f"keytool -importcert -noprompt -alias vestry -file {authority} -keystore vestry.jks -storepass changeit,",
        "#   then -Djavax.net.ssl.trustStore=vestry.jks. .NET asks the system's store (or SSL_CERT_FILE on Linux).",
    ]
    return "\n".join(lines)
