"""`vestry service`: principals such as backup.internal, which assume the roles that trust them."""

from __future__ import annotations

from typing import Annotated

import typer

from vestry.cli import new_key as key_of_service
from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json

Name = Annotated[str, typer.Argument(help="A service's name, such as backup.internal.", metavar="NAME")]
Profile = Annotated[
    str | None, typer.Option(help="Write the access key into this AWS profile.", metavar="PROFILE")
]


def create(
    name: Name, profile: Profile = None, data: Data = None, database: Database = None, json: Json = False
) -> None:
    """Register a service with an access key, which is shown this once. It belongs to no account."""
    _key("service.create", name, profile, data, database, json)


def new_key(
    name: Name, profile: Profile = None, data: Data = None, database: Database = None, json: Json = False
) -> None:
    """Give a service a second access key, shown this once; delete the first when nothing uses it any more."""
    _key("service.new-key", name, profile, data, database, json)


def list_services(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the services, by name."""
    found = operator.perform("service.list", {}, data, database)
    if json or not found["Services"]:
        output.answer(found, json, "There are no services yet. Register one: vestry service create NAME")
        return
    rows = [[row["Service"], " ".join(row["AccessKeyIds"])] for row in found["Services"]]
    output.table(("Service", "Access keys"), rows)


def delete_key(
    name: Name,
    key: Annotated[str, typer.Argument(help="An access key id.", metavar="KEY")],
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Delete an access key of a service."""
    row = operator.perform("service.delete-key", {"name": name, "key": key}, data, database)
    left = " ".join(row["AccessKeyIds"]) or "none"
    output.answer(row, json, f"Access key {key} of {name} is deleted; left: {left}.")


def delete(
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="Even while trust policies name it: a namesake would be trusted.")
    ] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Delete a service and its access keys."""
    row = operator.perform("service.delete", {"name": name, "force": force}, data, database)
    output.answer(row, json, f"The service {name} is deleted.")


def _key(command: str, name: str, profile: str | None, data: Data, database: Database, json: bool) -> None:
    key_of_service.make(
        command,
        {"name": name},
        profile,
        data,
        database,
        json,
        title=lambda made: f"Service {made['Service']}, an access key of its own, shown this once:",
        kept=lambda _: "The key is made: put what is printed above into a profile yourself.",
    )
