"""Filters: which of the things that are described are wanted.

A table says of each filter what it reads; values of one filter are alternatives, several filters must all hold. `*`
and `?` stand for characters, a backslash before them for themselves. A filter that is not in the table is an error.
Source: EC2 API reference, "Filtering"; the tables follow the Filters of each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from vestry import limits
from vestry.directory.entities import Pairs
from vestry.errors import FilterLimitExceeded, InvalidParameterValue
from vestry.policy.pattern import TextTest, glob
from vestry.policy.variables import Token, Wild
from vestry.services.operation import Call

T = TypeVar("T")

#: What a filter reads of a thing: none, one or several texts, of which one must match.
Read = Callable[[T], Iterable[str]]


class Filters(Generic[T]):
    """The filters of one operation. `tags` reads a thing's tags where `tag:KEY` is a filter, too; None where it isn't."""

    def __init__(self, table: Mapping[str, Read[T]], tags: Callable[[T], Pairs] | None) -> None:
        self._table = table
        self._tags = tags

    @property
    def names(self) -> Iterable[str]:
        """The names of the table."""
        return self._table.keys()

    def chosen(self, call: Call, things: Sequence[T]) -> Sequence[T]:
        """Return those of `things` that all filters of the request let through.

        Raises InvalidParameterValue for an unknown filter, FilterLimitExceeded for too many values.
        """
        tests = self._tests(call.get("Filters") or ())
        return [thing for thing in things if all(test(thing) for test in tests)] if tests else things

    def _tests(self, filters: Sequence[Mapping[str, Sequence[str]]]) -> list[Callable[[T], bool]]:
        if sum(len(one.get("Values") or ()) for one in filters) > limits.FILTER_VALUES:
            raise FilterLimitExceeded(
                f"The maximum number of filter values specified on a single call is {limits.FILTER_VALUES}"
            )
        return [self._test(str(one.get("Name", "null")), one.get("Values") or ()) for one in filters]

    def _test(self, name: str, values: Sequence[str]) -> Callable[[T], bool]:
        read = self._reader(name)
        if not values:
            raise InvalidParameterValue(f"The filter '{name}' needs at least one value")
        plain = frozenset(value for value in values if not set(value) & set("*?\\"))
        patterns = [pattern(value) for value in values if value not in plain]

        def test(thing: T) -> bool:
            return any(text in plain or any(one(text) for one in patterns) for text in read(thing))

        return test

    def _reader(self, name: str) -> Read[T]:
        found = self._table.get(name)
        if found is not None:
            return found
        tags = self._tags
        if tags is not None and name.startswith("tag:"):
            key = name[4:]
            return lambda thing: [value for name, value in tags(thing) if name == key]
        raise InvalidParameterValue(f"The filter '{name}' is invalid")


def pattern(text: str) -> TextTest:
    """Compile a filter's value with wildcards."""
    tokens: list[Token] = []
    literal, escaped = "", False
    for character in text:
        if escaped or character not in "*?\\":
            literal, escaped = literal + character, False
        elif character == "\\":
            escaped = True
        else:
            if literal:
                tokens.append(literal)
            literal = ""
            tokens.append(Wild.ANY if character == "*" else Wild.ONE)
    if literal:
        tokens.append(literal)
    return glob(tuple(tokens))
