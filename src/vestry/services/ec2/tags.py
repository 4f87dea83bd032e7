"""Tags of instances, the only resources of EC2 that exist here. Source: EC2 API reference, CreateTags, DeleteTags,
DescribeTags; EC2 User Guide, "Tag your Amazon EC2 resources"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from vestry import limits
from vestry.access.context import Question, tag_keys
from vestry.access.declaration import Ask, More, Resource
from vestry.directory.machines import Instance
from vestry.errors import InvalidId, InvalidParameterValue
from vestry.policy.request import Value
from vestry.services.ec2 import pages, resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.filters import Filters
from vestry.services.ec2.lookups import all_instances, pairs, the_instances
from vestry.services.ec2.tag_rules import check_all_tags, check_new_tags
from vestry.services.operation import Answer, Call


class Tag(NamedTuple):
    """A tag with the resource that has it."""

    resource: str
    key: str
    value: str


def _first(ask: Ask) -> Resource:
    """The first of parameter Resources; the others are asked about besides."""
    return _resource(ask, next(iter(ask.parameters["Resources"]), "*"))


def _resource(ask: Ask, identifier: str) -> Resource:
    """A resource by its id, whose prefix says what it is: `vpc-1` is the ARN `…:vpc/vpc-1`."""
    prefix = identifier.partition("-")[0]
    if prefix in ("i", "*"):
        return resources.instance_resource(ask, identifier)
    arn = resources.local_arn(ask, _KINDS.get(prefix, prefix), identifier)
    return Resource(arn, arn, ask.account.id)


_KINDS = {
    "eni": "network-interface",
    "sg": "security-group",
    "snap": "snapshot",
    "vol": "volume",
    "ami": "image",
}


def _keys(ask: Ask) -> Mapping[str, Value]:
    return _keys_of(ask, next(iter(ask.parameters["Resources"]), ""))


def _keys_of(ask: Ask, identifier: str) -> dict[str, Value]:
    """The instance's own keys, and those of the tags that are passed."""
    passed = tag_keys(pairs(ask.parameters.get("Tags") or ()))
    return {**resources.instance_keys(ask, identifier), **passed}


def _others(action: str) -> More:
    def more(ask: Ask, _: Resource) -> Iterable[Question]:
        for identifier in dict.fromkeys(ask.parameters["Resources"][1:]):
            one = _resource(ask, identifier)
            yield Question(action, one.arn, one.shown, one.account, _keys_of(ask, identifier), one.tags)

    return more


@ec2_operation("ec2:CreateTags", on=_first, keys=(_keys,), more=(_others("ec2:CreateTags"),), writes=True)
def create_tags(call: Call) -> Answer:
    """Add tags to instances, in the place of those of the same keys.

    Errors: InvalidID, InvalidInstanceID.NotFound, InvalidParameterValue, TagLimitExceeded.
    """
    new = pairs(call.parameters["Tags"])
    check_new_tags(new)
    for instance in _the_instances(call):
        tags = tuple(sorted((dict(instance.tags) | dict(new)).items()))
        check_all_tags(tags, in_metadata=instance.options.tags == "enabled")
        call.put(msgspec.structs.replace(instance, tags=tags), replacing=instance)
    return {}


@ec2_operation("ec2:DeleteTags", on=_first, keys=(_keys,), more=(_others("ec2:DeleteTags"),), writes=True)
def delete_tags(call: Call) -> Answer:
    """Take tags off: all where none is named, those of a key, or only those that have the value as well.

    Errors: InvalidID, InvalidInstanceID.NotFound.
    """
    named = call.get("Tags") or ()
    keys = {tag.get("Key") for tag in named if "Value" not in tag}
    whole = {(tag.get("Key"), tag["Value"]) for tag in named if "Value" in tag}
    for instance in _the_instances(call):
        left = [tag for tag in instance.tags if named and tag[0] not in keys and tag not in whole]
        call.put(msgspec.structs.replace(instance, tags=tuple(left)), replacing=instance)
    return {}


@ec2_operation("ec2:DescribeTags", on=resources.everything, keys=(resources.region_key,))
def describe_tags(call: Call) -> Answer:
    """List tags by resource and key. Errors: InvalidParameterValue (filters)."""
    found = [Tag(instance.id, *tag) for instance in all_instances(call) for tag in instance.tags]
    chosen = sorted(_FILTERS.chosen(call, found))
    shown, token = pages.paged(call, chosen, lambda tag: f"{tag.resource} {tag.key}")
    listed = [
        {"ResourceId": tag.resource, "ResourceType": "instance", "Key": tag.key, "Value": tag.value}
        for tag in shown
    ]
    return {"Tags": listed, "NextToken": token}


_FILTERS: Filters[Tag] = Filters(
    {
        "key": lambda tag: (tag.key,),
        "resource-id": lambda tag: (tag.resource,),
        "resource-type": lambda _: ("instance",),
        "value": lambda tag: (tag.value,),
    },
    tags=lambda tag: ((tag.key, tag.value),),
)


def _the_instances(call: Call) -> list[Instance]:
    """Return the instances that parameter Resources names; what is none does not exist here."""
    identifiers = call.parameters["Resources"]
    if len(identifiers) > limits.RESOURCES_PER_TAGGING:
        raise InvalidParameterValue(
            f"The maximum number of resources in one request is {limits.RESOURCES_PER_TAGGING}"
        )
    for identifier in identifiers:
        if not identifier.startswith("i-"):
            raise InvalidId(f"The ID '{identifier}' is not valid")
    return the_instances(call, identifiers)
