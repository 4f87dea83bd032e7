"""Instances in the model's shape. A terminated one has lost its profile, addresses, interface and groups.

What a virtual machine would be said to have (a root device, a hypervisor) is told as AWS tells it of an ordinary
Linux instance, because clients read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from vestry.directory import network
from vestry.directory.entities import Pairs
from vestry.directory.machines import ROOT_DEVICE_NAME, RUNNING, STOPPED, TERMINATED, Association, Instance
from vestry.services.ec2.metadata_settings import options_shape
from vestry.services.ec2.resources import ROOT_DEVICE, details_of

#: EC2's number of each state (EC2 API reference, InstanceState).
STATE_CODES = {RUNNING: 16, TERMINATED: 48, STOPPED: 80}


def state_shape(state: str) -> dict[str, Any]:
    """Return a state in the model's shape."""
    return {"Code": STATE_CODES[state], "Name": state}


def tag_list(tags: Pairs) -> Sequence[Any] | None:
    """Return tags in the model's shape, None where there are none: EC2 then sends no element."""
    return [{"Key": key, "Value": value} for key, value in tags] or None


def group_list(groups: Pairs) -> Sequence[Any]:
    """Return security groups in the model's shape."""
    return [{"GroupId": identifier, "GroupName": name} for identifier, name in groups]


def profile_shape(association: Association | None) -> dict[str, str] | None:
    """Return the profile of an association in the model's shape, None where there is none."""
    return None if association is None else {"Arn": association.arn, "Id": association.profile}


def instance_shape(instance: Instance) -> dict[str, Any]:
    """Return an instance as RunInstances and DescribeInstances answer it."""
    details = details_of(instance)
    shape = {
        "InstanceId": instance.id,
        "ImageId": instance.image,
        "State": state_shape(instance.state),
        "PrivateDnsName": "",
        "PublicDnsName": "",
        "StateTransitionReason": transition(instance),
        "StateReason": state_reason(instance),
        "KeyName": instance.key_name or None,
        "AmiLaunchIndex": instance.index,
        "ProductCodes": [],
        "InstanceType": instance.type,
        "LaunchTime": instance.started,
        "Placement": {"GroupName": "", "Tenancy": "default"}
        | details.pop("Placement", {})
        | {"AvailabilityZone": instance.zone, "AvailabilityZoneId": network.zone_id(instance.zone) or None},
        "Monitoring": {"State": "disabled"},
        "Architecture": instance.architecture,
        "RootDeviceName": ROOT_DEVICE_NAME,
        "RootDeviceType": ROOT_DEVICE,
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "BlockDeviceMappings": [],
        "ClientToken": instance.token,
        "EbsOptimized": False,
        "EnaSupport": True,
        "SecurityGroups": [],
        "NetworkInterfaces": [],
        "Tags": tag_list(instance.tags),
        "HibernationOptions": {"Configured": False},
        "EnclaveOptions": {"Enabled": False},
        "MetadataOptions": options_shape(instance.options, "applied"),
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
    }
    shape |= details
    if instance.state != TERMINATED:
        shape |= _place(instance)
    return shape


def _place(instance: Instance) -> dict[str, Any]:
    """What an instance has until it is terminated."""
    groups = group_list(instance.groups)
    where = {
        "PrivateIpAddress": instance.address,
        "PrivateDnsName": network.host_name(instance),
        "SubnetId": instance.subnet,
        "VpcId": network.vpc_id(instance.account, instance.region),
        "SourceDestCheck": True,
    }
    interface = where | {
        "NetworkInterfaceId": network.interface_id(instance),
        "OwnerId": instance.account,
        "Description": "",
        "MacAddress": network.mac_address(instance),
        "Status": "in-use",
        "InterfaceType": "interface",
        "Groups": groups,
        "Ipv6Addresses": [],
        "PrivateIpAddresses": [
            {
                "Primary": True,
                "PrivateIpAddress": instance.address,
                "PrivateDnsName": where["PrivateDnsName"],
            }
        ],
        "Attachment": {
            "AttachmentId": network.hex_id("eni-attach", instance.id),
            "AttachTime": instance.launched,
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
    }
    return where | {
        "SecurityGroups": groups,
        "NetworkInterfaces": [interface],
        "IamInstanceProfile": profile_shape(instance.association),
    }


def transition(instance: Instance) -> str:
    """Return why an instance is in its state: empty for one that nobody stopped."""
    if instance.state == RUNNING:
        return ""
    moment = datetime.fromtimestamp(instance.changed, UTC)
    return f"User initiated ({moment:%Y-%m-%d %H:%M:%S} GMT)"


def state_reason(instance: Instance) -> dict[str, str] | None:
    """Return the code and text of why an instance is in its state, None while it runs."""
    if instance.state == RUNNING:
        return None
    code = "Client.UserInitiatedShutdown"
    return {"Code": code, "Message": f"{code}: User initiated shutdown"}


def reservations(instances: Iterable[Instance]) -> list[dict[str, Any]]:
    """Return instances by reservation, in their order: those of one reservation stand together."""
    return [
        reservation(list(members))
        for _, members in groupby(instances, key=lambda instance: instance.reservation)
    ]


def reservation(instances: Sequence[Instance]) -> dict[str, Any]:
    """Return a reservation, which has at least one instance, in the model's shape."""
    first = instances[0]
    return {
        "ReservationId": first.reservation,
        "OwnerId": first.account,
        "Groups": [],
        "Instances": [instance_shape(instance) for instance in instances],
    }
