"""`vestry idp`: a small identity provider with real keys, for trying federation without one of one's own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli import output
from vestry.cli.choices import Json, user_data
from vestry.cli.failure import Failure

if TYPE_CHECKING:
    from vestry.idp.home import Home

DEFAULT_PORT = 8443

IdpData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The provider's own folder; else VESTRY_IDP_DATA.",
        metavar="DIR",
        show_default="the user's own",
    ),
]


def home_at(data: Path | None) -> Home:
    """Return the folder that the option means, else the environment, else the user's own."""
    from vestry.idp.home import Home

    given = os.environ.get("VESTRY_IDP_DATA")
    return Home((data or (Path(given) if given else user_data() / "vestry-idp")).absolute())


def serve(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    issuer: Annotated[
        str | None,
        typer.Option(
            help="Who the tokens say issued them.", metavar="URL", show_default="https://localhost:PORT"
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="The certificate (PEM, with its chain).", metavar="FILE", show_default="one of its own"
        ),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="The certificate's private key (PEM).", metavar="FILE")
    ] = None,
    data: IdpData = None,
    json: Annotated[bool, typer.Option("--json", help="Print lifecycle lines as JSON, one a line.")] = False,
) -> None:
    """Serve the provider's discovery document and keys over TLS, until SIGTERM.

    Without --tls-cert a private authority and a certificate for localhost are made, and kept in the provider's folder.
    """
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    from vestry.cli.idp_server import run

    if issuer is not None:
        issuer = checked_issuer(issuer)
    pair = None if tls_cert is None or tls_key is None else (tls_cert, tls_key)
    raise typer.Exit(run(home_at(data), host, port, issuer, pair, json=json))


def token(
    sub: Annotated[
        str,
        typer.Option(
            help="The subject: repo:OWNER/NAME:ref:…, project_path:…, system:serviceaccount:NAMESPACE:NAME, digits, or any."
        ),
    ],
    aud: Annotated[
        list[str], typer.Option(help="The audience: a client id of the provider; may be given often.")
    ],
    shape: Annotated[
        str | None,
        typer.Option(
            help="github, gitlab, kubernetes, google or plain.",
            metavar="SHAPE",
            show_default="the subject's own",
        ),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(help="A further claim; the value is JSON, or else text.", metavar="NAME=VALUE"),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A session tag.", metavar="KEY=VALUE")] = None,
    transitive: Annotated[
        list[str] | None,
        typer.Option(help="The key of a session tag that goes on to further roles.", metavar="KEY"),
    ] = None,
    source_identity: Annotated[str, typer.Option(help="The session's source identity.", metavar="NAME")] = "",
    lifetime: Annotated[str, typer.Option(help="How long it is valid.", metavar="DURATION")] = "1h",
    issuer: Annotated[
        str | None, typer.Option(help="Who issued it.", metavar="URL", show_default="what was served last")
    ] = None,
    expired: Annotated[bool, typer.Option("--expired", help="Break it: it has expired.")] = False,
    wrong_audience: Annotated[
        bool, typer.Option("--wrong-audience", help="Break it: it is for somebody else.")
    ] = False,
    wrong_key: Annotated[
        bool, typer.Option("--wrong-key", help="Break it: another key signs under this one's id.")
    ] = False,
    data: IdpData = None,
    json: Json = False,
) -> None:
    """Print a signed token, as AssumeRoleWithWebIdentity takes it. No provider needs to run for that."""
    import secrets
    import time

    from vestry.cli.clock import read_duration
    from vestry.idp import tokens
    from vestry.idp.shapes import SHAPES

    if shape is not None and shape not in SHAPES:
        raise typer.BadParameter(f"{shape!r} is no shape: there are {', '.join(SHAPES)}")
    tags = dict(name_and_value(text) for text in tag or ())
    if not set(transitive or ()) <= set(tags):
        raise typer.BadParameter("--transitive names a tag that --tag does not give")
    home = home_at(data)
    wish = tokens.Wish(
        issuer=checked_issuer(issuer) if issuer is not None else issuer_of(home),
        subject=sub,
        audience=aud,
        shape=shape or "",
        lifetime=read_duration(lifetime),
        claims={name: _value(text) for name, text in map(name_and_value, claim or ())},
        tags=tags,
        transitive=transitive or (),
        source_identity=source_identity,
        expired=expired,
        wrong_audience=wrong_audience,
        wrong_key=wrong_key,
    )
    now, token_id = int(time.time()), secrets.token_hex(16)
    made = tokens.token(wish, _ring(home).current, now, token_id)
    output.answer({"Token": made, "Claims": tokens.claims_of(wish, now, token_id)}, json, made)


def rotate(
    alg: Annotated[
        str,
        typer.Option(
            help="What the new key signs with: RS256, RS384, RS512, ES256, ES384 or ES512.", metavar="ALG"
        ),
    ] = "RS256",
    data: IdpData = None,
    json: Json = False,
) -> None:
    """Sign with a new key from now on; the two before it stay published. A running provider publishes it at once."""
    from vestry.idp.keys import CURVES

    if alg not in CURVES:
        raise typer.BadParameter(f"{alg!r} is no algorithm here: there are {', '.join(CURVES)}")
    home = home_at(data)
    ring = _ring(home).rotated(alg)
    tried(home, lambda: home.keep(ring))
    ids = [key.kid for key in ring.keys]
    output.answer(
        {"Current": ids[0], "Published": ids},
        json,
        f"{ids[0]} signs now; published: {', '.join(map(str, ids))}.",
    )


def checked_issuer(text: str) -> str:
    """Return an issuer's URL as it is; what IAM would not register is a usage error."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if (
        not sound
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or not text.isprintable()
        or " " in text
    ):
        raise typer.BadParameter(f"{text!r} is no issuer: write https://HOST[:PORT][/PATH]")
    return text


def issuer_of(home: Home) -> str:
    """Return what the provider was served as last."""
    return tried(home, lambda: home.issuer) or f"https://localhost:{DEFAULT_PORT}"


def _ring(home: Home) -> Any:
    return tried(home, home.ring)


def tried(home: Home, work: Any) -> Any:
    """Do something with the provider's folder; say what is wrong with it where that fails."""
    import msgspec

    try:
        return work()
    except OSError as error:
        raise Failure(f"{error.filename or home.path} cannot be used: {error.strerror}.") from None
    except (ValueError, KeyError, msgspec.MsgspecError):
        raise Failure(
            f"A file in {home.path} is damaged.", f"Begin anew: remove {shlex.quote(str(home.path))}."
        ) from None


def name_and_value(text: str) -> tuple[str, str]:
    """Return the two sides of NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _value(text: str) -> Any:
    """Return the value of a claim: JSON where it is some, else the text."""
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
