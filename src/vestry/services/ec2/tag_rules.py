"""What tags of EC2 resources may look like.

Sources: EC2 User Guide, "Tag restrictions" and "Work with instance tags in instance metadata".
"""

from __future__ import annotations

import re

from vestry import limits
from vestry.directory.entities import Pairs
from vestry.errors import InvalidParameterValue, TagLimitExceeded

_KEY, _VALUE = 128, 256
_IN_METADATA = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}", re.ASCII)
_RESERVED = frozenset((".", "..", "_index"))


def check_new_tags(tags: Pairs) -> None:
    """Raise InvalidParameterValue for keys and values that EC2 does not take."""
    keys = [key for key, _ in tags]
    for key, value in tags:
        if not key:
            raise InvalidParameterValue("Tag key cannot be null or empty.")
        if len(key) > _KEY:
            raise InvalidParameterValue(f"Tag key exceeds the maximum length of {_KEY} characters")
        if len(value) > _VALUE:
            raise InvalidParameterValue(f"Tag value exceeds the maximum length of {_VALUE} characters")
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue("Tag keys starting with 'aws:' are reserved for internal use")
        if keys.count(key) > 1:
            raise InvalidParameterValue(f"Duplicate tag key '{key}' specified.")


def check_all_tags(tags: Pairs, *, in_metadata: bool) -> None:
    """Raise what EC2 answers where these would be all tags of an instance: their number, and paths of its metadata."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise TagLimitExceeded
    if in_metadata:
        for key, _ in tags:
            if not _IN_METADATA.fullmatch(key) or key in _RESERVED:
                raise InvalidParameterValue(
                    f"'{key}' is not a valid tag key. Tag keys must match pattern "
                    "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')"
                )
