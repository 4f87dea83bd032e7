"""`vestry account`: create, list, set, reset, delete. They work while a server runs and when none does."""

from __future__ import annotations

import json as codec
import sys
from typing import Annotated, Any

import typer

from vestry.cli import operator, profiles
from vestry.cli.choices import Data, Database, Json

app = typer.Typer(help="Accounts: create, list, set, reset, delete.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="An account's id or alias.", metavar="ACCOUNT")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def create(
    alias: Annotated[str, typer.Argument(help="The account's alias.", metavar="ALIAS")],
    identifier: Annotated[
        str | None, typer.Option("--id", help="Twelve digits.", show_default="a free one")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Write the root key into this AWS profile.", metavar="NAME")
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Create an account; its root user's access key is shown this once."""
    made = operator.perform("account.create", {"alias": alias, "id": identifier}, data, database)
    written: list[str] = []
    if profile:
        values = {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
        }
        written = profiles.write(profile, values, operator.endpoint(data))
    if json:
        typer.echo(codec.dumps(made))
        return
    typer.echo(
        f"Account {made['Alias']} ({made['AccountId']}) with its root user's access key, shown this once:"
    )
    typer.echo(f"  AccessKeyId      {made['AccessKeyId']}")
    typer.echo(f"  SecretAccessKey  {made['SecretAccessKey']}")
    if profile:
        typer.echo(f"Profile {profile} written to {' and '.join(written)}. Try:")
        typer.echo(f"  aws --profile {profile} sts get-caller-identity")


@app.command("list")
def list_accounts(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the accounts."""
    found = operator.perform("account.list", {}, data, database)
    if json:
        typer.echo(codec.dumps(found))
        return
    if not found["Accounts"]:
        typer.echo("There are no accounts yet. Create one: vestry account create ALIAS --profile NAME")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Account", "Alias", box=None, header_style="bold")
    for title in ("Users", "Roles", "Policies"):
        table.add_column(title, justify="right")
    table.add_column("Wildcard principals")
    for row in found["Accounts"]:
        counts = [str(row[name]) for name in ("Users", "Roles", "Policies")]
        table.add_row(row["AccountId"], row["Alias"], *counts, _word(row))
    Console().print(table)


@app.command("set")
def set_options(
    account: Account,
    allow_wildcard_principals: Annotated[
        bool | None,
        typer.Option(
            "--allow-wildcard-principals/--no-allow-wildcard-principals",
            help="Whether a trust policy may name everybody, {'AWS': '*'}, as AWS tolerates.",
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Change an account's options."""
    arguments = {"account": account, "allow_wildcard_principals": allow_wildcard_principals}
    row = operator.perform("account.set", arguments, data, database)
    _say(row, json, f"Account {row['Alias']} ({row['AccountId']}): wildcard principals {_word(row)}.")


@app.command()
def reset(
    account: Account, data: Data = None, database: Database = None, json: Json = False, yes: Yes = False
) -> None:
    """Empty an account: its root key stays, its sessions end."""
    _confirm(f"Delete everything in account {account}, except its root key?", yes)
    row = operator.perform("account.reset", {"account": account}, data, database)
    _say(row, json, f"Account {row['Alias']} ({row['AccountId']}) is empty.")


@app.command()
def delete(
    account: Account, data: Data = None, database: Database = None, json: Json = False, yes: Yes = False
) -> None:
    """Delete an account and everything in it."""
    _confirm(f"Delete account {account} and everything in it?", yes)
    row = operator.perform("account.delete", {"account": account}, data, database)
    _say(row, json, f"Account {row['Alias']} ({row['AccountId']}) is deleted.")


def _word(row: dict[str, Any]) -> str:
    return "allowed" if row["AllowWildcardPrincipals"] else "refused"


def _say(row: dict[str, Any], json: bool, sentence: str) -> None:
    typer.echo(codec.dumps(row) if json else sentence)


def _confirm(question: str, yes: bool) -> None:
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(question, abort=True)
