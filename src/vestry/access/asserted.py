"""Session tags and source identity that an identity provider asserts of somebody, held to what a caller may pass.

Source: IAM User Guide, "Passing session tags in AWS STS", "Monitor and control actions taken with assumed roles".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from vestry import limits
from vestry.directory.entities import Pairs
from vestry.errors import InvalidIdentityToken

_SOURCE_IDENTITY = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_OUTSIDE_TAGS = re.compile(r"[^\w\s.:/=+\-@]")


def checked_tags(
    pairs: Iterable[tuple[str, str]], transitive: Iterable[str]
) -> tuple[Pairs, tuple[str, ...]]:
    """Return session tags sorted by key and the keys of the transitive ones. Raises InvalidIdentityToken."""
    tags, passed_on = tuple(sorted(pairs)), tuple(sorted(set(transitive)))
    keys = [key.lower() for key, _ in tags]
    if len(tags) > limits.SESSION_TAGS:
        raise InvalidIdentityToken(f"No more than {limits.SESSION_TAGS} session tags can be passed.")
    if len(set(keys)) < len(keys):
        raise InvalidIdentityToken(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.startswith("aws:") for key in keys):
        raise InvalidIdentityToken("aws: prefixed tag key names are not allowed for external use.")
    for key, value in tags:
        if not 1 <= len(key) <= 128 or len(value) > 256 or _OUTSIDE_TAGS.search(key + value) is not None:
            raise InvalidIdentityToken(
                "A session tag is longer than allowed, or holds a character that is not."
            )
    if not {key.lower() for key in passed_on} <= set(keys):
        raise InvalidIdentityToken("The specified transitive tag key must be included in the requested tags.")
    return tags, passed_on


def checked_source_identity(text: str) -> str:
    """Return a source identity, "" where there is none; a colon is in none. Raises InvalidIdentityToken."""
    if text and _SOURCE_IDENTITY.fullmatch(text) is None:
        raise InvalidIdentityToken(
            'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
        )
    return text
