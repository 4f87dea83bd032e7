"""Which layer decided a step of the tour: the server is asked, by the request's id."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from vestry.cli.failure import Failure
from vestry.cli.operator import perform

#: What stands in the place of a layer where no policy was asked.
EXEMPT = "no policy, it is exempt"
NOT_ASKED = "no policy, none was asked"
BOTH = "identity and trust"


class Decided(NamedTuple):
    """The layer that decided, whether it denied, and the explanation."""

    layer: str
    denied: bool = False
    sentences: tuple[str, ...] = ()


def decision_on(data: Path, request_id: str, *, failed: bool) -> Decided:
    """Return how the server on `data` decided a request; `failed`: its answer was an error."""
    try:
        told = perform("explain.request", {"request_id": request_id}, data, None)
    except Failure:
        return Decided(NOT_ASKED)
    if not told["questions"]:
        return Decided(NOT_ASKED if told["refused"] else EXEMPT)
    question: dict[str, Any] = told["questions"][-1]
    denied = question["decision"] != "allowed"
    layer = str(question["decidedBy"])
    if layer == "trust" and not denied:
        allowing = {one["layer"] for one in question["layers"] if one["allows"]}
        layer = BOTH if {"identity", "trust"} <= allowing else layer
    if failed and not denied:
        layer = f"the operation, {layer} allowed it"
    return Decided(layer, denied, tuple(question["sentences"]))
