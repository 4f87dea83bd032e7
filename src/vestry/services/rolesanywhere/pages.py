"""Pages of a listing: pageSize and nextToken.

A token holds the id of the last item seen, so that a page goes on in the right place whatever was made or deleted
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from vestry import limits
from vestry.errors import ValidationError
from vestry.services.operation import Answer, Call
from vestry.services.page_token import key_in, token_behind


def paged(call: Call, members: str, items: Iterable[Any], shape: Callable[[Any], Any]) -> Answer:
    """Return the wanted page of `items`, by id. Raises ValidationError."""
    size = call.get("pageSize", limits.ANYWHERE_PAGE)
    if not 1 <= size <= limits.ANYWHERE_LARGEST_PAGE:
        raise ValidationError(f"pageSize must be a number from 1 to {limits.ANYWHERE_LARGEST_PAGE}.")
    behind = _behind(call)
    rest = sorted((item for item in items if item.id > behind), key=lambda item: item.id)
    answer: dict[str, Any] = {members: [shape(item) for item in rest[:size]]}
    if len(rest) > size:
        answer["nextToken"] = token_behind(rest[size - 1].id)
    return answer


def _behind(call: Call) -> str:
    token = call.get("nextToken")
    if token is None:
        return ""
    key = key_in(token)
    if key is not None:
        return key
    raise ValidationError("nextToken is not valid.", hint="Pass the nextToken of the page before, unchanged.")
