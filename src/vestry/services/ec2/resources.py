"""What the operations of EC2 are performed on, with the condition keys of instances.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2". What lists or
describes has no resource: its denials name none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from vestry.access.context import Question
from vestry.access.declaration import Ask, More, Resource
from vestry.arn import PARTITION
from vestry.directory.machines import Instance, MetadataOptions, instance_arn
from vestry.directory.network import zone_id
from vestry.policy.request import Value


def everything(ask: Ask) -> Resource:
    """All there is in the account: for operations without resource-level permissions."""
    return Resource("*", "", ask.account.id)


def region_key(ask: Ask) -> Mapping[str, Value]:
    """`ec2:Region`, which every action has."""
    return {"ec2:region": ask.region}


def local_arn(ask: Ask, kind: str, identifier: str) -> str:
    """Return the ARN of a resource of the caller's account in the region that is asked for."""
    return f"arn:{PARTITION}:ec2:{ask.region}:{ask.account.id}:{kind}/{identifier}"


def local_instance(ask: Ask, identifier: str) -> Instance | None:
    """Return the instance of that id in the caller's account and the region that is asked for."""
    found = ask.account.machines.instances.get(identifier)
    return found if found is not None and found.region == ask.region else None


def instance_resource(ask: Ask, identifier: str) -> Resource:
    """Return an instance as a resource; one that is not there has no tags."""
    instance = local_instance(ask, identifier)
    arn = instance_arn(ask.region, ask.account.id, identifier)
    return Resource(arn, arn, ask.account.id, () if instance is None else instance.tags)


def instance_named(ask: Ask) -> Resource:
    """The instance of parameter InstanceId."""
    return instance_resource(ask, ask.parameters["InstanceId"])


def first_instance(ask: Ask) -> Resource:
    """The first instance of parameter InstanceIds; `other_instances` asks about the rest."""
    return instance_resource(ask, next(iter(ask.parameters["InstanceIds"]), "*"))


def first_keys(ask: Ask) -> Mapping[str, Value]:
    """The condition keys of the first instance of parameter InstanceIds."""
    return instance_keys(ask, next(iter(ask.parameters["InstanceIds"]), ""))


def named_keys(ask: Ask) -> Mapping[str, Value]:
    """The condition keys of the instance of parameter InstanceId."""
    return instance_keys(ask, ask.parameters["InstanceId"])


def other_instances(action: str) -> More:
    """Ask `action` on every further instance of parameter InstanceIds."""

    def more(ask: Ask, _: Resource) -> Iterable[Question]:
        for identifier in dict.fromkeys(ask.parameters["InstanceIds"][1:]):
            resource = instance_resource(ask, identifier)
            keys = instance_keys(ask, identifier)
            yield Question(action, resource.arn, resource.shown, resource.account, keys, resource.tags)

    return more


def instance_keys(ask: Ask, identifier: str) -> Mapping[str, Value]:
    """Return the condition keys that an existing instance gives to whatever is asked on it."""
    keys: dict[str, Value] = {"ec2:region": ask.region, "ec2:instanceid": identifier}
    instance = local_instance(ask, identifier)
    return keys if instance is None else keys | keys_of_instance(instance)


def keys_of_instance(instance: Instance) -> dict[str, Value]:
    """Return the condition keys that tell what an instance is like."""
    keys = machine_keys(instance.zone, instance.type, instance.options, details_of(instance))
    if instance.association is not None:
        keys["ec2:instanceprofile"] = instance.association.arn
    return keys


def machine_keys(
    zone: str, kind: str, options: MetadataOptions, details: Mapping[str, Any]
) -> dict[str, Value]:
    """Return the condition keys that an instance has, and a launch as well; `kind` is the instance type."""
    keys: dict[str, Value] = {
        "ec2:availabilityzone": zone,
        "ec2:availabilityzoneid": zone_id(zone) or None,
        "ec2:instancetype": kind,
        "ec2:ebsoptimized": "true" if details.get("EbsOptimized") else "false",
        "ec2:rootdevicetype": ROOT_DEVICE,
        "ec2:tenancy": details.get("Placement", {}).get("Tenancy", "default"),
        "ec2:instanceautorecovery": details.get("MaintenanceOptions", {}).get("AutoRecovery", "default"),
        "ec2:metadatahttpendpoint": options.endpoint,
        "ec2:metadatahttpputresponsehoplimit": str(options.hop_limit),
        "ec2:metadatahttptokens": options.tokens,
        "ec2:instancemetadatatags": options.tags,
    }
    return keys


#: What the root device of every instance is said to be.
ROOT_DEVICE = "ebs"


def details_of(instance: Instance) -> dict[str, Any]:
    """Return what was recorded at launch only to be returned, by the member of the answer."""
    found: dict[str, Any] = msgspec.json.decode(instance.details) if instance.details else {}
    return found
