"""What a RunInstances asks: on everything that it would make or use, as the Service Authorization Reference lists it.

`ec2:RunInstances` on the instances, the image, the interfaces, the security groups, the subnet, the volumes and the
key pair; `ec2:CreateTags` where tags are passed; `iam:PassRole` on the role of the profile. The volume is asked about
because a policy that was written for AWS has to allow it, although there are none here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vestry.access.context import Question, tag_keys
from vestry.access.declaration import Ask, Resource
from vestry.arn import PARTITION
from vestry.directory.machines import instance_arn
from vestry.directory.network import vpc_id, zone_id
from vestry.policy.request import Value
from vestry.services.ec2.launch_plan import Plan, plan
from vestry.services.ec2.lookups import find_profile
from vestry.services.ec2.resources import ROOT_DEVICE, local_arn, machine_keys
from vestry.services.pass_role import pass_role

ACTION = "ec2:RunInstances"
EC2 = "ec2.amazonaws.com"


def _plan(ask: Ask) -> Plan:
    return plan(ask.account, ask.region, ask.parameters)


def new_instances(ask: Ask) -> Resource:
    """The instances that would be launched."""
    arn = instance_arn(ask.region, ask.account.id, "*")
    return Resource(arn, arn, ask.account.id)


def new_instance_keys(ask: Ask) -> Mapping[str, Value]:
    """What the new instances would be like, and the tags that are passed."""
    planned = _plan(ask)
    keys = machine_keys(planned.zone, planned.type, planned.options, planned.details) | tag_keys(planned.tags)
    profile = find_profile(ask.account, ask.parameters.get("IamInstanceProfile"))
    if profile is not None:
        keys["ec2:instanceprofile"] = profile.arn
    return keys | {"ec2:region": ask.region}


def other_resources(ask: Ask, _: Resource) -> Iterable[Question]:
    """Ask about what a launch uses besides."""
    planned = _plan(ask)
    place: dict[str, Value] = {
        "ec2:availabilityzone": planned.zone,
        "ec2:availabilityzoneid": zone_id(planned.zone) or None,
    }
    inside: dict[str, Value] = {"ec2:vpc": local_arn(ask, "vpc", vpc_id(ask.account.id, ask.region))}
    subnet = local_arn(ask, "subnet", planned.subnet)
    image = f"arn:{PARTITION}:ec2:{ask.region}::image/{planned.image}"
    yield _question(ask, image, {"ec2:imageid": planned.image, "ec2:rootdevicetype": ROOT_DEVICE})
    interface = local_arn(ask, "network-interface", "*")
    yield _question(ask, interface, inside | {"ec2:availabilityzone": planned.zone, "ec2:subnet": subnet})
    for identifier, _name in planned.groups:
        group = local_arn(ask, "security-group", identifier)
        yield _question(ask, group, inside | {"ec2:securitygroupid": identifier})
    yield _question(ask, subnet, inside | place | {"ec2:subnetid": planned.subnet})
    yield _question(ask, local_arn(ask, "volume", "*"), place)
    key = ask.parameters.get("KeyName")
    if key:
        yield _question(ask, local_arn(ask, "key-pair", key), {"ec2:keypairname": key})


def tags_at_launch(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Ask `ec2:CreateTags` with `ec2:CreateAction` where tags are passed."""
    tags = tag_keys(_plan(ask).tags)
    if tags:
        keys: dict[str, Any] = tags | {"ec2:createaction": "RunInstances", "ec2:region": ask.region}
        yield Question("ec2:CreateTags", resource.arn, resource.shown, resource.account, keys)


def role_of_profile(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Ask `iam:PassRole` on the role in the profile that parameter IamInstanceProfile names, for these instances."""
    profile = find_profile(ask.account, ask.parameters.get("IamInstanceProfile"))
    role = ask.account.role_by_id(profile.role) if profile is not None and profile.role else None
    if role is not None:
        yield pass_role(role, EC2, resource.arn)


def _question(ask: Ask, arn: str, keys: Mapping[str, Value]) -> Question:
    return Question(ACTION, arn, arn, ask.account.id, {**keys, "ec2:region": ask.region})
