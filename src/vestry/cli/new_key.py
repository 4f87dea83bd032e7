"""A new access key: shown once, and written into an AWS profile where one is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database
from vestry.cli.failure import Failure

Say = Callable[[Mapping[str, Any]], str]


def make(
    command: str,
    arguments: Mapping[str, Any],
    profile: str | None,
    data: Data,
    database: Database,
    json: bool,
    *,
    title: Say,
    kept: Say,
) -> None:
    """Carry out a command that makes an access key, and hand the key out. Raises Failure.

    `title` heads what is printed; `kept` says what exists already when the profile cannot be written.
    """
    from vestry.cli import profiles

    if profile is not None:
        profiles.check(profile)
    made = operator.perform(command, dict(arguments), data, database)
    lines = [
        title(made),
        f"  AccessKeyId      {made['AccessKeyId']}",
        f"  SecretAccessKey  {made['SecretAccessKey']}",
    ]
    # Said before the profile is written: were that to fail, the key would be lost.
    output.answer(made, json, "\n".join(lines))
    if profile is None:
        return
    secrets = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    try:
        endpoint, authority = operator.endpoint(data, database), operator.running_authority(data, database)
        written = profiles.write(profile, secrets, endpoint, authority)
    except Failure as failure:
        raise Failure(str(failure), kept(made)) from None
    if not json:
        print(f"Profile {profile} written to {' and '.join(written)}. Try:")
        print(f"  aws --profile {profile} sts get-caller-identity")
