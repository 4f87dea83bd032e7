"""A role through instance metadata, over real sockets: what boto3 finds by itself, and how soon changes show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.credentials import InstanceMetadataProvider
from botocore.utils import InstanceMetadataFetcher

from launching import EC2_TRUST, ec2_client, launch, profile
from machine import TOKEN, Machine
from places import Place, document, refusal, statement, trusting
from serving import Server, serving
from vestry.server.metadata_places import read_place

ROLES = "iam/security-credentials/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data"), metadata=(read_place("127.0.0.1:0"),)) as running:
        yield running


@pytest.fixture
def place(server: Server) -> Place:
    return Place(server)


@pytest.fixture
def ec2(place: Place) -> Iterator[Any]:
    """A client of EC2; what it launched claims no address any more when the test is over."""
    client = ec2_client(place)
    yield client
    found = client.describe_instances()["Reservations"]
    client.terminate_instances(InstanceIds=[one["InstanceId"] for held in found for one in held["Instances"]])


def credentials(machine: Machine, role: str = "app") -> dict[str, str]:
    """Return the credentials of a role, as a machine reads them."""
    answer = machine.get(ROLES + role)
    assert answer.status == 200, answer
    found: dict[str, str] = json.loads(answer.text)
    return found


def caller(server: Server, found: dict[str, str]) -> str:
    """Return the ARN of whom temporary credentials belong to."""
    keys = {"AccessKeyId": found["AccessKeyId"], "SecretAccessKey": found["SecretAccessKey"]}
    arn: str = server.client("sts", keys | {"SessionToken": found["Token"]}).get_caller_identity()["Arn"]
    return arn


@pytest.mark.parametrize("tokens", ["optional", "required"])
def test_boto3_finds_a_role_by_itself(
    server: Server, place: Place, ec2: Any, tokens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(place)
    identifier = launch(
        ec2,
        PrivateIpAddress="127.0.0.1",
        IamInstanceProfile={"Name": "web"},
        MetadataOptions={"HttpTokens": tokens},
    )["InstanceId"]
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.metadata[0])
    session = boto3.Session(region_name="us-east-1")
    found = session.get_credentials()
    assert found is not None
    assert found.method == "iam-role"
    who = session.client("sts", endpoint_url=server.endpoint).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{place.number}:assumed-role/app/{identifier}"
    assert who["UserId"].endswith(f":{identifier}")


def test_boto3_without_a_role_goes_on_without_credentials(server: Server, place: Place, ec2: Any) -> None:
    launch(ec2, PrivateIpAddress="127.0.0.1")
    fetcher = InstanceMetadataFetcher(base_url=server.metadata[0], env={}, timeout=5)
    assert InstanceMetadataProvider(fetcher).load() is None


def test_two_instances_at_once_see_only_their_own_role(server: Server, place: Place, ec2: Any) -> None:
    arns = {}
    for number in (1, 2):
        profile(place, f"profile-{number}", f"role-{number}")
        source = f"127.2.0.{number}"
        launch(ec2, PrivateIpAddress=source, IamInstanceProfile={"Name": f"profile-{number}"})
        machine = Machine(server.metadata[0], source)
        assert machine.get(ROLES).text == f"role-{number}"
        assert machine.get(ROLES + f"role-{3 - number}").status == 404
        arns[number] = caller(server, credentials(machine, f"role-{number}"))
    assert arns[1].split("/")[1] == "role-1"
    assert arns[2].split("/")[1] == "role-2"


def test_all_readers_get_the_same_credentials(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    launch(ec2, PrivateIpAddress="127.2.1.1", IamInstanceProfile={"Name": "web"})
    machine = Machine(server.metadata[0], "127.2.1.1")
    assert credentials(machine) == credentials(machine)
    without_token = json.loads(machine.send("GET", f"/latest/meta-data/{ROLES}app").text)
    assert without_token["AccessKeyId"] != credentials(machine)["AccessKeyId"], "IMDSv1 has a set of its own"


def test_a_change_of_the_role_shows_within_a_second(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    place.role("other", EC2_TRUST)
    launch(ec2, PrivateIpAddress="127.2.2.1", IamInstanceProfile={"Name": "web"})
    machine = Machine(server.metadata[0], "127.2.2.1")
    before = credentials(machine)

    began = time.monotonic()
    place.iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    assert machine.get(ROLES + "app").status == 404
    assert "does not contain a role" in machine.get("iam/info").text
    place.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="other")
    assert machine.get(ROLES).text == "other"
    assert caller(server, credentials(machine, "other")).split("/")[1] == "other"
    assert time.monotonic() - began < 1 + 1, "a second, and one for a busy machine"
    assert caller(server, before).split("/")[1] == "app", "what was issued lives on"


def test_another_profile_takes_over_and_none_is_no_role(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    profile(place, "second", "other")
    identifier = launch(ec2, PrivateIpAddress="127.2.3.1", IamInstanceProfile={"Name": "web"})["InstanceId"]
    machine = Machine(server.metadata[0], "127.2.3.1")
    (held,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    replaced = ec2.replace_iam_instance_profile_association(
        AssociationId=held["AssociationId"], IamInstanceProfile={"Name": "second"}
    )["IamInstanceProfileAssociation"]
    assert machine.get(ROLES).text == "other"
    assert machine.get(ROLES + "app").status == 404
    ec2.disassociate_iam_instance_profile(AssociationId=replaced["AssociationId"])
    for path in ("iam/info", ROLES, ROLES + "other"):
        assert machine.get(path).status == 404, path
    ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Name": "web"})
    assert credentials(machine)["Code"] == "Success"


def test_a_role_that_does_not_trust_ec2_is_not_served(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    launch(ec2, PrivateIpAddress="127.2.4.1", IamInstanceProfile={"Name": "web"})
    machine = Machine(server.metadata[0], "127.2.4.1")
    assert credentials(machine)["Code"] == "Success"
    place.iam.update_assume_role_policy(RoleName="app", PolicyDocument=trusting({"AWS": place.number}))
    refused = credentials(machine)
    assert refused["Code"] == "AssumeRoleUnauthorizedAccess"
    assert "SecretAccessKey" not in refused


def test_a_stopped_or_switched_off_instance_is_answered_403(server: Server, place: Place, ec2: Any) -> None:
    identifier = launch(ec2, PrivateIpAddress="127.2.5.1")["InstanceId"]
    machine = Machine(server.metadata[0], "127.2.5.1")
    token = machine.token()
    ec2.stop_instances(InstanceIds=[identifier])
    assert machine.send("GET", "/latest/meta-data/", {TOKEN: token}).status == 403
    ec2.start_instances(InstanceIds=[identifier])
    assert machine.send("GET", "/latest/meta-data/", {TOKEN: token}).status == 200
    ec2.modify_instance_metadata_options(InstanceId=identifier, HttpEndpoint="disabled")
    assert machine.send("GET", "/latest/meta-data/", {TOKEN: token}).status == 403


def test_policies_know_how_a_role_was_delivered(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    secure = {"NumericGreaterThanEquals": {"ec2:RoleDelivery": "2.0"}}
    policy = document(statement("Allow", "iam:ListRoles", Condition=secure))
    place.iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=policy)
    launch(ec2, PrivateIpAddress="127.2.6.1", IamInstanceProfile={"Name": "web"})
    machine = Machine(server.metadata[0], "127.2.6.1")
    second = credentials(machine)
    first = json.loads(machine.send("GET", f"/latest/meta-data/{ROLES}app").text)
    for found, wanted in ((second, True), (first, False)):
        keys = {name: found[name] for name in ("AccessKeyId", "SecretAccessKey")}
        iam = place.client("iam", keys | {"SessionToken": found["Token"]})
        if wanted:
            assert iam.list_roles()["Roles"]
        else:
            assert refusal(iam.list_roles)[1] == "AccessDenied"


def test_no_credentials_are_logged(server: Server, place: Place, ec2: Any) -> None:
    profile(place)
    launch(ec2, PrivateIpAddress="127.2.7.1", IamInstanceProfile={"Name": "web"})
    found = credentials(Machine(server.metadata[0], "127.2.7.1"))
    until = time.monotonic() + 10
    while f"{ROLES}app" not in server.log.getvalue() or "127.2.7.1" not in server.log.getvalue():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert found["SecretAccessKey"] not in server.log.getvalue()
    assert found["Token"] not in server.log.getvalue()
