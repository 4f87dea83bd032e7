"""`vestry account`: create, list, set, reset, delete. They work while a server runs and when none does."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vestry.cli import new_key, operator, output
from vestry.cli.choices import Data, Database, Json

Account = Annotated[str, typer.Argument(help="An account's id or alias.", metavar="ACCOUNT")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def create(
    alias: Annotated[str, typer.Argument(help="The account's alias.", metavar="ALIAS")],
    identifier: Annotated[
        str | None, typer.Option("--id", help="Twelve digits.", show_default="a free one", metavar="ID")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Write the root key into this AWS profile.", metavar="NAME")
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Create an account with its root user's access key, which is shown this once."""
    new_key.make(
        "account.create",
        {"alias": alias, "id": identifier},
        profile,
        data,
        database,
        json,
        title=lambda made: (
            f"Account {made['Alias']} ({made['AccountId']}) with its root user's access key, shown this once:"
        ),
        kept=lambda made: (
            f"The account {made['Alias']} is made: put the key printed above into a profile yourself."
        ),
    )


def list_accounts(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the accounts, by alias."""
    found = operator.perform("account.list", {}, data, database)
    if json or not found["Accounts"]:
        nothing = "There are no accounts yet. Create one: vestry account create ALIAS --profile NAME"
        output.answer(found, json, nothing)
        return
    counts = ("Users", "Roles", "Policies")
    rows = [
        [row["AccountId"], row["Alias"], *(str(row[name]) for name in counts), _word(row)]
        for row in found["Accounts"]
    ]
    output.table(("Account", "Alias", *counts, "Wildcard principals"), rows, right=counts)


def set_options(
    account: Account,
    allow_wildcard_principals: Annotated[
        bool | None,
        typer.Option(
            "--allow-wildcard-principals/--no-allow-wildcard-principals",
            help='Whether a trust policy may name everybody, {"AWS": "*"}, as AWS tolerates.',
        ),
    ] = None,
    root_sessions_by: Annotated[
        str | None,
        typer.Option(
            help="The account (id or alias) whose principals may assume this one's root user with AssumeRoot, or none.",
            metavar="ACCOUNT",
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Change an account's options; what is not given stays."""
    if allow_wildcard_principals is None and root_sessions_by is None:
        raise typer.BadParameter(
            "say what to set: --allow-wildcard-principals, --no-allow-wildcard-principals or --root-sessions-by"
        )
    arguments = {
        "account": account,
        "allow_wildcard_principals": allow_wildcard_principals,
        "root_manager": root_sessions_by,
    }
    row = operator.perform("account.set", arguments, data, database)
    managed = f"by {row['RootSessionsBy']}" if row["RootSessionsBy"] else "by nobody"
    output.answer(row, json, f"{_title(row)}: wildcard principals {_word(row)}; root sessions {managed}.")


def reset(
    account: Account, data: Data = None, database: Database = None, json: Json = False, yes: Yes = False
) -> None:
    """Empty an account: its root key stays, its sessions end."""
    _confirm(f"Delete everything in account {account}, except its root key?", yes)
    row = operator.perform("account.reset", {"account": account}, data, database)
    output.answer(row, json, f"{_title(row)} is empty; its root key stays.")


def delete(
    account: Account, data: Data = None, database: Database = None, json: Json = False, yes: Yes = False
) -> None:
    """Delete an account and everything in it."""
    _confirm(f"Delete account {account} and everything in it?", yes)
    row = operator.perform("account.delete", {"account": account}, data, database)
    output.answer(row, json, f"{_title(row)} is deleted.")


def _title(row: Mapping[str, Any]) -> str:
    return f"Account {row['Alias']} ({row['AccountId']})"


def _word(row: Mapping[str, Any]) -> str:
    return "allowed" if row["AllowWildcardPrincipals"] else "refused"


def _confirm(question: str, yes: bool) -> None:
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm(question, abort=True, err=True)
