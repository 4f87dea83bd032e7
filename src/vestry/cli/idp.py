"""`vestry idp`: a small identity provider with real keys, for trying federation without one of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli import idp_options as options
from vestry.cli import output
from vestry.cli.choices import Json
from vestry.cli.failure import Failure

if TYPE_CHECKING:
    from vestry.idp.home import Home

DEFAULT_PORT = 8443


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
    data: options.IdpData = None,
    json: Annotated[bool, typer.Option("--json", help="Print lifecycle lines as JSON, one a line.")] = False,
) -> None:
    """Serve the provider's discovery document and keys over TLS, until SIGTERM.

    Without --tls-cert a private authority and a certificate for localhost are made, and kept in the provider's folder.
    """
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    from vestry.cli.idp_server import run

    if issuer is not None:
        issuer = options.checked_issuer(issuer)
    pair = None if tls_cert is None or tls_key is None else (tls_cert, tls_key)
    raise typer.Exit(run(options.home_at(data), host, port, issuer, pair, json=json))


def token(
    sub: options.Subject,
    aud: options.Audiences,
    shape: options.Shape = None,
    claim: options.Claims = None,
    tag: options.Tags = None,
    transitive: options.Transitive = None,
    source_identity: options.SourceIdentity = "",
    lifetime: options.Lifetime = "1h",
    issuer: options.Issuer = None,
    expired: options.Expired = False,
    wrong_audience: options.WrongAudience = False,
    wrong_key: options.WrongTokenKey = False,
    data: options.IdpData = None,
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
    tags = options.tags_of(tag, transitive)
    home = options.home_at(data)
    wish = tokens.Wish(
        issuer=issuer_of(home, issuer),
        subject=sub,
        audience=aud,
        shape=shape or "",
        lifetime=read_duration(lifetime),
        claims={name: options.claim_value(text) for name, text in map(options.name_and_value, claim or ())},
        tags=tags,
        transitive=transitive or (),
        source_identity=source_identity,
        expired=expired,
        wrong_audience=wrong_audience,
        wrong_key=wrong_key,
    )
    now, token_id = int(time.time()), secrets.token_hex(16)
    made = tokens.token(wish, tried(home, home.ring).current, now, token_id)
    output.answer({"Token": made, "Claims": tokens.claims_of(wish, now, token_id)}, json, made)


def rotate(alg: options.Algorithm = "RS256", data: options.IdpData = None, json: Json = False) -> None:
    """Sign tokens and SAML responses with new keys from now on; the two before them stay published.

    A running provider publishes them at once. Where its SAML metadata is registered, it must be updated.
    """
    from vestry.idp import saml_key
    from vestry.idp.keys import CURVES

    if alg not in CURVES:
        raise typer.BadParameter(f"{alg!r} is no algorithm here: there are {', '.join(CURVES)}")
    home = options.home_at(data)
    ring = tried(home, home.ring).rotated(alg)
    pairs = saml_key.rotated(tried(home, lambda: saml_key.pairs_of(home)))
    tried(home, lambda: home.keep(ring))
    tried(home, lambda: saml_key.keep(home, pairs))
    ids = [key.kid for key in ring.keys]
    output.answer(
        {"Current": ids[0], "Published": ids, "SAMLCertificates": len(pairs)},
        json,
        f"{ids[0]} signs now; published: {', '.join(map(str, ids))}.\n"
        f"SAML responses are signed with a new key too. Where the provider is registered, give it the new metadata\n"
        f"(with {len(pairs)} certificates, so that earlier responses are still taken):\n"
        f"  vestry idp metadata >idp.xml\n"
        f"  aws iam update-saml-provider --saml-provider-arn ARN --saml-metadata-document file://idp.xml",
    )


def issuer_of(home: Home, given: str | None = None) -> str:
    """Return the issuer that was given, else what the provider was served as last."""
    if given is not None:
        return options.checked_issuer(given)
    return tried(home, lambda: home.issuer) or f"https://localhost:{DEFAULT_PORT}"


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
