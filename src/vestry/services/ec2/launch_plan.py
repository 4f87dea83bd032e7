"""What a RunInstances would make: read from the request and the account alone, for authorization and launch alike.

Errors here are those of the request itself; what exists (the profile, free addresses) is looked at by the launch.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from vestry import limits
from vestry.directory import network
from vestry.directory.entities import Pairs
from vestry.directory.machines import MetadataOptions
from vestry.directory.snapshot import Account
from vestry.errors import (
    InstanceLimitExceeded,
    InvalidAmiIdMalformed,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidUserDataMalformed,
    MissingParameter,
    UnsupportedParameter,
)
from vestry.services.ec2.launch_table import refuse_what_is_not_offered
from vestry.services.ec2.lookups import pairs
from vestry.services.ec2.metadata_settings import launch_options
from vestry.services.ec2.tag_rules import check_all_tags, check_new_tags

_IMAGE = re.compile(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?", re.ASCII)
_DEFAULT_TYPE = "m1.small"  # EC2 API reference, RunInstances
#: Recorded parameters whose names and shapes are those of the answer.
_SHOWN_AS_GIVEN = (
    "CpuOptions",
    "EbsOptimized",
    "EnclaveOptions",
    "KernelId",
    "MaintenanceOptions",
    "NetworkPerformanceOptions",
    "Placement",
    "RamdiskId",
)


class Plan(msgspec.Struct, frozen=True):
    """What every instance of a launch has in common."""

    image: str
    type: str
    zone: str
    subnet: str
    groups: Pairs
    options: MetadataOptions
    tags: Pairs
    address: str  # empty: any free one
    user_data: str
    host_type: str
    details: dict[str, Any]


def plan(account: Account, region: str, parameters: Mapping[str, Any]) -> Plan:
    """Return the plan of a launch, or raise what EC2 answers to a request that could never succeed."""
    refuse_what_is_not_offered(parameters)
    _check_counts(parameters)
    if len(parameters.get("ClientToken") or "") > limits.CLIENT_TOKEN_CHARACTERS:
        raise InvalidParameterValue("The client token is longer than 64 characters.")
    tags = _tags(parameters)
    given = parameters.get("MetadataOptions") or {}
    options = launch_options(given, account.metadata_defaults.get(region))
    check_all_tags(tags, in_metadata=options.tags == "enabled")
    host = parameters.get("PrivateDnsNameOptions") or {}
    return Plan(
        image=_image(parameters),
        type=parameters.get("InstanceType") or _DEFAULT_TYPE,
        zone=_zone(parameters, region),
        subnet=parameters.get("SubnetId") or network.subnet_id(account.id, region),
        groups=_groups(account, region, parameters),
        options=options,
        tags=tags,
        address=_address(parameters),
        user_data=_user_data(parameters),
        host_type=host.get("HostnameType", "ip-name"),
        details=_details(parameters),
    )


def _check_counts(parameters: Mapping[str, Any]) -> None:
    low, high = parameters["MinCount"], parameters["MaxCount"]
    for name, count in (("minCount", low), ("maxCount", high)):
        if count < 1:
            raise InvalidParameterValue(
                f"Value ( {count} ) for parameter {name} is invalid. Expecting a value greater than 0."
            )
    if low > high:
        raise InvalidParameterCombination(f"MinCount ({low}) cannot be greater than MaxCount ({high})")
    if low > limits.INSTANCES_PER_LAUNCH:
        raise InstanceLimitExceeded(
            f"You have requested more instances ({low}) than your current instance limit of "
            f"{limits.INSTANCES_PER_LAUNCH} allows."
        )


def _image(parameters: Mapping[str, Any]) -> str:
    image: str = parameters.get("ImageId") or ""
    if not image:
        raise MissingParameter("The request must contain the parameter ImageId")
    if not _IMAGE.fullmatch(image):
        raise InvalidAmiIdMalformed(f'Invalid id: "{image}" (expecting "ami-...")')
    return image


def _zone(parameters: Mapping[str, Any], region: str) -> str:
    placement = parameters.get("Placement") or {}
    zone: str = placement.get("AvailabilityZone") or ""
    identifier = placement.get("AvailabilityZoneId")
    if not zone and identifier:
        zones = (f"{region}{letter}" for letter in network.ZONES)
        zone = next((one for one in zones if network.zone_id(one) == identifier), identifier)
    if zone and not network.is_zone(zone, region):
        raise InvalidParameterValue(f"Invalid availability zone: [{zone}]")
    return zone or f"{region}a"


def _groups(account: Account, region: str, parameters: Mapping[str, Any]) -> Pairs:
    names, ids = parameters.get("SecurityGroups") or (), parameters.get("SecurityGroupIds") or ()
    if names and parameters.get("SubnetId"):
        raise InvalidParameterCombination("The parameter groupName cannot be used with the parameter subnet")
    named = {
        network.group_id(account.id, region, name): name
        for name in (*names, *(() if names or ids else ("default",)))
    }
    default = network.group_id(account.id, region, "default")
    for identifier in ids:
        named.setdefault(identifier, "default" if identifier == default else identifier)
    return tuple(named.items())


def _tags(parameters: Mapping[str, Any]) -> Pairs:
    found: list[tuple[str, str]] = []
    for specification in parameters.get("TagSpecifications") or ():
        kind = specification.get("ResourceType")
        if kind != "instance":
            raise UnsupportedParameter(f"Vestry does not offer tags of the resource type {kind} at launch.")
        found.extend(pairs(specification.get("Tags") or ()))
    tags = tuple(sorted(found))
    check_new_tags(tags)
    return tags


def _address(parameters: Mapping[str, Any]) -> str:
    text = parameters.get("PrivateIpAddress")
    if not text:
        return ""
    if parameters["MaxCount"] > 1:
        raise InvalidParameterCombination(
            "The parameter PrivateIpAddress cannot be used when several instances are launched"
        )
    address = network.private_address(text)
    if address is None:
        raise InvalidParameterValue(
            f"Value ({text}) for parameter privateIpAddress is invalid. Invalid IPv4 address."
        )
    return address


def _user_data(parameters: Mapping[str, Any]) -> str:
    text: str = parameters.get("UserData") or ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidUserDataMalformed("Invalid BASE64 encoding of user data.") from None
    if len(raw) > limits.USER_DATA_BYTES:
        raise InvalidParameterValue(f"User data is limited to {limits.USER_DATA_BYTES} bytes")
    return text


def _details(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is only recorded, by the member of the answer that shows it."""
    details = {name: parameters[name] for name in _SHOWN_AS_GIVEN if parameters.get(name)}
    monitoring = parameters.get("Monitoring")
    if monitoring:
        state = "enabled" if monitoring.get("Enabled") else "disabled"
        details["Monitoring"] = {"State": state, "MetricCategoryIds": monitoring.get("MetricCategoryIds")}
    host = parameters.get("PrivateDnsNameOptions")
    if host:
        details["PrivateDnsNameOptions"] = host
    return details
