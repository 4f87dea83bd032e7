"""boto3 as a program on an instance: it finds the role by itself, and every condition on instances holds over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import InstanceMetadataProvider
from botocore.exceptions import ClientError
from botocore.utils import InstanceMetadataFetcher

from launching import EC2_TRUST, ec2_client, launch, profile
from machine import Machine
from places import Place, allowed, document, refusal, statement
from serving import Server, serving
from vestry.directory.machines import TERMINATED
from vestry.server.metadata_places import read_place

ADDRESS = "127.0.0.1"
EVERYTHING = statement("Allow", "*")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    with serving(data, metadata=(read_place("127.0.0.1:0"),), test_clock=True) as running:
        yield running


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    """An account in which an instance with this machine's address runs as the role `app`."""
    found = Place(server)
    profile(found)
    made = launch(ec2_client(found), PrivateIpAddress=ADDRESS, IamInstanceProfile={"Name": "web"})
    found.instance = made["InstanceId"]  # type: ignore[attr-defined]
    yield found
    ec2_client(found).terminate_instances(InstanceIds=[made["InstanceId"]])


def permit(place: Place, *statements: dict[str, Any], role: str = "app") -> None:
    """Write the permissions of a role."""
    place.iam.put_role_policy(RoleName=role, PolicyName="permissions", PolicyDocument=document(*statements))


def program(place: Place, *, v1: bool = False) -> botocore.session.Session:
    """A program that knows where its metadata is, and nothing else; `v1` makes it forget session tokens."""
    where = {"ec2_metadata_service_endpoint": place.server.metadata[0]}
    fetcher = InstanceMetadataFetcher(env={}, config=where)
    if v1:
        fetcher._fetch_metadata_token = lambda: None
    session = botocore.session.Session()
    session._credentials = InstanceMetadataProvider(fetcher).load()
    return session


def client(place: Place, session: botocore.session.Session, service: str) -> Any:
    """A client of a program."""
    return boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 0}),
    )


def test_it_is_its_role_under_the_instances_name(place: Place) -> None:
    told = client(place, program(place), "sts").get_caller_identity()
    role = place.iam.get_role(RoleName="app")["Role"]["RoleId"]
    instance = place.instance  # type: ignore[attr-defined]
    assert told["Arn"] == f"arn:aws:sts::{place.number}:assumed-role/app/{instance}"
    assert told["UserId"] == f"{role}:{instance}"


@pytest.mark.parametrize(
    ("operator", "key", "value", "v1", "v2"),
    [
        ("NumericLessThan", "ec2:RoleDelivery", "2.0", True, False),
        ("NumericGreaterThanEquals", "ec2:RoleDelivery", "2.0", False, True),
        ("ArnEquals", "ec2:SourceInstanceARN", "INSTANCE", True, True),
        ("ArnEquals", "ec2:SourceInstanceARN", "INSTANCE0", False, False),
        ("StringEquals", "aws:Ec2InstanceSourcePrivateIPv4", ADDRESS, True, True),
        ("IpAddress", "aws:Ec2InstanceSourcePrivateIPv4", "127.0.0.0/8", True, True),
        ("StringEquals", "aws:Ec2InstanceSourcePrivateIPv4", "127.0.0.2", False, False),
        ("StringLike", "aws:Ec2InstanceSourceVpc", "vpc-*", True, True),
        ("Null", "aws:Ec2InstanceSourceVpc", "true", False, False),
        ("StringLike", "aws:userid", "*:i-*", True, True),
    ],
)
def test_conditions_on_the_instance(
    place: Place, operator: str, key: str, value: str, v1: bool, v2: bool
) -> None:
    instance = place.instance  # type: ignore[attr-defined]
    value = value.replace("INSTANCE", f"arn:aws:ec2:us-east-1:{place.number}:instance/{instance}")
    permit(place, statement("Allow", "iam:ListRoles", Condition={operator: {key: value}}))
    assert allowed(client(place, program(place, v1=True), "iam").list_roles) is v1
    assert allowed(client(place, program(place), "iam").list_roles) is v2


