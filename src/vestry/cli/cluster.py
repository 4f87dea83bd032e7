"""`vestry cluster`: Kubernetes clusters whose pods get roles by EKS Pod Identity."""

from __future__ import annotations

from typing import Annotated

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json


def create(
    name: Annotated[str, typer.Argument(help="The cluster's name.", metavar="NAME")],
    account: Annotated[str, typer.Option(help="The account that it belongs to: its id or alias.")],
    issuer: Annotated[
        str, typer.Option(help="Who issues its service accounts' tokens (their claim iss).", metavar="URL")
    ],
    region: Annotated[str, typer.Option(help="The region that it is asked for in.")] = "us-east-1",
    thumbprint: Annotated[
        list[str] | None,
        typer.Option(
            help="SHA-1 of a certificate that may speak for the issuer, beside what the machine trusts.",
            metavar="HEX",
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Register a Kubernetes cluster. Nothing is started: what counts is who issues its tokens."""
    arguments = {
        "name": name, "account": account, "issuer": issuer, "region": region, "thumbprints": thumbprint or [],
    }  # fmt: skip
    row = operator.perform("cluster.create", arguments, data, database)
    output.answer(row, json, f"{row['ClusterArn']} is registered; its tokens come from {row['Issuer']}.")


def list_clusters(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the clusters, by ARN."""
    found = operator.perform("cluster.list", {}, data, database)
    if json or not found["Clusters"]:
        said = "There are no clusters yet. Register one: vestry cluster create NAME --account A --issuer URL"
        output.answer(found, json, said)
        return
    rows = [[row["ClusterArn"], row["Issuer"], str(row["Associations"])] for row in found["Clusters"]]
    output.table(("Cluster", "Issuer", "Associations"), rows, right=("Associations",))


def delete(
    name: Annotated[str, typer.Argument(help="The cluster's name or ARN.", metavar="NAME")],
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Delete a cluster and its pod identity associations."""
    row = operator.perform("cluster.delete", {"name": name}, data, database)
    output.answer(row, json, f"{row['ClusterArn']} is deleted, with {row['Associations']} associations.")
