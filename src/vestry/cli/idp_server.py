"""Running the built-in identity provider: its certificate, its socket, and what it says when it is ready."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from vestry.cli.certificates import make
from vestry.cli.failure import Failure
from vestry.idp.documents import oidc_routes, saml_routes
from vestry.idp.home import Home
from vestry.idp.saml_key import pairs_of
from vestry.idp.serve import serve
from vestry.server.listening import listening

NAMES = ("localhost", "127.0.0.1", "::1")
_AUTHORITY, _CERTIFICATE, _KEY = "ca.pem", "server.pem", "server.key"


def run(
    home: Home, host: str, port: int, issuer: str | None, pair: tuple[Path, Path] | None, *, json: bool
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    try:
        listener = listening(host, port)
        url = issuer or f"https://localhost:{listener.getsockname()[1]}"
        home.issuer = url
        home.ring()
        pairs_of(home)
        authority = None if pair is not None else home.path / "tls" / _AUTHORITY
        certificate, key = pair or _own_pair(home)
    except OSError as error:
        raise Failure(f"{error.filename or f'{host}:{port}'} cannot be used: {error.strerror}.") from None
    except (ValueError, KeyError, msgspec.MsgspecError):
        raise Failure(f"A file in {home.path} is damaged.", "Remove the folder to begin anew.") from None

    def ready() -> None:
        print(_line(url, home, authority) if json else _banner(url, home, authority), flush=True)

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        routes = oidc_routes(home, url) | saml_routes(home, url)
        await serve(routes, listener, certificate, key, ready, stop)

    try:
        asyncio.run(main())
    except (OSError, ssl.SSLError) as error:
        print(f"vestry: {certificate} and {key} cannot be served with: {error}", file=sys.stderr)
        return 1
    finally:
        listener.close()
    return 0


def _own_pair(home: Home) -> tuple[Path, Path]:
    """Return the provider's own certificate and key; the first time they are made, with an authority for them."""
    folder = home.path / "tls"
    files = [folder / name for name in (_AUTHORITY, _CERTIFICATE, _KEY)]
    if not all(file.exists() for file in files):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = make(NAMES, datetime.now(UTC))
        # The authority's key is not kept: it signs this one certificate and never another.
        for file, text in zip(files, (made.authority, made.certificate, made.key), strict=True):
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
                opened.write(text)
    return files[1], files[2]


def _line(url: str, home: Home, authority: Path | None) -> str:
    said = {
        "event": "ready",
        "issuer": url,
        "data": str(home.path),
        "authority": str(authority) if authority else None,
    }
    return msgspec.json.encode(said).decode()


def _banner(url: str, home: Home, authority: Path | None) -> str:
    data = f" --data {shlex.quote(str(home.path))}"
    trust = (
        f"  trust     SSL_CERT_FILE={shlex.quote(str(authority))} vestry serve\n"
        if authority is not None
        else ""
    )
    return (
        "Vestry's identity provider, for trying things out.\n"
        f"  issuer    {url}\n"
        f"{trust}"
        f"  register  aws iam create-open-id-connect-provider --url {shlex.quote(url)} --client-id-list sts.amazonaws.com\n"
        f"  token     vestry idp token --sub repo:org/app:ref:refs/heads/main --aud sts.amazonaws.com{data}\n"
        f"  metadata  vestry idp metadata{data}\n"
        f"  response  vestry idp saml --role ARN --provider ARN --session-name NAME{data}\n"
        "Ready."
    )
