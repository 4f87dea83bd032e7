"""Pages of what is listed: maxResults and nextToken.

A token holds the key of the last item seen, so that a page goes on in the right place whatever was made or deleted
meanwhile. Source: EKS API reference, ListPodIdentityAssociations and ListClusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from vestry.errors import InvalidEksParameter
from vestry.services.operation import Call
from vestry.services.page_token import key_in, token_behind

T = TypeVar("T")

_LARGEST = 100


def paged(call: Call, items: Sequence[T], key: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """Return the wanted page of `items`, which are sorted by `key`, and the token of the next page.

    Raises InvalidParameterException for a token that is not ours.
    """
    behind, size = _behind(call), call.get("maxResults", _LARGEST)
    rest = [item for item in items if key(item) > behind]
    shown = rest[:size]
    if len(rest) <= size:
        return shown, None
    return shown, token_behind(key(shown[-1]))


def _behind(call: Call) -> str:
    token = call.get("nextToken")
    if not token:
        return ""
    key = key_in(token)
    if key is not None:
        return key
    raise InvalidEksParameter("The nextToken is not valid.")
