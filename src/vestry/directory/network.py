"""The network that instances are said to be in: one VPC and one subnet in each region of an account.

No packet goes through it. Names and addresses are derived from what they belong to, so that nothing of it is stored;
a client that names a subnet or security groups of its own gets those names back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from vestry.directory.machines import Instance

#: The range of the default VPC and of its only subnet, as in a new account of AWS.
RANGE = IPv4Network("172.31.0.0/16")
#: EC2 keeps the first four addresses and the last one of a subnet for itself.
_FIRST, _ADDRESSES = 4, RANGE.num_addresses - 5

#: The letters of a region's availability zones.
ZONES = "abcdef"

_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)([a-z])", re.ASCII)
_POINTS = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}


def hex_id(prefix: str, *parts: str) -> str:
    """Return an id as EC2's look (`vpc-` and 17 hexadecimal digits) that follows from `parts`."""
    return f"{prefix}-{hashlib.sha256('/'.join((prefix, *parts)).encode()).hexdigest()[:17]}"


@lru_cache(maxsize=1024)
def vpc_id(account: str, region: str) -> str:
    """Return the id of the VPC of a region."""
    return hex_id("vpc", account, region)


def subnet_id(account: str, region: str) -> str:
    """Return the id of the subnet of a region."""
    return hex_id("subnet", account, region)


def group_id(account: str, region: str, name: str) -> str:
    """Return the id of the security group of that name."""
    return hex_id("sg", account, region, name)


def interface_id(instance: Instance) -> str:
    """Return the id of an instance's only network interface."""
    return hex_id("eni", instance.id)


def mac_address(instance: Instance) -> str:
    """Return the hardware address of an instance's network interface: one that is administered locally."""
    digest = hashlib.sha256(f"mac/{instance.id}".encode()).hexdigest()
    return "0a:" + ":".join(digest[at : at + 2] for at in range(0, 10, 2))


def host_name(instance: Instance) -> str:
    """Return the private DNS name of an instance, as EC2 makes it of its address or id; no name server knows it."""
    domain = "ec2.internal" if instance.region == "us-east-1" else f"{instance.region}.compute.internal"
    named = (
        instance.id if instance.host_type == "resource-name" else f"ip-{instance.address.replace('.', '-')}"
    )
    return f"{named}.{domain}"


def zone_id(zone: str) -> str:
    """Return the id of an availability zone (`use1-az1` for `us-east-1a`); zones have no other order here."""
    found = _ZONE.fullmatch(zone)
    if found is None:
        return ""
    head, *points, number = found[1].split("-")
    short = "".join(_POINTS.get(point, point) for point in points)
    return f"{head}{short}{number}-az{ord(found[2]) - ord('a') + 1}"


def is_zone(zone: str, region: str) -> bool:
    """Tell whether `zone` is named like an availability zone of `region`."""
    return len(zone) == len(region) + 1 and zone.startswith(region) and zone[-1] in ZONES


def free_address(identifier: str, is_taken: Callable[[str], bool]) -> str | None:
    """Return an address for a new instance: the first free one behind a place that follows from its id.

    None where the subnet is full.
    """
    start = int.from_bytes(hashlib.sha256(f"address/{identifier}".encode()).digest()[:8], "big")
    for step in range(_ADDRESSES):
        address = str(RANGE[_FIRST + (start + step) % _ADDRESSES])
        if not is_taken(address):
            return address
    return None


def private_address(text: str) -> str | None:
    """Return an IPv4 address that a machine can have, in its usual spelling; None for anything else."""
    try:
        address = IPv4Address(text)
    except ValueError:
        return None
    if address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved:
        return None
    return str(address)
