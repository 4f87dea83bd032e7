"""What the operator may call things that AWS's services name: tasks, clusters, regions."""

from __future__ import annotations

import re
from typing import Any

from vestry.errors import ValidationError

#: EKS's names of clusters, which suit ECS's tasks and clusters as well.
_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{2,16})+-[0-9]{1,2}", re.ASCII)


def checked_name(text: Any) -> str:
    """Return a name. Raises ValidationError."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise ValidationError(
            f"{text!r} is no name.",
            hint="A name has up to 100 letters, digits, hyphens and underscores, and begins with one of the first two.",
        )
    return text


def checked_region(text: Any) -> str:
    """Return a region. Raises ValidationError."""
    if not isinstance(text, str) or not _REGION.fullmatch(text):
        raise ValidationError(f"{text!r} is no region.", hint="A region is named like eu-west-1.")
    return text
