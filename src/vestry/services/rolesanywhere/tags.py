"""Tags of trust anchors, profiles and revocation lists. Source: IAM Roles Anywhere API reference, TagResource and its kin."""

from __future__ import annotations

from typing import Any

import msgspec

from vestry.access.declaration import Ask, Resource
from vestry.errors.rolesanywhere import ResourceNotFound
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.profiles import PROFILES
from vestry.services.rolesanywhere.revocation import LISTS
from vestry.services.rolesanywhere.tag_rules import check_number, passed_tags, request_keys, request_tags
from vestry.services.rolesanywhere.trust_anchors import ANCHORS

_FAMILIES = (ANCHORS, PROFILES, LISTS)


def _resource(ask: Ask) -> Resource:
    arn = ask.parameters["resourceArn"]
    for family in _FAMILIES:
        found = family.find(ask.account, ask.region, arn)
        if found is not None:
            return Resource(found.arn, found.arn, ask.account.id, found.tags)
    return Resource(arn, arn, ask.account.id)


def _the(call: Call) -> Any:
    arn = call.parameters["resourceArn"]
    for family in _FAMILIES:
        found = family.find(call.account, call.region, arn)
        if found is not None and found.arn == arn:
            return found
    raise ResourceNotFound(f"Resource {arn} not found.")


@operation("rolesanywhere:TagResource", on=_resource, keys=(request_tags,), writes=True)
def tag_resource(call: Call) -> Answer:
    """Add tags, in the place of namesakes. Errors: ResourceNotFoundException, ValidationException,
    TooManyTagsException."""
    found, new = _the(call), passed_tags(call)
    tags = tuple(sorted({**dict(found.tags), **dict(new)}.items()))
    check_number(tags)
    call.put(msgspec.structs.replace(found, tags=tags), replacing=found)
    return {}


@operation("rolesanywhere:UntagResource", on=_resource, keys=(request_keys,), writes=True)
def untag_resource(call: Call) -> Answer:
    """Take tags off; keys that are not there are passed over. Errors: ResourceNotFoundException."""
    found, gone = _the(call), frozenset(call.parameters["tagKeys"])
    tags = tuple(pair for pair in found.tags if pair[0] not in gone)
    call.put(msgspec.structs.replace(found, tags=tags), replacing=found)
    return {}


@operation("rolesanywhere:ListTagsForResource", on=_resource)
def list_tags_for_resource(call: Call) -> Answer:
    """Return the tags, by key. Errors: ResourceNotFoundException."""
    return {"tags": [{"key": key, "value": value} for key, value in _the(call).tags]}
