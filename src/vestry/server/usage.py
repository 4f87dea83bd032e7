"""When keys and roles were last used: noted in memory on every request, written in batches, never through a commit."""

from __future__ import annotations

from vestry.directory.usage import Usage


class LastUsed:
    """The last use by access key id and role id. `take` gives what changed since it was last taken."""

    def __init__(self, known: dict[str, Usage]) -> None:
        self._known = known
        self._fresh: dict[str, Usage] = {}

    def note(self, identifier: str, date: int, service: str, region: str) -> None:
        """Remember a use; within one minute for one service nothing new is noted."""
        last = self._known.get(identifier)
        if last is None or date - last.date >= 60 or last.service != service or last.region != region:
            self._known[identifier] = self._fresh[identifier] = Usage(date, service, region)

    def get(self, identifier: str) -> Usage | None:
        """Return the last use."""
        return self._known.get(identifier)

    def take(self) -> dict[str, Usage]:
        """Return and forget what is not yet written."""
        fresh, self._fresh = self._fresh, {}
        return fresh
