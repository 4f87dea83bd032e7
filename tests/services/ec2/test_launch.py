"""RunInstances: registered machines, running at once, under names and addresses of their own; launched once for a token."""

from __future__ import annotations

import base64
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from launching import IMAGE, ONE, described, ec2_client, ids, launch, profile
from places import Place, refusal
from serving import serving
from vestry.directory import network


def test_an_instance_is_running_at_once_under_its_own_names(place: Place) -> None:
    ec2 = ec2_client(place)
    made = ec2.run_instances(ImageId=IMAGE, MinCount=2, MaxCount=3, InstanceType="t3.micro")
    assert made["OwnerId"] == place.number
    assert re.fullmatch(r"r-[0-9a-f]{17}", made["ReservationId"])
    assert [one["AmiLaunchIndex"] for one in made["Instances"]] == [0, 1, 2]
    for one in made["Instances"]:
        assert re.fullmatch(r"i-[0-9a-f]{17}", one["InstanceId"])
        assert one["State"] == {"Code": 16, "Name": "running"}
        assert one["PrivateIpAddress"].startswith("172.31.")
        dashed = one["PrivateIpAddress"].replace(".", "-")
        assert one["PrivateDnsName"] == f"ip-{dashed}.ec2.internal"
        (interface,) = one["NetworkInterfaces"]
        assert interface["PrivateIpAddress"] == one["PrivateIpAddress"]
        assert interface["SubnetId"] == one["SubnetId"]
    assert len({one["PrivateIpAddress"] for one in made["Instances"]}) == 3
    held = ec2.describe_instances()["Reservations"]
    assert [reservation["ReservationId"] for reservation in held] == [made["ReservationId"]]
    assert held[0]["Instances"] == made["Instances"]


def test_waiters_return(place: Place) -> None:
    ec2 = ec2_client(place)
    wanted = [launch(ec2)["InstanceId"]]
    for waiter in ("instance_exists", "instance_running", "instance_status_ok", "system_status_ok"):
        ec2.get_waiter(waiter).wait(InstanceIds=wanted, WaiterConfig={"MaxAttempts": 1})
    ec2.stop_instances(InstanceIds=wanted)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=wanted, WaiterConfig={"MaxAttempts": 1})
    ec2.terminate_instances(InstanceIds=wanted)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=wanted, WaiterConfig={"MaxAttempts": 1})


def test_what_is_recorded_is_returned(place: Place) -> None:
    ec2 = ec2_client(place)
    made = launch(
        ec2,
        InstanceType="m7g.large",
        KeyName="ann",
        SubnetId="subnet-1",
        SecurityGroupIds=["sg-1", "sg-2"],
        EbsOptimized=True,
        Monitoring={"Enabled": True},
        CpuOptions={"CoreCount": 1, "ThreadsPerCore": 2},
        EnclaveOptions={"Enabled": True},
        MaintenanceOptions={"AutoRecovery": "disabled"},
        NetworkPerformanceOptions={"BandwidthWeighting": "vpc-1"},
        PrivateDnsNameOptions={"HostnameType": "resource-name"},
        Placement={"AvailabilityZone": "us-east-1c", "Tenancy": "dedicated", "GroupName": "together"},
        KernelId="aki-1",
        RamdiskId="ari-1",
        InstanceInitiatedShutdownBehavior="terminate",
    )
    told = described(ec2, made["InstanceId"])
    assert told == made
    assert told["Architecture"] == "arm64"
    assert told["PrivateDnsName"] == f"{told['InstanceId']}.ec2.internal"
    expected = {
        "InstanceType": "m7g.large",
        "KeyName": "ann",
        "SubnetId": "subnet-1",
        "EbsOptimized": True,
        "Monitoring": {"State": "enabled"},
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
        "EnclaveOptions": {"Enabled": True},
        "MaintenanceOptions": {"AutoRecovery": "disabled"},
        "NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"},
        "PrivateDnsNameOptions": {"HostnameType": "resource-name"},
        "KernelId": "aki-1",
        "RamdiskId": "ari-1",
        "Placement": {
            "AvailabilityZone": "us-east-1c",
            "AvailabilityZoneId": "use1-az3",
            "Tenancy": "dedicated",
            "GroupName": "together",
        },
    }
    assert {name: told[name] for name in expected} == expected
    assert [group["GroupId"] for group in told["SecurityGroups"]] == ["sg-1", "sg-2"]


def test_groups_may_be_named_and_default_to_the_default_group(place: Place) -> None:
    ec2 = ec2_client(place)
    plain, named = (
        launch(ec2)["SecurityGroups"],
        launch(ec2, SecurityGroups=["default", "web"])["SecurityGroups"],
    )
    assert [group["GroupName"] for group in plain] == ["default"]
    assert [group["GroupName"] for group in named] == ["default", "web"]
    assert named[0] == plain[0]
    again = launch(ec2, SecurityGroupIds=[plain[0]["GroupId"]])["SecurityGroups"]
    assert again == plain


