"""The options of the built-in identity provider's commands, each named once, and how their texts are read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli.choices import user_data

if TYPE_CHECKING:
    from vestry.idp.home import Home

IdpData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The provider's own folder; else VESTRY_IDP_DATA.",
        metavar="DIR",
        show_default="the user's own",
    ),
]
Issuer = Annotated[
    str | None, typer.Option(help="The provider's URL.", metavar="URL", show_default="what was served last")
]

# ── What is said of the session, whichever the protocol ──────────────────────────────────────────────────────────

Tags = Annotated[list[str] | None, typer.Option(help="A session tag.", metavar="KEY=VALUE")]
Transitive = Annotated[
    list[str] | None,
    typer.Option(help="The key of a session tag that goes on to further roles.", metavar="KEY"),
]
SourceIdentity = Annotated[str, typer.Option(help="The session's source identity.", metavar="NAME")]

# ── How it is broken, whichever the protocol ─────────────────────────────────────────────────────────────────────

Expired = Annotated[bool, typer.Option("--expired", help="Break it: it has expired.")]
WrongAudience = Annotated[bool, typer.Option("--wrong-audience", help="Break it: it is for somebody else.")]

# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────

Subject = Annotated[
    str,
    typer.Option(
        help="The subject: repo:OWNER/NAME:ref:…, project_path:…, system:serviceaccount:NAMESPACE:NAME, digits, or any."
    ),
]
Audiences = Annotated[
    list[str], typer.Option(help="The audience: a client id of the provider; may be given often.")
]
Shape = Annotated[
    str | None,
    typer.Option(
        help="github, gitlab, kubernetes, google or plain.",
        metavar="SHAPE",
        show_default="the subject's own",
    ),
]
Claims = Annotated[
    list[str] | None,
    typer.Option(help="A further claim; the value is JSON, or else text.", metavar="NAME=VALUE"),
]
Lifetime = Annotated[str, typer.Option(help="How long it is valid.", metavar="DURATION")]
WrongTokenKey = Annotated[
    bool, typer.Option("--wrong-key", help="Break it: another key signs under this one's id.")
]
Algorithm = Annotated[
    str,
    typer.Option(
        help="What the new key signs tokens with: RS256, RS384, RS512, ES256, ES384 or ES512.", metavar="ALG"
    ),
]

# ── Responses ────────────────────────────────────────────────────────────────────────────────────────────────────

Role = Annotated[str, typer.Option(help="The role to be assumed.", metavar="ARN")]
Provider = Annotated[str, typer.Option(help="The registered SAML provider.", metavar="ARN")]
SessionName = Annotated[str, typer.Option(help="The name of the role's session.", metavar="NAME")]
NameId = Annotated[
    str | None, typer.Option(help="Who it is about.", metavar="NAME", show_default="the session's name")
]
Recipient = Annotated[
    str | None, typer.Option(help="Where it is sent.", metavar="URL", show_default="AWS's sign-in")
]
Audience = Annotated[str | None, typer.Option(help="Whom it is for.", metavar="URI", show_default="AWS")]
Attributes = Annotated[
    list[str] | None,
    typer.Option(help="A further attribute; given often, a further value.", metavar="NAME=VALUE"),
]
SessionDuration = Annotated[str, typer.Option(help="How long the session lasts at most.", metavar="DURATION")]
EncryptTo = Annotated[
    Path | None, typer.Option(help="Encrypt the assertion for this certificate (PEM, RSA).", metavar="FILE")
]
WrongRecipient = Annotated[bool, typer.Option("--wrong-recipient", help="Break it: it is sent elsewhere.")]
WrongKey = Annotated[bool, typer.Option("--wrong-key", help="Break it: another key signs.")]


def home_at(data: Path | None) -> Home:
    """Return the folder that the option means, else the environment, else the user's own."""
    from vestry.idp.home import Home

    given = os.environ.get("VESTRY_IDP_DATA")
    return Home((data or (Path(given) if given else user_data() / "vestry-idp")).absolute())


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


def name_and_value(text: str) -> tuple[str, str]:
    """Return the two sides of NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def tags_of(given: Sequence[str] | None, transitive: Sequence[str] | None) -> dict[str, str]:
    """Return the session tags; a transitive one that is not among them is a usage error."""
    tags = dict(name_and_value(text) for text in given or ())
    if not set(transitive or ()) <= set(tags):
        raise typer.BadParameter("--transitive names a tag that --tag does not give")
    return tags


def claim_value(text: str) -> Any:
    """Return the value of a claim: JSON where it is some, else the text."""
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
