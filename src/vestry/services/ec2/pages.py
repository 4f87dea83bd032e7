"""Pages of what is described: MaxResults and NextToken.

A token holds the place of the last item seen, so that a page goes on in the right place whatever was launched or
terminated meanwhile. Source: EC2 API reference, "Pagination".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from vestry import limits
from vestry.errors import InvalidParameterCombination, InvalidParameterValue
from vestry.services.operation import Call
from vestry.services.page_token import key_in, token_behind

T = TypeVar("T")


def paged(call: Call, items: Sequence[T], place: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """Return the wanted page of `items`, which are sorted by `place`, and the token of the next page."""
    behind, size = _behind(call), _size(call)
    rest = [item for item in items if place(item) > behind] if behind else items
    if size is None or len(rest) <= size:
        return rest, None
    shown = rest[:size]
    return shown, token_behind(place(shown[-1]))


def not_with_ids(call: Call, ids: str, said: str) -> None:
    """Raise InvalidParameterCombination where parameter `ids`, which EC2 calls `said`, is given with MaxResults."""
    if call.get(ids) and call.get("MaxResults") is not None:
        raise InvalidParameterCombination(
            f"The parameter {said} cannot be used with the parameter maxResults"
        )


def _size(call: Call) -> int | None:
    size: int | None = call.get("MaxResults")
    if size is None:
        return None
    what = f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value"
    if size < limits.SMALLEST_PAGE:
        raise InvalidParameterValue(f"{what} greater than {limits.SMALLEST_PAGE}.")
    if size > limits.LARGEST_PAGE:
        raise InvalidParameterValue(f"{what} smaller than {limits.LARGEST_PAGE}.")
    return size


def _behind(call: Call) -> str:
    token = call.get("NextToken")
    if not token:
        return ""
    key = key_in(token)
    if key is not None:
        return key
    raise InvalidParameterValue("Unable to parse pagination token")
