"""Finding the few patterns that a text can match among very many, by what every match begins with or contains.

A prefix table is a tree. Each step cuts the text at the length of the shortest literal left and looks that piece up; it
finds the literals that end there, and the branches of the longer ones, which go on from there. So a lookup costs a
step for each nested prefix, and one or two for the rest. Suffixes are prefixes of reversed texts. Patterns that have
neither a telling beginning nor a telling end are found by a piece of a literal in their middle: all pieces of the text
are looked up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from vestry.policy.pattern import words

Item = TypeVar("Item")
Group = TypeVar("Group")

#: Up to so many items are simply tried one after another.
FEW = 6
#: Longer pieces would tell no more.
_LONGEST_PIECE = 16


#: Where a text is cut, what is found under the piece, and where the search goes on. Most pieces lead no further, so
#: that few objects of a big table are touched.
_Node = tuple[int, dict[str, Group], "dict[str, _Node[Group]]"]


class PrefixTable(Generic[Item, Group]):
    """Items by literal prefix, in groups. Immutable once built."""

    __slots__ = ("_root",)

    def __init__(self, items: Sequence[tuple[str, Item, Item]], group: Callable[[list[Item]], Group]) -> None:
        """Take (literal, item to try, item to take) triples; `group` makes what is found of a list of items.

        Where the table has compared a whole literal it gives the third, else the second.
        """
        self._root: _Node[Group] = (_shortest(items), {}, {})
        work = [(self._root, 0, items)]
        while work:
            (cut, groups, further), start, here = work.pop()
            pieces: dict[str, list[tuple[str, Item, Item]]] = {}
            for item in here:
                pieces.setdefault(item[0][start:cut], []).append(item)
            for piece, alike in pieces.items():
                found = [taken for literal, _, taken in alike if len(literal) == cut]
                longer = [item for item in alike if len(item[0]) > cut]
                if len(longer) <= FEW:
                    found += [tried for _, tried, _ in longer]
                else:
                    further[piece] = (_shortest(longer), {}, {})
                    work.append((further[piece], cut, longer))
                if found:
                    groups[piece] = group(found)

    def find(self, text: str) -> list[Group]:
        """Return the groups of all items whose literal `text` begins with, and of some others."""
        found: list[Group] = []
        start = 0
        node: _Node[Group] | None = self._root
        while node is not None:
            cut, groups, further = node
            piece = text[start:cut]
            group = groups.get(piece)
            if group is not None:
                found.append(group)
            start, node = cut, further.get(piece)
        return found


def _shortest(items: Iterable[tuple[str, Item, Item]]) -> int:
    return min((len(literal) for literal, _, _ in items), default=0)


class PieceTable(Generic[Item, Group]):
    """Items by a piece of a literal that stands somewhere in every match. Immutable once built."""

    __slots__ = ("_groups", "_size")

    def __init__(self, items: Sequence[tuple[str, Item]], group: Callable[[list[Item]], Group]) -> None:
        """Take (literal, item) pairs; no literal is empty."""
        lists: dict[str, list[Item]] = {}
        self._size = min((len(literal) for literal, _ in items), default=1)
        self._size = min(self._size, _LONGEST_PIECE)
        frequency = Counter(piece for literal, _ in items for piece in _pieces(literal, self._size))
        for literal, item in items:
            rarest = min(_pieces(literal, self._size), key=frequency.__getitem__)
            lists.setdefault(rarest, []).append(item)
        self._groups = {piece: group(alike) for piece, alike in lists.items()}

    def find(self, text: str) -> list[Group]:
        """Return the groups of every piece of `text`."""
        groups = self._groups
        return [groups[piece] for piece in _pieces(text, self._size) if piece in groups] if groups else []


def _pieces(text: str, size: int) -> list[str]:
    return list({text[at : at + size]: None for at in range(len(text) - size + 1)})


class WordTable(Generic[Item, Group]):
    """Items by a word that every match has. Immutable once built."""

    __slots__ = ("_groups",)

    def __init__(self, items: Sequence[tuple[bytes, Item]], group: Callable[[list[Item]], Group]) -> None:
        """Take (word, item) pairs."""
        lists: dict[bytes, list[Item]] = {}
        for word, item in items:
            lists.setdefault(word, []).append(item)
        self._groups = {word: group(alike) for word, alike in lists.items()}

    def find(self, text: str) -> list[Group]:
        """Return the groups of every word of `text`."""
        groups = self._groups
        found: dict[bytes, Group] = {}
        for word in words(text):
            if word in groups:
                found[word] = groups[word]
        return list(found.values())
