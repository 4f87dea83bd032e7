"""Describing: filters of which every one reads what it says, pages, status, attributes."""

from __future__ import annotations

from typing import Any

import pytest

from launching import ONE, ec2_client, filtered, ids, launch, profile
from places import Place, refusal, tags
from serving import Server
from vestry.services.ec2.attributes import ATTRIBUTES
from vestry.services.ec2.instance_filters import INSTANCE_FILTERS


@pytest.fixture(scope="module")
def stage(server: Server) -> dict[str, Any]:
    """Two instances that differ in everything that filters read."""
    place = Place(server)
    ec2, arn = ec2_client(place), profile(place)
    one = launch(
        ec2,
        InstanceType="m7g.large",
        ImageId="ami-00000001",
        KeyName="ann",
        KernelId="aki-1",
        RamdiskId="ari-1",
        SecurityGroupIds=["sg-1"],
        SubnetId="subnet-1",
        PrivateIpAddress="10.0.0.1",
        ClientToken="one",
        Monitoring={"Enabled": True},
        Placement={"AvailabilityZone": "us-east-1b", "Tenancy": "dedicated", "GroupName": "together"},
        IamInstanceProfile={"Arn": arn},
        MetadataOptions={
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 7,
            "HttpEndpoint": "disabled",
            "HttpProtocolIpv6": "enabled",
            "InstanceMetadataTags": "enabled",
        },
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags(Name="web-1", team="blue")}],
    )
    place.server.clock.offset += 10
    two = ec2.run_instances(ImageId="ami-00000002", MinCount=2, MaxCount=2)["Instances"][1]
    ec2.stop_instances(InstanceIds=[two["InstanceId"]])
    return {"place": place, "ec2": ec2, "one": one, "two": two, "arn": arn}


def ones_values(stage: dict[str, Any]) -> dict[str, str]:
    """What each filter must be given to find the first instance."""
    one = stage["one"]
    (interface,) = one["NetworkInterfaces"]
    return {
        "architecture": "arm64",
        "availability-zone": "us-east-1b",
        "availability-zone-id": "use1-az2",
        "client-token": "one",
        "group-id": "sg-1",
        "group-name": "sg-1",
        "iam-instance-profile.arn": stage["arn"],
        "iam-instance-profile.id": one["IamInstanceProfile"]["Id"],
        "image-id": "ami-00000001",
        "instance-id": one["InstanceId"],
        "instance-state-code": "16",
        "instance-state-name": "running",
        "instance-type": "m7g.large",
        "instance.group-id": "sg-1",
        "instance.group-name": "sg-1",
        "kernel-id": "aki-1",
        "key-name": "ann",
        "launch-time": one["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "metadata-options.http-endpoint": "disabled",
        "metadata-options.http-protocol-ipv6": "enabled",
        "metadata-options.http-put-response-hop-limit": "7",
        "metadata-options.http-tokens": "required",
        "metadata-options.instance-metadata-tags": "enabled",
        "monitoring-state": "enabled",
        "network-interface.addresses.private-ip-address": "10.0.0.1",
        "network-interface.group-id": "sg-1",
        "network-interface.group-name": "sg-1",
        "network-interface.mac-address": interface["MacAddress"],
        "network-interface.network-interface-id": interface["NetworkInterfaceId"],
        "network-interface.private-dns-name": one["PrivateDnsName"],
        "network-interface.subnet-id": "subnet-1",
        "placement-group-name": "together",
        "private-dns-name": one["PrivateDnsName"],
        "private-ip-address": "10.0.0.1",
        "ramdisk-id": "ari-1",
        "reservation-id": "",
        "subnet-id": "subnet-1",
        "tag-key": "team",
        "tag:Name": "web-1",
        "tenancy": "dedicated",
    }


#: What all instances have alike, so that it cannot tell one from another.
COMMON = {
    "hypervisor": "xen",
    "metadata-options.http-protocol-ipv4": "enabled",
    "metadata-options.state": "applied",
    "network-interface.owner-id": "",
    "network-interface.vpc-id": "",
    "owner-id": "",
    "root-device-name": "/dev/xvda",
    "root-device-type": "ebs",
    "virtualization-type": "hvm",
    "vpc-id": "",
}
#: What only the stopped instance has.
STOPPED = {
    "launch-index": "1",
    "reason": "User initiated (*) GMT*",
    "state-reason-code": "Client.UserInitiatedShutdown",
    "state-reason-message": "*shutdown",
}


def test_every_filter_is_tried_here(stage: dict[str, Any]) -> None:
    assert {*ones_values(stage), *COMMON, *STOPPED} == {*INSTANCE_FILTERS.names, "tag:Name"}


def test_every_filter_reads_what_it_says(stage: dict[str, Any]) -> None:
    ec2, one = stage["ec2"], stage["one"]
    reservation = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"][0]["ReservationId"]
    for name, value in (ones_values(stage) | {"reservation-id": reservation}).items():
        found = ids(ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}]))
        if name in ("instance-state-code", "instance-state-name"):
            assert one["InstanceId"] in found, name
            assert stage["two"]["InstanceId"] not in found, name
        else:
            assert found == [one["InstanceId"]], name
        nothing = ids(ec2.describe_instances(Filters=[{"Name": name, "Values": ["something else"]}]))
        assert nothing == [], name


