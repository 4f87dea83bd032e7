"""Pages of a listing: MaxItems, Marker and IsTruncated.

A marker holds the key of the last item seen, so that a page goes on in the right place whatever was created or deleted
meanwhile. Source: IAM API reference, "Common parameters" of the listing operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from vestry.errors import ValidationError
from vestry.services.operation import Answer, Call
from vestry.services.page_token import key_in, token_behind

T = TypeVar("T")

DEFAULT_ITEMS = 100


def after(call: Call) -> str:
    """Return the key behind which the wanted page begins; raise ValidationError for a marker that is not ours."""
    marker = call.get("Marker")
    if marker is None:
        return ""
    key = key_in(marker)
    if key is not None:
        return key
    raise ValidationError("Invalid Marker.", hint="Pass the Marker of the page before, unchanged.")


def wanted(call: Call) -> int:
    """Return the number of items to answer at most."""
    return int(call.get("MaxItems", DEFAULT_ITEMS))


def answer(name: str, items: Sequence[Any], more: bool, last: str) -> Answer:
    """Return a page in the model's shape; `last` is the key of its last item."""
    page: dict[str, Any] = {name: items, "IsTruncated": more}
    if more:
        page["Marker"] = token_behind(last)
    return page


def paged(
    call: Call, name: str, items: Sequence[T], key: Callable[[T], str], shape: Callable[[T], Any]
) -> Answer:
    """Return the wanted page of `items`, which are sorted by `key`."""
    behind, count = after(call), wanted(call)
    rest = [item for item in items if key(item) > behind] if behind else list(items)
    shown = rest[:count]
    return answer(name, [shape(item) for item in shown], len(rest) > count, key(shown[-1]) if shown else "")


def numbered(call: Call, name: str, items: Sequence[T], shape: Callable[[T], Any]) -> Answer:
    """Return the wanted page of a short list whose items have no key that fits a marker: it counts instead."""
    behind = after(call)
    if behind and not behind.isdecimal():
        raise ValidationError("Invalid Marker.")
    start, count = int(behind[:6] or 0), wanted(call)
    shown = items[start : start + count]
    end = start + len(shown)
    return answer(name, [shape(item) for item in shown], end < len(items), str(end))
