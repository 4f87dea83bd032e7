"""What was decided of late, by request id, so that it can be asked about. Bounded; held in memory only."""

from __future__ import annotations

from collections import deque

from vestry.access.replay import Asked

#: How many requests are remembered: those that were denied, and the others.
DENIED, ALLOWED = 8192, 1024


class Decisions:
    """The last requests' questions. To remember one is two references; everything else waits until somebody asks."""

    def __init__(self, denied: int = DENIED, allowed: int = ALLOWED) -> None:
        self._denied: deque[tuple[str, Asked]] = deque(maxlen=denied)
        self._allowed: deque[tuple[str, Asked]] = deque(maxlen=allowed)

    def note(self, request_id: str, asked: Asked, *, allowed: bool) -> None:
        """Remember what a request asked; the oldest is forgotten for it."""
        (self._allowed if allowed else self._denied).append((request_id, asked))

    def find(self, request_id: str) -> Asked | None:
        """Return what a request asked, None where it is not (or no longer) known."""
        for known in (self._denied, self._allowed):
            for identifier, asked in reversed(known):
                if identifier == request_id:
                    return asked
        return None