def test_regions_have_nothing_to_do_with_each_other(place: Place) -> None:
    here, there = ec2_client(place), ec2_client(place, region="eu-west-1")
    made = launch(there, PrivateIpAddress="10.0.0.1")
    assert made["Placement"]["AvailabilityZone"] == "eu-west-1a"
    assert made["PrivateDnsName"] == "ip-10-0-0-1.eu-west-1.compute.internal"
    assert ids(here.describe_instances()) == []
    assert ids(there.describe_instances()) == [made["InstanceId"]]
    assert (
        refusal(here.describe_instances, InstanceIds=[made["InstanceId"]])[1] == "InvalidInstanceID.NotFound"
    )
    assert launch(here, PrivateIpAddress="10.0.0.1")["PrivateIpAddress"] == "10.0.0.1"


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_is_free_again_when_its_instance_is_terminated(place: Place) -> None:
    ec2 = ec2_client(place)
    first = launch(ec2, PrivateIpAddress="192.0.2.7")
    assert refusal(ec2.run_instances, **ONE, PrivateIpAddress="192.0.2.7") == (
        400,
        "InvalidIPAddress.InUse",
        "Address 192.0.2.7 is in use.",
    )
    ec2.stop_instances(InstanceIds=[first["InstanceId"]])
    assert refusal(ec2.run_instances, **ONE, PrivateIpAddress="192.0.2.7")[1] == "InvalidIPAddress.InUse"
    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    assert launch(ec2, PrivateIpAddress="192.0.2.7")["PrivateIpAddress"] == "192.0.2.7"


@pytest.mark.parametrize(
    "address", ["nowhere", "240.0.0.1", "224.0.0.1", "169.254.169.254", "fd00::1", "10.0.0.1/8"]
)
def test_an_address_that_no_machine_can_have_is_refused(place: Place, address: str) -> None:
    assert refusal(ec2_client(place).run_instances, **ONE, PrivateIpAddress=address)[:2] == (
        400,
        "InvalidParameterValue",
    )


# ── Client tokens ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_same_launch_sent_again_launches_nothing(place: Place) -> None:
    ec2 = ec2_client(place)
    wanted = {"ImageId": IMAGE, "MinCount": 2, "MaxCount": 2, "ClientToken": "once"}
    first = ec2.run_instances(**wanted)
    again = ec2.run_instances(**wanted)
    assert again["ReservationId"] == first["ReservationId"]
    assert again["Instances"] == first["Instances"]
    assert len(ids(ec2.describe_instances())) == 2
    ec2.stop_instances(InstanceIds=[first["Instances"][1]["InstanceId"]])
    states = [one["State"]["Name"] for one in ec2.run_instances(**wanted)["Instances"]]
    assert states == ["running", "stopped"]


def test_a_token_used_for_another_launch_is_refused(place: Place) -> None:
    ec2 = ec2_client(place)
    launch(ec2, ClientToken="once")
    assert refusal(ec2.run_instances, **ONE, ClientToken="once", InstanceType="t3.micro")[:2] == (
        400,
        "IdempotentParameterMismatch",
    )
    assert len(ids(ec2.describe_instances())) == 1


def test_tokens_belong_to_a_region_and_an_account(place: Place) -> None:
    launch(ec2_client(place), ClientToken="once")
    launch(ec2_client(place, region="eu-west-1"), ClientToken="once", InstanceType="t3.micro")
    launch(ec2_client(Place(place.server)), ClientToken="once", InstanceType="t3.micro")


def test_a_dry_run_does_not_use_up_its_token(place: Place) -> None:
    ec2 = ec2_client(place)
    assert refusal(ec2.run_instances, **ONE, ClientToken="once", DryRun=True) == (
        412,
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
    )
    assert ids(ec2.describe_instances()) == []
    launch(ec2, ClientToken="once")
    assert refusal(ec2.run_instances, **ONE, ClientToken="once", DryRun=True)[1] == "DryRunOperation"


# ── What is wrong with a request ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"ImageId": None}, "MissingParameter", "The request must contain the parameter ImageId"),
        ({"ImageId": "x"}, "InvalidAMIID.Malformed", 'Invalid id: "x" (expecting "ami-...")'),
        ({"MaxCount": None}, "MissingParameter", "The request must contain the parameter MaxCount"),
        ({"MinCount": 0}, "InvalidParameterValue", "minCount"),
        ({"MinCount": 3}, "InvalidParameterCombination", "MinCount (3)"),
        ({"MinCount": 1001, "MaxCount": 1001}, "InstanceLimitExceeded", "(1001)"),
        ({"InstanceType": "x9.huge"}, "InvalidParameterValue", "Value (x9.huge) for parameter instanceType"),
        ({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "InvalidParameterValue", "[eu-west-1a]"),
        ({"Placement": {"AvailabilityZoneId": "euw1-az1"}}, "InvalidParameterValue", "[euw1-az1]"),
        ({"SecurityGroups": ["x"], "SubnetId": "subnet-1"}, "InvalidParameterCombination", "subnet"),
        ({"MaxCount": 2, "PrivateIpAddress": "10.0.0.1"}, "InvalidParameterCombination", "PrivateIpAddress"),
        ({"ClientToken": "x" * 65}, "InvalidParameterValue", "64"),
    ],
)
def test_a_request_that_could_never_succeed(place: Place, more: dict[str, Any], code: str, said: str) -> None:
    given = {name: value for name, value in (ONE | more).items() if value is not None}
    status, found, message = refusal(ec2_client(place).run_instances, **given)
    assert (status, found) == (400, code)
    assert said in message


