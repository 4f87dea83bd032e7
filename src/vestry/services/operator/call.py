"""A command of the operator, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from vestry.access.authenticate import Keyring
from vestry.access.replay import Asked
from vestry.directory.draft import Draft


class SessionClock(Protocol):
    """The running server's clocks: `now` is what sessions live by."""

    adjustable: bool
    offset: float

    def wall(self) -> float:
        """Return the real time, in epoch seconds."""
        ...

    def advance(self, seconds: float) -> None:
        """Move `now`, and never `wall`."""
        ...


class OperatorCall(msgspec.Struct, frozen=True):
    """One command of the operator; `now` is the session clock in epoch seconds, `entropy(n)` gives n random bytes.

    `asked(request_id)` answers what a request asked of the policies, and `clock` is the server's; both are None where
    no server runs.
    """

    draft: Draft
    arguments: Mapping[str, Any]
    now: int
    entropy: Callable[[int], bytes]
    keyring: Keyring
    asked: Callable[[str], Asked | None] | None = None
    clock: SessionClock | None = None
