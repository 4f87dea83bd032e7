"""What becomes of each parameter of RunInstances: the table from which docs/ec2.md is written.

HONOURED: it changes what Vestry does. RECORDED: it is kept and returned, and changes nothing else, because Vestry
starts no virtual machine. REFUSED: a request that asks for something with it is refused by its name; false, zero and
empty values ask for nothing. Source: EC2 API reference, RunInstances.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from vestry.errors import UnsupportedParameter


class Handling(StrEnum):
    """What becomes of a parameter."""

    HONOURED = "honoured"
    RECORDED = "recorded and returned"
    REFUSED = "refused by name"


_H, _R, _X = Handling

PARAMETERS: dict[str, tuple[Handling, str]] = {
    "AdditionalInfo": (_X, "reserved by AWS"),
    "BlockDeviceMappings": (_X, "there are no volumes"),
    "CapacityReservationSpecification": (_X, "there is no capacity to reserve"),
    "ClientToken": (_H, "the same launch sent again launches nothing"),
    "CpuOptions": (_R, ""),
    "CreditSpecification": (_X, "there are no CPU credits"),
    "DisableApiStop": (_X, "nothing could take the protection off again"),
    "DisableApiTermination": (_X, "nothing could take the protection off again"),
    "DryRun": (_H, ""),
    "EbsOptimized": (_R, ""),
    "ElasticGpuSpecification": (_X, "withdrawn by AWS"),
    "ElasticInferenceAccelerators": (_X, "withdrawn by AWS"),
    "EnablePrimaryIpv6": (_X, "addresses are IPv4"),
    "EnclaveOptions": (_R, ""),
    "HibernationOptions": (_X, "a registered machine has no memory to keep"),
    "IamInstanceProfile": (_H, "by name or ARN; asks iam:PassRole on its role"),
    "ImageId": (_R, "required; any well-formed id, no image is looked up"),
    "InstanceInitiatedShutdownBehavior": (_R, ""),
    "InstanceMarketOptions": (_X, "there is no market"),
    "InstanceType": (_R, "any type of AWS; m1.small where it is not given"),
    "Ipv6AddressCount": (_X, "addresses are IPv4"),
    "Ipv6Addresses": (_X, "addresses are IPv4"),
    "KernelId": (_R, ""),
    "KeyName": (_R, "no key pair is looked up"),
    "LaunchTemplate": (_X, "there are no launch templates"),
    "LicenseSpecifications": (_X, "there are no licences"),
    "MaintenanceOptions": (_R, ""),
    "MaxCount": (_H, "as many as there are addresses for, and not more than 1,000 at once"),
    "MetadataOptions": (_H, "before the account's defaults, which come before EC2's own"),
    "MinCount": (_H, ""),
    "Monitoring": (_R, ""),
    "NetworkInterfaces": (_X, "an instance has one interface, which the other parameters describe"),
    "NetworkPerformanceOptions": (_R, ""),
    "Operator": (_X, "there are no managed instances"),
    "Placement": (_R, "the zone must be one of the region, and is honoured in metadata"),
    "PrivateDnsNameOptions": (_H, "the host name; no name server knows it"),
    "PrivateIpAddress": (_H, "any IPv4 address that is free in the account and region, for one instance"),
    "RamdiskId": (_R, ""),
    "SecondaryInterfaces": (_X, "an instance has one interface"),
    "SecurityGroupIds": (_R, "no group is looked up; no packet is filtered"),
    "SecurityGroups": (_R, "by name; no group is looked up"),
    "SubnetId": (_R, "no subnet is looked up; addresses come from 172.31.0.0/16 all the same"),
    "TagSpecifications": (_H, "of the resource type `instance`; others are refused by name"),
    "UserData": (_H, "served as instance metadata"),
}


def refuse_what_is_not_offered(parameters: Mapping[str, Any]) -> None:
    """Raise UnsupportedOperation, naming it, for a refused parameter that asks for something."""
    for name, value in parameters.items():
        if PARAMETERS[name][0] is Handling.REFUSED and asks_for_something(value):
            raise UnsupportedParameter(f"Vestry does not offer the parameter {name} of RunInstances.")


def asks_for_something(value: Any) -> bool:
    """Tell whether a value, or anything in it, is not false, zero or empty."""
    if isinstance(value, dict):
        return any(map(asks_for_something, value.values()))
    if isinstance(value, list):
        return any(map(asks_for_something, value))
    return bool(value)
