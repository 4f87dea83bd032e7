"""Compiled policies: each distinct document is compiled once and shared by all that carry it.

This is a cache of pure results and never of decisions; it is bounded by the characters it holds.
"""

from __future__ import annotations

from vestry.policy.compile import Compiled, compile_document
from vestry.policy.document import DocumentKind, parse_document

#: Characters of policy text whose compiled form is kept, for each of the three shelves.
BUDGET = 128 * 1024 * 1024


class Shelf:
    """Compiled documents by text. When the budget is used up, the older half is dropped."""

    __slots__ = ("_bound", "_budget", "_compiled", "_size")

    def __init__(self, *, bound: bool, budget: int) -> None:
        self._compiled: dict[str, Compiled] = {}
        self._bound = bound
        self._budget = budget
        self._size = 0

    def __call__(self, text: str) -> Compiled:
        """Return the compiled form of a document that was accepted when it was written."""
        found = self._compiled.get(text)
        return found if found is not None else self._compile(text)

    def _compile(self, text: str) -> Compiled:
        compiled = compile_document(parse_document(text, DocumentKind.LIBRARY), bound=self._bound)
        self._size += len(text)
        if self._size > self._budget:
            for old in list(self._compiled)[: len(self._compiled) // 2 + 1]:
                del self._compiled[old]
            self._size = sum(map(len, self._compiled)) + len(text)
        self._compiled[text] = compiled
        return compiled


class Documents:
    """The shelves: identity policies, trust policies (principals bound to unique ids) and session policies."""

    __slots__ = ("identity", "session", "trust")

    def __init__(self, budget: int = BUDGET) -> None:
        self.identity = Shelf(bound=False, budget=budget)
        self.trust = Shelf(bound=True, budget=budget)
        self.session = Shelf(bound=False, budget=budget // 8)
