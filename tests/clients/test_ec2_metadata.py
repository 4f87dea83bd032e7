"""ec2-metadata (PyPI), which reads an instance for Python programs: each of its properties is what was launched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inside import Machine
from object_store import PYTHON
from places import Place
from recipes import INSIDE, recipe
from vestry.directory import network

PROGRAM = Path(__file__).parent / "programs" / "every_property.py"
ZONE = "eu-west-1c"
TAGS = [{"Key": "Name", "Value": "web 1"}, {"Key": "empty", "Value": ""}]
EVERYTHING = {
    "InstanceType": "m6g.large",
    "KernelId": "aki-12345678",
    "KeyName": "laptop",
    "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
    "Placement": {"AvailabilityZone": ZONE},
    "PrivateIpAddress": "10.1.2.3",
    "SecurityGroupIds": ["sg-11111111", "sg-22222222"],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": TAGS}],
    "UserData": "#!/bin/sh\necho hi\n",
}


def read(machine: Machine) -> dict[str, Any]:
    """Return every property, read on an instance."""
    found: dict[str, Any] = json.loads(machine.out(PYTHON, PROGRAM))
    return found


def interface(machine: Machine) -> dict[str, Any]:
    """The properties of the only network interface."""
    made = machine.launched["NetworkInterfaces"][0]
    return {
        "device_number": made["Attachment"]["DeviceIndex"],
        "interface_id": made["NetworkInterfaceId"],
        "ipv4_associations": {},
        "ipv6_prefix": [],
        "ipv6s": [],
        "owner_id": machine.place.number,
        "private_hostname": machine.launched["PrivateDnsName"],
        "private_ipv4s": ["10.1.2.3"],
        "public_hostname": None,
        "public_ipv4s": [],
        "security_group_ids": ["sg-11111111", "sg-22222222"],
        "security_groups": [group["GroupName"] for group in machine.launched["SecurityGroups"]],
        "subnet_id": machine.launched["SubnetId"],
        "subnet_ipv4_cidr_block": "10.1.0.0/16",
        "subnet_ipv6_cidr_blocks": [],
        "vpc_id": machine.launched["VpcId"],
        "vpc_ipv4_cidr_block": "10.1.0.0/16",
        "vpc_ipv4_cidr_blocks": ["10.1.0.0/16"],
        "vpc_ipv6_cidr_blocks": [],
    }


def identity(machine: Machine) -> dict[str, Any]:
    """The identity document."""
    return {
        "accountId": machine.place.number,
        "architecture": "arm64",
        "availabilityZone": ZONE,
        "billingProducts": None,
        "devpayProductCodes": None,
        "imageId": "ami-12345678",
        "instanceId": machine.id,
        "instanceType": "m6g.large",
        "kernelId": "aki-12345678",
        "marketplaceProductCodes": None,
        "pendingTime": machine.launched["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": "10.1.2.3",
        "ramdiskId": None,
        "region": "eu-west-1",
        "version": "2017-09-30",
    }


def test_every_property_is_what_was_launched(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, **EVERYTHING)
    made, profile = machine.launched, machine.launched["IamInstanceProfile"]
    mac = made["NetworkInterfaces"][0]["MacAddress"]
    found = read(machine)
    credentials, info = found.pop("iam_security_credentials"), found.pop("iam_info")
    (reservation,) = machine.ec2.describe_instances(InstanceIds=[machine.id])["Reservations"]
    assert found == {
        "account_id": place.number,
        "ami_id": "ami-12345678",
        "ami_launch_index": 0,
        "ami_manifest_path": "(unknown)",
        "autoscaling_target_lifecycle_state": None,
        "availability_zone": ZONE,
        "availability_zone_id": network.zone_id(ZONE),
        "domain": "amazonaws.com",
        "instance_action": "none",
        "instance_id": machine.id,
        "instance_identity_document": identity(machine),
        "instance_life_cycle": "on-demand",
        "instance_profile_arn": profile["Arn"],
        "instance_profile_id": profile["Id"],
        "instance_profile_name": "app",
        "instance_type": "m6g.large",
        "kernel_id": "aki-12345678",
        "mac": mac,
        "network_interfaces": {mac: interface(machine)},
        "partition": "aws",
        "private_hostname": made["PrivateDnsName"],
        "private_ipv4": "10.1.2.3",
        "public_hostname": None,
        "public_ipv4": None,
        "public_keys": {
            "laptop": {"openssh_key": "# laptop: the name of a key pair, of which Vestry holds no key\n"}
        },
        "region": "eu-west-1",
        "reservation_id": reservation["ReservationId"],
        "security_groups": [group["GroupName"] for group in made["SecurityGroups"]],
        "spot_instance_action": None,
        "tags": {"Name": "web 1", "empty": ""},
        "user_data": "#!/bin/sh\necho hi\n",
    }
    assert (info["Code"], info["InstanceProfileArn"]) == ("Success", profile["Arn"])
    assert credentials["Code"] == "Success"
    sts = place.client("sts", credentials | {"SessionToken": credentials["Token"]})
    assert sts.get_caller_identity()["Arn"] == machine.arn


def test_what_a_plain_instance_does_not_have_is_none_as_on_ec2(place: Place, tmp_path: Path) -> None:
    found = read(Machine(place, tmp_path, role=None))
    for name in ("iam_info", "iam_security_credentials", "instance_profile_arn", "instance_profile_id"):
        assert found[name] is None, name
    for name in ("instance_profile_name", "kernel_id", "user_data"):
        assert found[name] is None, name
    assert found["public_keys"] == {}
    wrong = {name: value for name, value in found.items() if isinstance(value, str) and "Error" in value}
    path = "latest/meta-data/tags/instance/"
    assert wrong == {"tags": f"HTTPError: HTTP 404: http://169.254.169.254/{path}"}


def test_the_lines_of_the_page_read_it(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path)
    (program,) = [one for one in recipe(INSIDE, "python", {}) if "ec2_metadata" in one]
    assert machine.out(PYTHON, "-c", program) == f"{machine.id} eu-west-1 app\n"
