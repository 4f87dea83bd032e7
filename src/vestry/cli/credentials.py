"""`vestry env` and `vestry exec`: credentials for other programs."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping


def env(
    profile: Annotated[str, typer.Option(help="The AWS profile.", metavar="NAME")],
) -> None:
    """Print a profile's credentials and endpoint as exports: eval "$(vestry env --profile NAME)"."""
    session = _session(profile)
    values = _credentials(session) | _place(session)
    for name, value in values.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if "AWS_SESSION_TOKEN" not in values:
        typer.echo("unset AWS_SESSION_TOKEN")
    typer.echo("unset AWS_PROFILE")


def execute(
    role: Annotated[str, typer.Option("--role", help="The ARN of the role.", metavar="ARN")],
    command: Annotated[list[str], typer.Argument(help="The command, after --.", metavar="-- CMD")],
    profile: Annotated[
        str | None,
        typer.Option(help="The AWS profile that assumes it.", show_default="the usual credentials"),
    ] = None,
    session_name: Annotated[str, typer.Option(help="The session's name.")] = "vestry-exec",
    duration: Annotated[int | None, typer.Option(help="Seconds.", min=900, max=43200)] = None,
) -> None:
    """Assume a role with your usual AWS credentials and run a command with what it gives."""
    session = _session(profile)
    given = _assume(session, role, session_name, duration)
    environment = {name: value for name, value in os.environ.items() if name != "AWS_PROFILE"}
    environment |= _place(session) | {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - running it is what was asked
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error.strerror}.") from None


def _session(profile: str | None) -> Any:
    import botocore.exceptions
    import botocore.session

    session = botocore.session.Session(profile=profile)
    try:
        session.get_scoped_config()
    except botocore.exceptions.ProfileNotFound:
        raise Failure(
            f"There is no AWS profile {profile}.", "vestry account create ALIAS --profile NAME writes one."
        ) from None
    return session


def _credentials(session: Any) -> dict[str, str]:
    found = session.get_credentials()
    if found is None:
        raise Failure("There are no AWS credentials.", "Give a --profile, or set AWS_ACCESS_KEY_ID.")
    frozen = found.get_frozen_credentials()
    values = {"AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
    if frozen.token:
        values["AWS_SESSION_TOKEN"] = frozen.token
    return values


def _place(session: Any) -> dict[str, str]:
    """Return the variables that lead clients to the server: endpoint and region."""
    region = session.get_config_variable("region") or "us-east-1"
    values = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or session.get_scoped_config().get("endpoint_url")
    if endpoint:
        values["AWS_ENDPOINT_URL"] = endpoint
    return values


def _assume(session: Any, role: str, name: str, duration: int | None) -> Mapping[str, str]:
    import botocore.exceptions

    options: dict[str, Any] = {} if duration is None else {"DurationSeconds": duration}
    place = _place(session)
    try:
        client = session.create_client(
            "sts", region_name=place["AWS_REGION"], endpoint_url=place.get("AWS_ENDPOINT_URL")
        )
        answer = client.assume_role(RoleArn=role, RoleSessionName=name, **options)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise Failure(
            str(error), "Both halves are needed: the role's trust policy, and sts:AssumeRole for the caller."
        ) from None
    given: Mapping[str, str] = answer["Credentials"]
    return given
