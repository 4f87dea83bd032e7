"""Tags of pod identity associations. Source: EKS API reference, TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

from msgspec.structs import replace

from vestry.directory.workloads import PodAssociation
from vestry.errors import TaggedNotFound, UntaggableArn
from vestry.services.eks import resources
from vestry.services.eks.association_checks import checked_tags
from vestry.services.operation import Answer, Call, operation


@operation("eks:TagResource", on=resources.tagged, keys=(resources.request_tags,), writes=True)
def tag_resource(call: Call) -> Answer:
    """Add tags, in the place of namesakes. Errors: BadRequestException, NotFoundException, InvalidParameterException."""
    present = _tagged(call)
    tags = dict(present.tags) | call.parameters["tags"]
    changed = replace(present, tags=checked_tags(resources.tag_pairs(tags)))
    call.put(changed, replacing=present)
    return {}


@operation("eks:UntagResource", on=resources.tagged, keys=(resources.untagged_keys,), writes=True)
def untag_resource(call: Call) -> Answer:
    """Take tags off; keys that are not there are passed over. Errors: BadRequestException, NotFoundException."""
    present = _tagged(call)
    gone = set(call.parameters["tagKeys"])
    changed = replace(present, tags=tuple(pair for pair in present.tags if pair[0] not in gone))
    call.put(changed, replacing=present)
    return {}


@operation("eks:ListTagsForResource", on=resources.tagged)
def list_tags_for_resource(call: Call) -> Answer:
    """Return the tags. Errors: BadRequestException, NotFoundException."""
    return {"tags": dict(_tagged(call).tags)}


def _tagged(call: Call) -> PodAssociation:
    arn = call.parameters["resourceArn"]
    if ":podidentityassociation/" not in arn:
        raise UntaggableArn(
            f"{arn} cannot be tagged.", hint="Of EKS, only pod identity associations are tagged here."
        )
    found = call.account.workloads.association_by_arn(arn, call.region)
    if found is None:
        raise TaggedNotFound(f"Resource not found: {arn}")
    return found
