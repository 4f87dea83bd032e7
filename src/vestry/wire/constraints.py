"""The models' constraints as functions of values: one quick yes-or-no per shape, one slow walk that words the faults.

The quick test runs on every request and is one call per constrained member; the walk runs only for a request that is
going to be refused. INVARIANT: the walk finds a fault in exactly those values that the quick test refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vestry.wire.dialects import NEVER_NULL_ELEMENTS, Dialect
from vestry.wire.patterns import matcher, printed
from vestry.wire.shapes import Ref, Shape, lower_camel

Good = Callable[[Any], bool]

NOT_NULL = "Member must not be null"


class Constraints:
    """What the shapes of one service demand, with what has been built so far."""

    def __init__(self, shapes: Mapping[str, Shape], dialect: Dialect) -> None:
        self._shapes = shapes
        self.dialect = dialect
        self._built: dict[str, Good | None] = {}

    def shape(self, name: str) -> Shape:
        """Return the shape of that name; KeyError for an unknown one."""
        return self._shapes[name]

    def good(self, name: str) -> Good | None:
        """Return the quick test of a shape's values; None where nothing can be wrong."""
        if name in self._built:
            return self._built[name]
        shape = self._shapes[name]
        if shape.type == "structure":
            self._built[name] = lambda value: bool(self._resolved(name)(value))  # while it is being built
        built = self._build(shape)
        self._built[name] = built
        return built

    def _resolved(self, name: str) -> Good:
        return self._built[name] or _anything

    def _build(self, shape: Shape) -> Good | None:
        if shape.type == "structure":
            return self._structure(shape)
        if shape.type == "list" and shape.member is not None:
            return _sized(shape, self.good(shape.member.shape), each=iter)
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            keys, values = self.good(shape.key.shape), self.good(shape.value.shape)
            return _map_test(shape, keys, values)
        return leaf_test(shape)

    def _structure(self, shape: Shape) -> Good | None:
        required = shape.required
        tests = {
            member: test
            for member, ref in shape.members.items()
            if (test := self.good(ref.shape)) is not None
        }
        if not required and not tests:
            return None
        test_of = tests.get

        def good(value: Mapping[str, Any]) -> bool:
            for member in required:
                if member not in value:
                    return False
            for member, item in value.items():
                test = test_of(member)
                if test is not None and not test(item):
                    return False
            return True

        return good


def leaf_test(shape: Shape) -> Good | None:
    """Return the quick test of a leaf: length or range, pattern, enumeration; None where it has none of them."""
    low, high = shape.min, shape.max
    if shape.type in {"integer", "long", "float", "double"}:
        return _range_test(low, high)
    if shape.type in {"boolean", "timestamp"}:
        return None
    if shape.enum:
        return frozenset(shape.enum).__contains__
    if shape.pattern is None:
        return _sized(shape, None, each=iter)
    return matcher(shape.pattern, int(low or 0), None if high is None else int(high))


def _range_test(low: float | None, high: float | None) -> Good | None:
    if low is None and high is None:
        return None
    if high is None:
        return lambda value: bool(value >= low)
    if low is None:
        return lambda value: bool(value <= high)
    return lambda value: low <= value <= high


def _sized(shape: Shape, test: Good | None, *, each: Callable[[Any], Any]) -> Good | None:
    low, high = shape.min or 0, shape.max
    if high is None:
        if test is None:
            return None if not low else lambda value: len(value) >= low
        return lambda value: len(value) >= low and all(map(test, each(value)))
    if test is None:
        return lambda value: low <= len(value) <= high
    return lambda value: low <= len(value) <= high and all(map(test, each(value)))


def _map_test(shape: Shape, keys: Good | None, values: Good | None) -> Good | None:
    size = _sized(shape, None, each=iter)
    if size is None and keys is None and values is None:
        return None
    return lambda value: (
        (size is None or size(value))
        and (keys is None or all(map(keys, value)))
        and (values is None or all(map(values, value.values())))
    )


def _anything(value: object) -> bool:
    return True