def test_filters_of_what_all_have_alike(stage: dict[str, Any]) -> None:
    ec2, one = stage["ec2"], stage["one"]
    place = stage["place"]
    own = dict.fromkeys(("network-interface.owner-id", "owner-id"), place.number)
    own |= dict.fromkeys(("network-interface.vpc-id", "vpc-id"), one["VpcId"])
    for name, value in (COMMON | own).items():
        assert len(ids(ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}]))) == 3, name
        assert ids(ec2.describe_instances(Filters=[{"Name": name, "Values": ["x"]}])) == [], name


def test_filters_of_what_was_stopped(stage: dict[str, Any]) -> None:
    wanted = [stage["two"]["InstanceId"]]
    for name, value in (STOPPED | {"reason": "User initiated (*"}).items():
        found = ids(stage["ec2"].describe_instances(Filters=[{"Name": name, "Values": [value]}]))
        assert found == wanted, name


def test_values_are_alternatives_and_filters_must_all_hold(stage: dict[str, Any]) -> None:
    ec2, one, two = stage["ec2"], stage["one"], stage["two"]
    both = [{"Name": "instance-id", "Values": [one["InstanceId"], two["InstanceId"]]}]
    assert ids(ec2.describe_instances(Filters=both)) == [one["InstanceId"], two["InstanceId"]]
    assert ids(
        ec2.describe_instances(Filters=[*both, {"Name": "instance-state-name", "Values": ["stopped"]}])
    ) == [two["InstanceId"]]


def test_values_have_wildcards_and_a_way_around_them(stage: dict[str, Any]) -> None:
    ec2, place = stage["ec2"], Place(stage["place"].server)
    assert filtered(ec2, image_id="ami-*1") == [stage["one"]["InstanceId"]]
    assert filtered(ec2, image_id="ami-0000000?", instance_state_name="stop*") == [stage["two"]["InstanceId"]]
    other = ec2_client(place)
    starred, plain = launch(other)["InstanceId"], launch(other)["InstanceId"]
    other.create_tags(Resources=[starred], Tags=tags(mark="a*"))
    other.create_tags(Resources=[plain], Tags=tags(mark="ab"))
    name = "tag:mark"
    assert len(ids(other.describe_instances(Filters=[{"Name": name, "Values": ["a*"]}]))) == 2
    assert ids(other.describe_instances(Filters=[{"Name": name, "Values": ["a\\*"]}])) == [starred]
    assert ids(other.describe_instances(Filters=[{"Name": name, "Values": ["A?"]}])) == []


def test_ids_and_filters_together(stage: dict[str, Any]) -> None:
    ec2, one = stage["ec2"], stage["one"]["InstanceId"]
    filters = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    assert ids(ec2.describe_instances(InstanceIds=[one], Filters=filters)) == []


@pytest.mark.parametrize("name", ["nothing", "Instance-Id", "tag", "tag-value", ""])
def test_an_unknown_filter_is_an_error(stage: dict[str, Any], name: str) -> None:
    ec2 = stage["ec2"]
    for call in (ec2.describe_instances, ec2.describe_instance_status, ec2.describe_tags):
        assert refusal(call, Filters=[{"Name": name, "Values": ["x"]}]) == (
            400,
            "InvalidParameterValue",
            f"The filter '{name}' is invalid",
        )


def test_a_filter_needs_values_and_not_too_many(stage: dict[str, Any]) -> None:
    ec2 = stage["ec2"]
    assert refusal(ec2.describe_instances, Filters=[{"Name": "instance-id"}])[:2] == (
        400,
        "InvalidParameterValue",
    )
    many = [{"Name": "instance-id", "Values": [f"i-{number}" for number in range(201)]}]
    assert refusal(ec2.describe_instances, Filters=many)[1] == "FilterLimitExceeded"


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_instances_are_described_in_pages(place: Place) -> None:
    ec2 = ec2_client(place)
    made = [one["InstanceId"] for one in ec2.run_instances(**(ONE | {"MaxCount": 4}))["Instances"]]
    place.server.clock.offset += 1
    made += [one["InstanceId"] for one in ec2.run_instances(**(ONE | {"MaxCount": 9}))["Instances"]]
    for operation, key in (("describe_instances", None), ("describe_instance_status", "InstanceStatuses")):
        pages = list(ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 5}))
        found = [ids(page) if key is None else [one["InstanceId"] for one in page[key]] for page in pages]
        assert found == [made[:5], made[5:10], made[10:]]
    first = ec2.describe_instances(MaxResults=5)
    ec2.terminate_instances(InstanceIds=made[:5])
    place.server.clock.offset += 4000
    assert ids(ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])) == made[5:10]


