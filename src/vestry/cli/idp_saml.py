"""`vestry idp saml` and `vestry idp metadata`: the SAML half of the built-in identity provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli import output
from vestry.cli.choices import Json
from vestry.cli.failure import Failure
from vestry.cli.idp import IdpData, checked_issuer, home_at, issuer_of, name_and_value, tried

if TYPE_CHECKING:
    from cryptography import x509

Issuer = Annotated[
    str | None, typer.Option(help="The provider's URL.", metavar="URL", show_default="what was served last")
]


def metadata(issuer: Issuer = None, data: IdpData = None) -> None:
    """Print the SAML metadata, as `aws iam create-saml-provider --saml-metadata-document file://…` takes it."""
    from vestry.idp import saml
    from vestry.idp.saml_key import pair_of

    home = home_at(data)
    url = issuer_of(home) if issuer is None else checked_issuer(issuer)
    pair = tried(home, lambda: pair_of(home))
    typer.echo(saml.metadata(url, pair))


def response(
    role: Annotated[str, typer.Option(help="The role to be assumed.", metavar="ARN")],
    provider: Annotated[str, typer.Option(help="The registered SAML provider.", metavar="ARN")],
    session_name: Annotated[str, typer.Option(help="The name of the role's session.", metavar="NAME")],
    name_id: Annotated[
        str | None,
        typer.Option(help="Who it is about.", metavar="NAME", show_default="the session's name"),
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(help="Where it is sent.", metavar="URL", show_default="AWS's sign-in")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="Whom it is for.", metavar="URI", show_default="AWS")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="A further attribute; given often, a further value.", metavar="NAME=VALUE"),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A session tag.", metavar="KEY=VALUE")] = None,
    transitive: Annotated[
        list[str] | None,
        typer.Option(help="The key of a session tag that goes on to further roles.", metavar="KEY"),
    ] = None,
    source_identity: Annotated[str, typer.Option(help="The session's source identity.", metavar="NAME")] = "",
    session_duration: Annotated[
        str, typer.Option(help="How long the session lasts at most.", metavar="DURATION")
    ] = "",
    encrypt_to: Annotated[
        Path | None,
        typer.Option(help="Encrypt the assertion for this certificate (PEM, RSA).", metavar="FILE"),
    ] = None,
    issuer: Issuer = None,
    expired: Annotated[bool, typer.Option("--expired", help="Break it: it has expired.")] = False,
    wrong_audience: Annotated[
        bool, typer.Option("--wrong-audience", help="Break it: it is for somebody else.")
    ] = False,
    wrong_recipient: Annotated[
        bool, typer.Option("--wrong-recipient", help="Break it: it is sent elsewhere.")
    ] = False,
    wrong_key: Annotated[bool, typer.Option("--wrong-key", help="Break it: another key signs.")] = False,
    data: IdpData = None,
    json: Json = False,
) -> None:
    """Print a signed response in base64, as AssumeRoleWithSAML takes it, once. No provider needs to run for that."""
    import base64
    import time

    from vestry.cli.clock import read_duration
    from vestry.idp import saml
    from vestry.idp.saml_key import pair_of

    tags = dict(name_and_value(text) for text in tag or ())
    if not set(transitive or ()) <= set(tags):
        raise typer.BadParameter("--transitive names a tag that --tag does not give")
    attributes: dict[str, list[str]] = {}
    for name, value in map(name_and_value, attribute or ()):
        attributes.setdefault(name, []).append(value)
    home = home_at(data)
    wish = saml.Wish(
        issuer=issuer_of(home) if issuer is None else checked_issuer(issuer),
        role=role,
        provider=provider,
        session_name=session_name,
        name_id=name_id or session_name,
        recipient=recipient or saml.AWS_SIGN_IN,
        audience=audience or saml.AWS_AUDIENCE,
        attributes=attributes,
        tags=tags,
        transitive=transitive or (),
        source_identity=source_identity,
        session_duration=read_duration(session_duration) if session_duration else 0,
        encrypt_to=None if encrypt_to is None else _certificate(encrypt_to),
        expired=expired,
        wrong_audience=wrong_audience,
        wrong_recipient=wrong_recipient,
        wrong_key=wrong_key,
    )
    pair = tried(home, lambda: pair_of(home))
    try:
        made = saml.response(wish, pair, int(time.time()))
    except ValueError:
        raise typer.BadParameter("what is said has characters that XML cannot hold") from None
    text = base64.b64encode(made).decode()
    output.answer({"SAMLAssertion": text, "Issuer": saml.entity_id(wish.issuer)}, json, text)


def _certificate(file: Path) -> x509.Certificate:
    """Return the certificate in a file; the file is the user's, so what is wrong with it is told."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Failure(f"{file} holds no certificate in PEM form.") from None
    if not isinstance(certificate.public_key(), RSAPublicKey):
        raise Failure(f"The certificate in {file} is not of an RSA key.")
    return certificate