class Findings:
    """Walks refused values and words what is wrong, in the dialect's order."""

    def __init__(self, constraints: Constraints) -> None:
        self._constraints = constraints
        self._dialect = constraints.dialect
        self.texts: list[str] = []

    def structure(self, shape: Shape, value: Mapping[str, Any], path: str) -> None:
        """Add the faults of a structure's members; `path` is empty or ends in a dot."""
        members = list(shape.members.items())
        if self._dialect.by_name:
            members.sort(key=lambda item: lower_camel(item[0]))
        for member, ref in members:
            item = value.get(member)
            where = path + lower_camel(member)
            if item is not None:
                self._value(ref, item, where)
            elif member in shape.required:
                self._add(where, "null", NOT_NULL, sensitive=self._constraints.shape(ref.shape).sensitive)

    def _value(self, ref: Ref, value: Any, where: str) -> None:
        test = self._constraints.good(ref.shape)
        if test is None or test(value):
            return
        shape = self._constraints.shape(ref.shape)
        if shape.type == "structure":
            self.structure(shape, value, f"{where}.")
            return
        for reason in unmet(shape, value, self._dialect):
            self._add(where, f"'{_shown(value)}'", reason, sensitive=shape.sensitive)
        if shape.type == "list" and shape.member is not None:
            self._elements(ref.shape, shape.member, value, where)
        elif shape.type == "map" and shape.key is not None and shape.value is not None:
            self._inside(shape.key, list(value), value, where, "Map keys")
            if self._constraints.shape(shape.value.shape).is_leaf:
                self._inside(shape.value, list(value.values()), value, where, "Map value")
            else:
                for key, item in value.items():
                    self._value(shape.value, item, f"{where}.{key}")

    def _elements(self, list_name: str, ref: Ref, value: list[Any], where: str) -> None:
        if self._constraints.shape(ref.shape).is_leaf:
            more = [NOT_NULL] if list_name in NEVER_NULL_ELEMENTS else []
            self._inside(ref, value, value, where, "Member", more)
            return
        for index, item in enumerate(value, 1):
            self._value(ref, item, f"{where}.{index}.member")

    def _inside(
        self, ref: Ref, items: list[Any], whole: Any, where: str, what: str, more: Iterable[str] = ()
    ) -> None:
        """Leaves inside a list or map are told once, of the whole, with all that they must meet."""
        test = self._constraints.good(ref.shape)
        if test is None or all(map(test, items)):
            return
        shape = self._constraints.shape(ref.shape)
        demands = ", ".join([*demanded(shape, self._dialect), *more])
        reason = f"{what} must satisfy constraint: [{demands}]"
        self._add(where, f"'{_shown(whole)}'", reason, sensitive=shape.sensitive)

    def _add(self, where: str, shown: str, reason: str, *, sensitive: bool) -> None:
        value = f" {shown}" if self._dialect.prints_values and not sensitive else ""
        self.texts.append(f"Value{value} at '{where}' failed to satisfy constraint: {reason}")


def unmet(shape: Shape, value: Any, dialect: Dialect) -> list[str]:
    """Return the demands of this one shape (not of its parts) that the value does not meet, in the dialect's order."""
    if shape.type in {"integer", "long", "float", "double"}:
        size, word = value, "value"
    elif shape.type in {"boolean", "timestamp", "structure"}:
        return []
    else:
        size, word = len(value), "length"
    found: list[str] = []
    if shape.max is not None and size > shape.max:
        found.append(f"Member must have {word} less than or equal to {_plain(shape.max)}")
    if shape.min is not None and size < shape.min:
        found.append(f"Member must have {word} greater than or equal to {_plain(shape.min)}")
    if shape.enum and value not in shape.enum:
        found = [enumeration(shape, dialect)]
    elif not shape.enum and shape.pattern is not None and not matcher(shape.pattern)(value):
        found.insert(0 if dialect.pattern_first else len(found), regular(shape.pattern, dialect))
    return found


def demanded(shape: Shape, dialect: Dialect) -> list[str]:
    """Return every demand of a list element's shape, as the services list them: largest, smallest, pattern."""
    word = "value" if shape.type in {"integer", "long", "float", "double"} else "length"
    found: list[str] = []
    if shape.enum:
        return [enumeration(shape, dialect)]
    if shape.max is not None:
        found.append(f"Member must have {word} less than or equal to {_plain(shape.max)}")
    if shape.min is not None:
        found.append(f"Member must have {word} greater than or equal to {_plain(shape.min)}")
    if shape.pattern is not None:
        found.append(regular(shape.pattern, dialect))
    return found


def enumeration(shape: Shape, dialect: Dialect) -> str:
    """Return the demand of an enumeration, with the set where the service prints it."""
    text = "Member must satisfy enum value set"
    return f"{text}: [{', '.join(shape.enum)}]" if dialect.enum_set else text


def regular(pattern: str, dialect: Dialect) -> str:
    """Return the demand of a pattern, as the service prints it."""
    shown = pattern if dialect.prints_escapes else printed(pattern)
    return f"Member must satisfy regular expression pattern: {shown}"


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{lower_camel(key)}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)