def test_another_role_in_the_profile_is_had_at_once(place: Place) -> None:
    before = client(place, program(place), "sts")
    place.role("other", EC2_TRUST)
    place.iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    place.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="other")
    assert Machine(place.server.metadata[0]).get("iam/security-credentials/").text == "other"
    assert "/other/" in client(place, program(place), "sts").get_caller_identity()["Arn"]
    assert "/app/" in before.get_caller_identity()["Arn"], "what was issued lives to its end"


def test_when_the_profile_is_removed_credentials_are_served_no_longer_and_those_issued_live_on(
    place: Place,
) -> None:
    before = client(place, program(place), "sts")
    ec2 = ec2_client(place)
    (found,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    ec2.disassociate_iam_instance_profile(AssociationId=found["AssociationId"])
    assert program(place)._credentials is None
    assert before.get_caller_identity()["Account"] == place.number


def test_a_trust_policy_that_forgets_ec2_is_told_to_the_program(place: Place) -> None:
    place.iam.update_assume_role_policy(
        RoleName="app", PolicyDocument=EC2_TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")
    )
    assert program(place)._credentials is None
    machine = Machine(place.server.metadata[0])
    assert '"Code" : "AssumeRoleUnauthorizedAccess"' in machine.get("iam/security-credentials/app").text
    asked = {"principal": "ec2.amazonaws.com", "action": "sts:AssumeRole", "resource": place.arn("role/app")}
    told = place.server.operator("explain.supposed", **asked, context={"ec2:RoleDelivery": "2.0"})
    assert [one["decision"] for one in told["questions"]] == ["implicitDeny"]


def test_a_long_running_program_refreshes_its_credentials_and_meets_no_error(place: Place) -> None:
    """Half a day, by the clock of server and program, of a role whose sessions last an hour."""
    permit(place, statement("Allow", "iam:GetRole"))
    clock = place.server.clock
    session = program(place)
    credentials = session.get_credentials()
    credentials._time_fetcher = lambda: datetime.now(UTC) + timedelta(seconds=clock.offset)
    iam, used = client(place, session, "iam"), set()
    for _ in range(80):
        iam.get_role(RoleName="app")
        used.add(credentials.access_key)
        place.server.operator("clock.advance", seconds=9 * 60)
    assert len(used) >= 12


def test_the_instances_own_identity_is_known_by_name_and_permits_nothing(place: Place) -> None:
    permit(place, EVERYTHING)
    machine, instance = Machine(place.server.metadata[0]), place.instance  # type: ignore[attr-defined]
    keys = json_of(machine.get("identity-credentials/ec2/security-credentials/ec2-instance").text)
    own = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey")} | {"SessionToken": keys["Token"]}
    arn = f"arn:aws:sts::{place.number}:assumed-role/aws:ec2-instance/{instance}"
    sts = place.client("sts", own)
    told = sts.get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (arn, f"{place.number}:aws:ec2-instance:{instance}")
    for call, parameters in (
        (place.client("iam", own).list_roles, {}),
        (place.client("iam", own).get_user, {"UserName": "x"}),
        (sts.assume_role, {"RoleArn": place.role("for-all"), "RoleSessionName": "xx"}),
        (sts.get_session_token, {}),
        (sts.get_federation_token, {"Name": "xx"}),
    ):
        status, code, text = refusal(call, **parameters)
        assert (status, code) == (403, "AccessDenied"), text
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2_client(place, own).describe_instances()
    assert sts.get_caller_identity()["Arn"] == arn
    ended = ec2_client(place).terminate_instances(InstanceIds=[instance])
    assert ended["TerminatingInstances"][0]["CurrentState"]["Name"] == TERMINATED
    assert refusal(sts.get_caller_identity)[1] == "InvalidClientTokenId"


def json_of(text: str) -> dict[str, Any]:
    """Read a document."""
    found: dict[str, Any] = json.loads(text)
    return found
