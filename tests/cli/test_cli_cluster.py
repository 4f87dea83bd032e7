"""`vestry cluster`: what is registered of a Kubernetes cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import Vestry
from serving import Server
from vestry.cli.failure import Failure

ISSUER = "https://oidc.example.org/id/1"


def test_registered_listed_and_deleted(data: Path, vestry: Vestry) -> None:
    store = ("--data", str(data))
    number = json.loads(vestry("account", "create", "production", *store, "--json").out)["AccountId"]
    assert "no clusters yet" in vestry("cluster", "list", *store).out
    create = ("cluster", "create", "prod", "--account", "production", "--issuer", ISSUER, *store)
    said = vestry(*create, "--region", "eu-west-1", "--thumbprint", "AB" * 20, "--json")
    assert said.code == 0, said.err
    arn = f"arn:aws:eks:eu-west-1:{number}:cluster/prod"
    assert json.loads(said.out) == {
        "Name": "prod", "AccountId": number, "Region": "eu-west-1", "ClusterArn": arn, "Issuer": ISSUER, "Associations": 0,
    }  # fmt: skip
    rows = [line.split() for line in vestry("cluster", "list", *store).out.splitlines()]
    assert rows == [["Cluster", "Issuer", "Associations"], [arn, ISSUER, "0"]]
    assert "already exists" in vestry(*create, "--region", "eu-west-1").err
    assert vestry(*create).code == 0, "another region's clusters have names of their own"
    assert "Name it by its ARN" in vestry("cluster", "delete", "prod", *store).err
    assert vestry("cluster", "delete", arn, *store).code == 0
    assert vestry("cluster", "delete", "prod", *store).code == 0
    assert "vestry cluster list shows them" in vestry("cluster", "delete", "prod", *store).err


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        pytest.param("account", "nobody", "account nobody cannot be found", id="an unknown account"),
        pytest.param(
            "issuer", "http://oidc.example.org", "must begin with https", id="an issuer without TLS"
        ),
        pytest.param("issuer", "https://a?b", "Invalid Open ID Connect", id="an issuer that is no URL"),
        pytest.param("thumbprints", ["xyz"], "forty hexadecimal digits", id="no thumbprint"),
        pytest.param("thumbprints", ["ab" * 20] * 6, "forty hexadecimal digits", id="too many thumbprints"),
        pytest.param("name", "a/b", "is no name", id="no name"),
        pytest.param("region", "", "is no region", id="no region"),
    ],
)
def test_what_cannot_be_a_cluster_is_refused(server: Server, argument: str, value: object, said: str) -> None:
    if "clusters" not in {row["Alias"] for row in server.operator("account.list")["Accounts"]}:
        server.account("clusters")
    good = {"name": "c", "account": "clusters", "issuer": ISSUER, "region": "eu-west-1", "thumbprints": []}
    with pytest.raises(Failure, match=said):
        server.operator("cluster.create", **(good | {argument: value}))
