"""The filters of instances: what each reads. Source: EC2 API reference, DescribeInstances, Filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from vestry.directory import network
from vestry.directory.machines import ROOT_DEVICE_NAME, TERMINATED, Instance
from vestry.services.ec2.filters import Filters, Read
from vestry.services.ec2.resources import ROOT_DEVICE, details_of
from vestry.services.ec2.shapes import STATE_CODES, state_reason, transition
from vestry.wire.xml_write import iso_time


def _one(read: Callable[[Instance], str]) -> Read[Instance]:
    """A filter that reads one text; an empty one is as none."""

    def reader(instance: Instance) -> Iterable[str]:
        text = read(instance)
        return (text,) if text else ()

    return reader


def _while_it_lasts(read: Callable[[Instance], Iterable[str]]) -> Read[Instance]:
    """A filter that reads what a terminated instance has lost."""
    return lambda instance: () if instance.state == TERMINATED else read(instance)


def _detail(member: str, field: str, default: str = "") -> Read[Instance]:
    def read(instance: Instance) -> str:
        found: Any = details_of(instance).get(member, {}).get(field, default)
        return str(found)

    return _one(read)


def _always(text: str) -> Read[Instance]:
    return lambda _: (text,)


def _reason(field: str) -> Read[Instance]:
    return _one(lambda instance: (state_reason(instance) or {}).get(field, ""))


def _address(instance: Instance) -> Iterable[str]:
    return (instance.address,)


def _host_name(instance: Instance) -> Iterable[str]:
    return (network.host_name(instance),)


def _vpc(instance: Instance) -> Iterable[str]:
    return (network.vpc_id(instance.account, instance.region),)


def _subnet(instance: Instance) -> Iterable[str]:
    return (instance.subnet,)


def _group_ids(instance: Instance) -> Iterable[str]:
    return [identifier for identifier, _ in instance.groups]


def _group_names(instance: Instance) -> Iterable[str]:
    return [name for _, name in instance.groups]


#: Those that DescribeInstanceStatus has as well.
STATE_FILTERS: dict[str, Read[Instance]] = {
    "availability-zone": _one(lambda instance: instance.zone),
    "availability-zone-id": _one(lambda instance: network.zone_id(instance.zone)),
    "instance-state-code": _one(lambda instance: str(STATE_CODES[instance.state])),
    "instance-state-name": _one(lambda instance: instance.state),
}

_METADATA: dict[str, Read[Instance]] = {
    "metadata-options.http-endpoint": _one(lambda instance: instance.options.endpoint),
    "metadata-options.http-protocol-ipv4": _always("enabled"),
    "metadata-options.http-protocol-ipv6": _one(lambda instance: instance.options.ipv6),
    "metadata-options.http-put-response-hop-limit": _one(lambda instance: str(instance.options.hop_limit)),
    "metadata-options.http-tokens": _one(lambda instance: instance.options.tokens),
    "metadata-options.instance-metadata-tags": _one(lambda instance: instance.options.tags),
    "metadata-options.state": _always("applied"),
}

_NETWORK: dict[str, Read[Instance]] = {
    "group-id": _while_it_lasts(_group_ids),
    "group-name": _while_it_lasts(_group_names),
    "instance.group-id": _while_it_lasts(_group_ids),
    "instance.group-name": _while_it_lasts(_group_names),
    "network-interface.addresses.private-ip-address": _while_it_lasts(_address),
    "network-interface.group-id": _while_it_lasts(_group_ids),
    "network-interface.group-name": _while_it_lasts(_group_names),
    "network-interface.mac-address": _while_it_lasts(lambda instance: (network.mac_address(instance),)),
    "network-interface.network-interface-id": _while_it_lasts(
        lambda instance: (network.interface_id(instance),)
    ),
    "network-interface.owner-id": _while_it_lasts(lambda instance: (instance.account,)),
    "network-interface.private-dns-name": _while_it_lasts(_host_name),
    "network-interface.subnet-id": _while_it_lasts(_subnet),
    "network-interface.vpc-id": _while_it_lasts(_vpc),
    "private-dns-name": _while_it_lasts(_host_name),
    "private-ip-address": _while_it_lasts(_address),
    "subnet-id": _while_it_lasts(_subnet),
    "vpc-id": _while_it_lasts(_vpc),
}

_REST: dict[str, Read[Instance]] = {
    "architecture": _one(lambda instance: instance.architecture),
    "client-token": _one(lambda instance: instance.token),
    "hypervisor": _always("xen"),
    "iam-instance-profile.arn": lambda one: () if one.association is None else (one.association.arn,),
    "iam-instance-profile.id": lambda one: () if one.association is None else (one.association.profile,),
    "image-id": _one(lambda instance: instance.image),
    "instance-id": _one(lambda instance: instance.id),
    "instance-type": _one(lambda instance: instance.type),
    "kernel-id": _one(lambda instance: details_of(instance).get("KernelId", "")),
    "key-name": _one(lambda instance: instance.key_name),
    "launch-index": _one(lambda instance: str(instance.index)),
    "launch-time": _one(lambda instance: iso_time(instance.started)[:-1] + ".000Z"),
    "monitoring-state": _detail("Monitoring", "State", "disabled"),
    "owner-id": _one(lambda instance: instance.account),
    "placement-group-name": _detail("Placement", "GroupName"),
    "ramdisk-id": _one(lambda instance: details_of(instance).get("RamdiskId", "")),
    "reason": _one(transition),
    "reservation-id": _one(lambda instance: instance.reservation),
    "root-device-name": _always(ROOT_DEVICE_NAME),
    "root-device-type": _always(ROOT_DEVICE),
    "state-reason-code": _reason("Code"),
    "state-reason-message": _reason("Message"),
    "tag-key": lambda instance: [key for key, _ in instance.tags],
    "tenancy": _detail("Placement", "Tenancy", "default"),
    "virtualization-type": _always("hvm"),
}

INSTANCE_FILTERS: Filters[Instance] = Filters(
    STATE_FILTERS | _METADATA | _NETWORK | _REST, tags=lambda instance: instance.tags
)