def test_user_data_that_is_no_base64(place: Place) -> None:
    given = {"ImageId": IMAGE, "MinCount": "1", "MaxCount": "1", "UserData": "?"}
    answer = place.query(place.keys, "ec2", "RunInstances", given)
    assert answer.status == 400
    assert "<Code>InvalidUserData.Malformed</Code>" in answer.text


def test_user_data_comes_back_as_it_was_given(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2, UserData="#!/bin/sh\n")["InstanceId"]
    told = ec2.describe_instance_attribute(InstanceId=identifier, Attribute="userData")
    assert base64.b64decode(told["UserData"]["Value"]) == b"#!/bin/sh\n"
    launch(ec2, UserData="x" * 16384)
    assert refusal(ec2.run_instances, **ONE, UserData="x" * 16385) == (
        400,
        "InvalidParameterValue",
        "User data is limited to 16384 bytes",
    )


def test_a_zone_may_be_given_by_its_id(place: Place) -> None:
    made = launch(ec2_client(place), Placement={"AvailabilityZoneId": "use1-az2"})
    assert made["Placement"]["AvailabilityZone"] == "us-east-1b"


# ── Profiles at launch ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_profile_is_given_at_launch_by_name_or_arn(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    by_name = launch(ec2, IamInstanceProfile={"Name": "web"})["IamInstanceProfile"]
    by_arn = launch(ec2, IamInstanceProfile={"Arn": arn})["IamInstanceProfile"]
    assert by_name == by_arn
    assert by_name["Arn"] == arn
    assert by_name["Id"].startswith("AIPA")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (
            {"Name": "nowhere"},
            "InvalidParameterValue",
            "Value (nowhere) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            {"Arn": "arn:aws:iam::1:instance-profile/x"},
            "InvalidParameterValue",
            "Value (arn:aws:iam::1:instance-profile/x) for parameter iamInstanceProfile.arn is invalid. "
            "Invalid IAM Instance Profile ARN",
        ),
        (
            {"Name": "web", "Arn": "x"},
            "InvalidParameterCombination",
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        ),
    ],
)
def test_a_profile_that_is_not_one(place: Place, given: dict[str, str], code: str, said: str) -> None:
    profile(place)
    ec2 = ec2_client(place)
    assert refusal(ec2.run_instances, **ONE, IamInstanceProfile=given) == (400, code, said)


def test_a_launch_wants_a_profile_with_a_role(place: Place) -> None:
    arn = profile(place, role=None)
    assert refusal(ec2_client(place).run_instances, **ONE, IamInstanceProfile={"Name": "web"}) == (
        400,
        "InvalidParameterValue",
        f'IAM Instance Profile "{arn}" has no associated IAM Roles',
    )


def test_instances_outlive_the_server(data: Path) -> None:
    with serving(data) as server:
        place = Place(server)
        arn = profile(place)
        ec2 = ec2_client(place)
        made = launch(ec2, UserData="x", KeyName="k", ClientToken="once", IamInstanceProfile={"Arn": arn})
        ec2.modify_instance_metadata_defaults(HttpTokens="required")
    with serving(data) as server:
        place.server = server
        ec2 = ec2_client(place)
        assert described(ec2, made["InstanceId"]) == made
        again = launch(ec2, UserData="x", KeyName="k", ClientToken="once", IamInstanceProfile={"Arn": arn})
        assert again == made
        assert launch(ec2)["MetadataOptions"]["HttpTokens"] == "required"


def test_a_full_subnet_gives_what_it_has_and_refuses_a_launch_that_wants_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subnet is made small: eleven addresses are free of the sixteen of a /28, since EC2 keeps five."""
    monkeypatch.setattr(network, "RANGE", IPv4Network("172.31.0.0/28"))
    monkeypatch.setattr(network, "_ADDRESSES", 11)
    ec2 = ec2_client(place)
    code = (400, "InsufficientFreeAddressesInSubnet")
    assert refusal(ec2.run_instances, ImageId=IMAGE, MinCount=12, MaxCount=12)[:2] == code
    assert ec2.describe_instances()["Reservations"] == []
    made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=20)["Instances"]
    assert sorted(int(one["PrivateIpAddress"].rpartition(".")[2]) for one in made) == list(range(4, 15))
    assert refusal(ec2.run_instances, **ONE)[:2] == code
    assert launch(ec2_client(place, region="eu-west-1")), "another region has a subnet of its own"
    assert launch(ec2, PrivateIpAddress="10.0.0.1"), "an address of one's own is not the subnet's"
    ec2.terminate_instances(InstanceIds=[made[0]["InstanceId"]])
    assert launch(ec2)["PrivateIpAddress"] == made[0]["PrivateIpAddress"]
