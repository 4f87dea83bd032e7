"""Tags that are passed: what they may be, and the condition keys that they give."""

from __future__ import annotations

from collections.abc import Iterable

from vestry import limits
from vestry.access.context import tag_keys
from vestry.access.declaration import Ask
from vestry.directory.anywhere import Pairs
from vestry.errors import ValidationError
from vestry.errors.rolesanywhere import TooManyTags
from vestry.policy.request import Value
from vestry.services.operation import Call


def passed_tags(call: Call) -> Pairs:
    """Return the tags of a request, sorted by key. Raises ValidationError, TooManyTagsException."""
    tags = _pairs(call.get("tags") or ())
    keys = [key for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise ValidationError("Duplicate tag keys found.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise ValidationError("aws: prefixed tag key names are not allowed for external use.")
    check_number(tags)
    return tags


def check_number(tags: Pairs) -> None:
    """Raise TooManyTagsException where these would be too many for one resource."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise TooManyTags


def request_tags(ask: Ask) -> dict[str, Value]:
    """Return `aws:RequestTag/…` and `aws:TagKeys` of the tags that are passed."""
    return tag_keys(_pairs(ask.parameters.get("tags") or ()))


def request_keys(ask: Ask) -> dict[str, Value]:
    """Return `aws:TagKeys` of the keys that are taken off."""
    return {"aws:tagkeys": tuple(ask.parameters["tagKeys"])}


def _pairs(tags: Iterable[dict[str, str]]) -> Pairs:
    return tuple(sorted((tag["key"], tag["value"]) for tag in tags))
