"""`vestry env` and `vestry exec`: credentials for other programs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Json
from vestry.cli.failure import Failure
from vestry.cli.run_environment import OPERATORS

#: What would go before, or against, the credentials that we hand over.
_STALE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
_BOTH_HALVES = (
    "Both halves are needed: the role's trust policy, and a policy that lets the caller sts:AssumeRole."
)

_NOT_ROOT = "A root user may assume no role: create a user, and use their access key."


def env(
    profile: Annotated[str, typer.Option(help="The AWS profile.", metavar="NAME")],
    json: Json = False,
) -> None:
    """Print a profile's credentials and endpoint as exports: eval "$(vestry env --profile NAME)"."""
    session = _session(profile)
    values = _credentials(session, profile) | _whereabouts(session)
    if "AWS_ENDPOINT_URL" not in values:
        sys.stderr.write(
            f"vestry: the profile {profile} has no endpoint_url: clients will ask the real AWS.\n"
        )
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    lines += [f"unset {name}" for name in _STALE if name in os.environ and name not in values]
    output.answer(values, json, "\n".join(lines))


def execute(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.", metavar="CMD")],
    role: Annotated[str, typer.Option("--role", help="The ARN of the role.", metavar="ARN")],
    profile: Annotated[
        str | None,
        typer.Option(
            help="The AWS profile that assumes it.", show_default="the usual credentials", metavar="NAME"
        ),
    ] = None,
    session_name: Annotated[str, typer.Option(help="The session's name.", metavar="NAME")] = "vestry-exec",
    duration: Annotated[
        int | None, typer.Option(help="How long, in seconds.", show_default="an hour", metavar="SECONDS")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option(help="The external id that the role asks for.", metavar="ID")
    ] = None,
) -> None:
    """Assume a role with your usual AWS credentials and run a command with what it gives."""
    session = _session(profile)
    place = _whereabouts(session)
    if "AWS_ENDPOINT_URL" not in place:
        place["AWS_ENDPOINT_URL"] = operator.endpoint(None)
        authority = operator.running_authority(None)
        place |= _trust(authority) if authority and "AWS_CA_BUNDLE" not in place else {}
    parameters = {
        "RoleArn": role,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
        "ExternalId": external_id,
    }
    asked = {name: value for name, value in parameters.items() if value is not None}
    given = _assume(session, place, asked)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _STALE and not name.startswith(OPERATORS)
    }
    secrets = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, kept | place | secrets)  # noqa: S606 - running it is what was asked
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error.strerror}.") from None


execute.runs_a_command = True  # type: ignore[attr-defined]


def _session(profile: str | None) -> Any:
    """Return a botocore session. A profile that was named goes before what the environment says of endpoints."""
    import botocore.exceptions
    import botocore.session

    session = botocore.session.Session(profile=profile)
    try:
        endpoint = session.get_scoped_config().get("endpoint_url")
    except botocore.exceptions.ProfileNotFound:
        name = profile or os.environ.get("AWS_PROFILE")
        raise Failure(
            f"There is no AWS profile {name}.", "vestry account create ALIAS --profile NAME writes one."
        ) from None
    except botocore.exceptions.BotoCoreError as error:
        raise Failure(f"The AWS configuration cannot be read: {error}") from None
    if profile is not None and endpoint:
        # botocore's own AssumeRole, for profiles with role_arn, takes it from here.
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        os.environ.pop("AWS_ENDPOINT_URL_STS", None)
    return session


def _credentials(session: Any, profile: str) -> dict[str, str]:
    import botocore.exceptions

    try:
        found = session.get_credentials()
        frozen = None if found is None else found.get_frozen_credentials()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise _failure(error, os.environ.get("AWS_ENDPOINT_URL")) from None
    if frozen is None or not frozen.access_key:
        raise Failure(
            f"The AWS profile {profile} has no credentials.",
            "vestry account create ALIAS --profile NAME writes a profile with a root key.",
        )
    values = {"AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
    if frozen.token:
        values["AWS_SESSION_TOKEN"] = frozen.token
    return values


def _whereabouts(session: Any) -> dict[str, str]:
    """Return the variables that lead clients to the server: endpoint and authority, where configured, and region."""
    region = session.get_config_variable("region") or "us-east-1"
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or session.get_scoped_config().get("endpoint_url")
    values = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
    authority = session.get_config_variable("ca_bundle")
    values |= _trust(authority) if authority else {}
    return values | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _trust(authority: str) -> dict[str, str]:
    """Return the variables by which AWS's clients, and Node.js, are told of an authority."""
    return {"AWS_CA_BUNDLE": authority, "NODE_EXTRA_CA_CERTS": authority}


def _assume(session: Any, place: Mapping[str, str], asked: Mapping[str, Any]) -> Mapping[str, str]:
    import botocore.config
    import botocore.exceptions

    # The server judges the parameters: its texts are AWS's.
    config = botocore.config.Config(
        parameter_validation=False, connect_timeout=5, retries={"max_attempts": 1}
    )
    endpoint = os.environ.get("AWS_ENDPOINT_URL_STS") or place["AWS_ENDPOINT_URL"]
    try:
        client = session.create_client(
            "sts",
            region_name=place["AWS_REGION"],
            endpoint_url=endpoint,
            verify=place.get("AWS_CA_BUNDLE"),
            config=config,
        )
        given: Mapping[str, str] = client.assume_role(**asked)["Credentials"]
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ValueError) as error:
        raise _failure(error, endpoint) from None
    return given


def _failure(error: Exception, endpoint: str | None) -> Failure:
    """Return what went wrong between botocore and the server, and what to do next."""
    import botocore.exceptions

    if isinstance(error, botocore.exceptions.ClientError):
        fault = error.response.get("Error", {})
        hint = ""
        if fault.get("Code") == "AccessDenied":
            hint = _NOT_ROOT if "root" in str(fault.get("Message")) else _BOTH_HALVES
        return Failure(f"{fault.get('Code')}: {fault.get('Message')}", hint)
    if isinstance(
        error, botocore.exceptions.NoCredentialsError | botocore.exceptions.PartialCredentialsError
    ):
        return Failure(
            "There are no AWS credentials.", "Give a --profile, or set AWS_ACCESS_KEY_ID and its secret."
        )
    if isinstance(error, botocore.exceptions.SSLError):
        return Failure(
            f"The certificate of {endpoint} is not trusted.",
            "Set AWS_CA_BUNDLE to the file of its authority, or ca_bundle in the profile.",
        )
    if isinstance(error, botocore.exceptions.ConnectionError | botocore.exceptions.HTTPClientError):
        return Failure(f"No server answers at {endpoint}.", "Start it: vestry serve")
    return Failure(str(error))
