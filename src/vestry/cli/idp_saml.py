"""`vestry idp saml` and `vestry idp metadata`: the SAML half of the built-in identity provider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vestry.cli import idp_options as options
from vestry.cli import output
from vestry.cli.choices import Json
from vestry.cli.failure import Failure
from vestry.cli.idp import issuer_of, tried

if TYPE_CHECKING:
    from cryptography import x509


def metadata(issuer: options.Issuer = None, data: options.IdpData = None) -> None:
    """Print the SAML metadata, as `aws iam create-saml-provider --saml-metadata-document file://…` takes it."""
    from vestry.idp import saml
    from vestry.idp.saml_key import pairs_of

    home = options.home_at(data)
    pairs = tried(home, lambda: pairs_of(home))
    typer.echo(saml.metadata(issuer_of(home, issuer), pairs))


def response(
    role: options.Role,
    provider: options.Provider,
    session_name: options.SessionName,
    name_id: options.NameId = None,
    recipient: options.Recipient = None,
    audience: options.Audience = None,
    attribute: options.Attributes = None,
    tag: options.Tags = None,
    transitive: options.Transitive = None,
    source_identity: options.SourceIdentity = "",
    session_duration: options.SessionDuration = "",
    encrypt_to: options.EncryptTo = None,
    issuer: options.Issuer = None,
    expired: options.Expired = False,
    wrong_audience: options.WrongAudience = False,
    wrong_recipient: options.WrongRecipient = False,
    wrong_key: options.WrongKey = False,
    data: options.IdpData = None,
    json: Json = False,
) -> None:
    """Print a signed response in base64, as AssumeRoleWithSAML takes it, once. No provider needs to run for that."""
    import base64
    import time

    from vestry.cli.clock import read_duration
    from vestry.idp import saml
    from vestry.idp.saml_key import pairs_of

    home = options.home_at(data)
    wish = saml.Wish(
        issuer=issuer_of(home, issuer),
        role=role,
        provider=provider,
        session_name=session_name,
        name_id=name_id or session_name,
        recipient=recipient or saml.AWS_SIGN_IN,
        audience=audience or saml.AWS_AUDIENCE,
        attributes=_attributes(attribute),
        tags=options.tags_of(tag, transitive),
        transitive=transitive or (),
        source_identity=source_identity,
        session_duration=read_duration(session_duration) if session_duration else 0,
        encrypt_to=None if encrypt_to is None else _certificate(encrypt_to),
        expired=expired,
        wrong_audience=wrong_audience,
        wrong_recipient=wrong_recipient,
        wrong_key=wrong_key,
    )
    pairs = tried(home, lambda: pairs_of(home))
    try:
        made = saml.response(wish, pairs[0], int(time.time()))
    except ValueError:
        raise typer.BadParameter("what is said has characters that XML cannot hold") from None
    text = base64.b64encode(made).decode()
    output.answer({"SAMLAssertion": text, "Issuer": saml.entity_id(wish.issuer)}, json, text)


def _attributes(given: Sequence[str] | None) -> dict[str, list[str]]:
    """Return the values by name; a name that is given often has several."""
    attributes: dict[str, list[str]] = {}
    for name, value in map(options.name_and_value, given or ()):
        attributes.setdefault(name, []).append(value)
    return attributes


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
