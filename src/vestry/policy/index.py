"""Finding the few patterns that a text can match among very many, by what every match begins or ends with.

A table holds literal prefixes in order. Whatever prefix of a text is in it lies on the chain that begins at the
text's predecessor in that order and leads from each entry to the longest entry that is its own prefix; so a lookup is
one binary search and a walk of as many steps as there are nested prefixes. Suffixes are prefixes of reversed texts.
Patterns that have neither a telling beginning nor a telling end are found by a piece of a literal in their middle: all
pieces of the text are looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Generic, TypeVar

from vestry.policy.pattern import ResourcePattern, ResourceTest

Item = TypeVar("Item")

#: Up to so many items are simply tried one after another.
FEW = 6
#: From so many neighbours on, looking up all pieces of a text is cheaper than trying them.
MANY = 24
#: A literal in the middle that is shorter than this does not tell patterns apart.
TELLING = 4
#: Longer pieces would tell no more.
_LONGEST_PIECE = 16

#: What a lookup finds: the test that is left to do (None: the index did it all, or `*`), and the item.
Entry = tuple[ResourceTest | None, Item]


class PrefixTable(Generic[Item]):
    """Items by literal prefix. Immutable once built."""

    __slots__ = ("_items", "_parents", "_prefixes")

    def __init__(self, items: dict[str, list[Item]]) -> None:
        self._prefixes = sorted(items)
        self._items = [tuple(items[prefix]) for prefix in self._prefixes]
        self._parents: list[int] = []
        chain: list[int] = []
        for number, prefix in enumerate(self._prefixes):
            while chain and not prefix.startswith(self._prefixes[chain[-1]]):
                chain.pop()
            self._parents.append(chain[-1] if chain else -1)
            chain.append(number)

    def find(self, text: str) -> list[Item]:
        """Return the items whose prefix `text` begins with."""
        prefixes, parents = self._prefixes, self._parents
        at = bisect_right(prefixes, text) - 1
        while at >= 0 and not text.startswith(prefixes[at]):
            at = parents[at]
        found: list[Item] = []
        while at >= 0:
            found += self._items[at]
            at = parents[at]
        return found


class PieceTable(Generic[Item]):
    """Items by a piece of a literal that stands somewhere in every match. Immutable once built."""

    __slots__ = ("_items", "_size")

    def __init__(self, items: Sequence[tuple[str, Item]]) -> None:
        """Take (literal, item) pairs; no literal is empty."""
        self._items: dict[str, list[Item]] = {}
        self._size = min((len(literal) for literal, _ in items), default=1)
        self._size = min(self._size, _LONGEST_PIECE)
        frequency = Counter(piece for literal, _ in items for piece in _pieces(literal, self._size))
        for literal, item in items:
            rarest = min(_pieces(literal, self._size), key=frequency.__getitem__)
            self._items.setdefault(rarest, []).append(item)

    def find(self, text: str) -> list[Item]:
        """Return the items of every piece of `text`."""
        found: list[Item] = []
        for piece in _pieces(text, self._size) if self._items else ():
            found += self._items.get(piece, ())
        return found


def _pieces(text: str, size: int) -> list[str]:
    return list({text[at : at + size]: None for at in range(len(text) - size + 1)})


class ResourceIndex(Generic[Item]):
    """Items by resource pattern. Immutable once built."""

    __slots__ = ("_by_piece", "_by_prefix", "_by_suffix", "_exact", "_rest", "few")

    #: All entries where they are few (then nothing is indexed), else None.
    few: tuple[Entry[Item], ...] | None

    def __init__(self, patterns: Sequence[tuple[ResourcePattern, Item]], rest: Sequence[Entry[Item]]) -> None:
        """Take what can be found by its pattern, and what must always be tried."""
        self._rest = list(rest)
        self.few = None
        if len(patterns) + len(rest) <= FEW:
            self.few = (*rest, *((pattern.test, item) for pattern, item in patterns))
            return
        self._exact: dict[str, list[Entry[Item]]] = {}
        open_patterns = []
        for pattern, item in patterns:
            if pattern.test is None:
                self._rest.append((None, item))
            elif pattern.exact:
                self._exact.setdefault(pattern.prefix, []).append((None, item))
            else:
                open_patterns.append((pattern, item))
        self._index(open_patterns)

    def _index(self, patterns: Sequence[tuple[ResourcePattern, Item]]) -> None:
        """Put each pattern where it has the fewest neighbours."""
        prefixes = Counter(pattern.prefix for pattern, _ in patterns)
        suffixes = Counter(pattern.suffix for pattern, _ in patterns)
        by_prefix: dict[str, list[Entry[Item]]] = {}
        by_suffix: dict[str, list[Entry[Item]]] = {}
        by_piece: list[tuple[str, Entry[Item]]] = []
        for pattern, item in patterns:
            like_prefix, like_suffix = prefixes[pattern.prefix], suffixes[pattern.suffix]
            literal = max(pattern.inner, key=len, default="")
            if pattern.prefix_only and like_prefix <= like_suffix:
                by_prefix.setdefault(pattern.prefix, []).append((None, item))
                continue
            entry = (pattern.test, item)
            if min(like_prefix, like_suffix) > MANY and len(literal) >= TELLING:
                by_piece.append((literal, entry))
            elif like_prefix <= like_suffix:
                by_prefix.setdefault(pattern.prefix, []).append(entry)
            else:
                by_suffix.setdefault(pattern.suffix[::-1], []).append(entry)
        self._by_prefix = PrefixTable(by_prefix) if by_prefix else None
        self._by_suffix = PrefixTable(by_suffix) if by_suffix else None
        self._by_piece = PieceTable(by_piece) if by_piece else None

    def find(self, resource: str) -> Sequence[Entry[Item]]:
        """Return what `resource` may match, each with the test that is left to do."""
        if self.few is not None:
            return self.few
        found = self._rest + self._exact.get(resource, [])
        if self._by_prefix is not None:
            found += self._by_prefix.find(resource)
        if self._by_suffix is not None:
            found += self._by_suffix.find(resource[::-1])
        if self._by_piece is not None:
            found += self._by_piece.find(resource)
        return found