def test_the_size_of_a_page(place: Place) -> None:
    ec2 = ec2_client(place)
    made = launch(ec2)["InstanceId"]
    for call in (ec2.describe_instances, ec2.describe_tags, ec2.describe_instance_status):
        assert refusal(call, MaxResults=4) == (
            400,
            "InvalidParameterValue",
            "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
        )
        assert refusal(call, MaxResults=1001)[2].endswith("Expecting a value smaller than 1000.")
        assert refusal(call, NextToken="x") == (
            400,
            "InvalidParameterValue",
            "Unable to parse pagination token",
        )
    assert refusal(ec2.describe_instances, InstanceIds=[made], MaxResults=5) == (
        400,
        "InvalidParameterCombination",
        "The parameter instancesSet cannot be used with the parameter maxResults",
    )


# ── Status and attributes ────────────────────────────────────────────────────────────────────────────────────────
def test_status_is_that_of_running_instances_unless_all_are_asked_for(stage: dict[str, Any]) -> None:
    ec2, one, two = stage["ec2"], stage["one"]["InstanceId"], stage["two"]["InstanceId"]
    told = ec2.describe_instance_status()["InstanceStatuses"]
    assert two not in [status["InstanceId"] for status in told]
    assert {status["InstanceStatus"]["Status"] for status in told} == {"ok"}
    whole = ec2.describe_instance_status(IncludeAllInstances=True, InstanceIds=[one, two])["InstanceStatuses"]
    assert [(status["InstanceState"]["Name"], status["SystemStatus"]["Status"]) for status in whole] == [
        ("running", "ok"),
        ("stopped", "not-applicable"),
    ]
    for name, value, found in (
        ("instance-status.status", "not-applicable", [two]),
        ("system-status.status", "not-applicable", [two]),
        ("instance-status.reachability", "failed", []),
        ("system-status.reachability", "failed", []),
        ("availability-zone", "us-east-1b", [one]),
    ):
        filters = [{"Name": name, "Values": [value]}]
        chosen = ec2.describe_instance_status(IncludeAllInstances=True, Filters=filters)["InstanceStatuses"]
        assert [status["InstanceId"] for status in chosen] == found, name
    passed = [{"Name": "instance-status.reachability", "Values": ["passed"]}]
    assert len(ec2.describe_instance_status(Filters=passed)["InstanceStatuses"]) == 2


def test_every_attribute_of_the_model_is_answered(stage: dict[str, Any]) -> None:
    ec2, one = stage["ec2"], stage["one"]
    shape = ec2.meta.service_model.shape_for("InstanceAttributeName")
    assert set(ATTRIBUTES) == set(shape.enum)
    expected: dict[str, Any] = {
        "instanceType": {"InstanceType": {"Value": "m7g.large"}},
        "kernel": {"KernelId": {"Value": "aki-1"}},
        "ramdisk": {"RamdiskId": {"Value": "ari-1"}},
        "userData": {"UserData": {}},
        "disableApiTermination": {"DisableApiTermination": {"Value": False}},
        "disableApiStop": {"DisableApiStop": {"Value": False}},
        "instanceInitiatedShutdownBehavior": {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}},
        "rootDeviceName": {"RootDeviceName": {"Value": "/dev/xvda"}},
        "blockDeviceMapping": {"BlockDeviceMappings": []},
        "productCodes": {"ProductCodes": []},
        "sourceDestCheck": {"SourceDestCheck": {"Value": True}},
        "groupSet": {"Groups": one["SecurityGroups"]},
        "ebsOptimized": {"EbsOptimized": {"Value": False}},
        "sriovNetSupport": {"SriovNetSupport": {}},
        "enaSupport": {"EnaSupport": {"Value": True}},
        "enclaveOptions": {"EnclaveOptions": {"Enabled": False}},
    }
    for name in shape.enum:
        answer = ec2.describe_instance_attribute(InstanceId=one["InstanceId"], Attribute=name)
        answer.pop("ResponseMetadata")
        assert answer == {"InstanceId": one["InstanceId"]} | expected[name], name
    assert refusal(ec2.describe_instance_attribute, InstanceId=one["InstanceId"], Attribute="x")[1] == (
        "InvalidParameterValue"
    )


@pytest.mark.parametrize("operation", ["describe_instances", "describe_instance_status", "describe_tags"])
def test_dry_runs_describe_nothing(stage: dict[str, Any], operation: str) -> None:
    assert refusal(getattr(stage["ec2"], operation), DryRun=True)[:2] == (412, "DryRunOperation")
