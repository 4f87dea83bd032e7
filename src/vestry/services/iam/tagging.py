"""The further question that creating something with tags asks: may the caller tag it?"""

from __future__ import annotations

from collections.abc import Iterable

from vestry.access.context import Question
from vestry.access.declaration import Ask, More, Resource
from vestry.services.iam.resources import request_tags


def also_tag(action: str) -> More:
    """Ask `action` on the same resource when the request passes tags (IAM User Guide, "Access control for tags")."""

    def more(ask: Ask, resource: Resource) -> Iterable[Question]:
        keys = request_tags(ask)
        if keys:
            yield Question(action, resource.arn, resource.shown, resource.account, keys, resource.tags)

    return more
