"""Readers of the query protocols (`query`, `ec2`): dotted parameters as values, one reader per shape, built once.

A structure's reader walks the parameters once and asks a dictionary for each name; what has dots and belongs to a
list, map or structure is gathered below its first component and handed down. Names that the model doesn't know are
ignored, as AWS ignores them. Indexes are only sorted, never allocated by; nesting is bounded.

Where a scalar is sent as a list or a list as a scalar, the answer is `MalformedInput` with the sentences that AWS's
query services use for it (seen in public reports; unverified for STS).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vestry.errors import MalformedInput
from vestry.limits import QUERY_NESTING
from vestry.wire.scalars import CONVERTERS
from vestry.wire.shapes import Ref, Shape, element_name

#: the parameters below one name, by what follows that name's dot ("" for the bare name) -> value
Reader = Callable[[Mapping[str, str]], Any]

_INDEX_DIGITS = 9


def query_input(shapes: Mapping[str, Shape], name: str | None, family: str) -> Reader:
    """Return the reader of an operation's input shape (`name` None: no input) for `query` or `ec2`."""
    if name is None:
        return lambda parameters: {}
    return _Compiler(shapes, ec2=family == "ec2").structure(name)


class _Compiler:
    """Builds readers; one shape is built once, so that shapes may contain themselves."""

    def __init__(self, shapes: Mapping[str, Shape], *, ec2: bool) -> None:
        self._shapes = shapes
        self._ec2 = ec2
        self._structures: dict[str, Reader] = {}

    def structure(self, name: str) -> Reader:
        known = self._structures.get(name)
        if known is not None:
            return known
        strings: dict[str, str] = {}
        scalars: dict[str, tuple[str, Callable[[str], Any]]] = {}
        composites: dict[str, tuple[str, Reader]] = {}
        reader = self._structures[name] = _structure_reader(strings, scalars, composites)
        for member, ref in self._shapes[name].members.items():
            shape = self._shapes[ref.shape]
            sent_as = self._sent_as(member, ref, shape)
            if not shape.is_leaf:
                composites[sent_as] = (member, self._composite(ref, shape))
            elif shape.type in CONVERTERS:
                scalars[sent_as] = (member, CONVERTERS[shape.type])
            else:
                strings[sent_as] = member
        return reader

    def _sent_as(self, member: str, ref: Ref, shape: Shape) -> str:
        if self._ec2:
            if ref.query_name:
                return ref.query_name
            name = ref.location_name
            return name[:1].upper() + name[1:] if name else member
        if shape.type == "list" and (ref.flattened or shape.flattened) and shape.member is not None:
            return shape.member.location_name or element_name(ref, member)
        return element_name(ref, member)

    def _composite(self, ref: Ref, shape: Shape) -> Reader:
        if shape.type == "structure":
            return self.structure(ref.shape)
        if shape.type == "map":
            return self._map(shape)
        if shape.member is None:
            raise ValueError(f"list shape {ref.shape} without a member")
        flat = self._ec2 or ref.flattened or shape.flattened
        label = None if flat else element_name(shape.member, "member")
        return _list_reader(self._element(shape.member), label)

    def _element(self, ref: Ref) -> Reader:
        shape = self._shapes[ref.shape]
        if not shape.is_leaf:
            return self._composite(ref, shape)
        return _leaf_reader(CONVERTERS.get(shape.type))

    def _map(self, shape: Shape) -> Reader:
        if shape.key is None or shape.value is None:
            raise ValueError("map shape without key or value")
        key_name, value_name = element_name(shape.key, "key"), element_name(shape.value, "value")
        pair = _structure_reader(
            {},
            {},
            {key_name: ("key", self._element(shape.key)), value_name: ("value", self._element(shape.value))},
        )
        entries = _list_reader(pair, "entry")

        def read(fields: Mapping[str, str]) -> dict[str, Any]:
            return {entry["key"]: entry["value"] for entry in entries(fields) if len(entry) == 2}

        return read


def _structure_reader(
    strings: dict[str, str],
    scalars: dict[str, tuple[str, Callable[[str], Any]]],
    composites: dict[str, tuple[str, Reader]],
) -> Reader:
    string_of, scalar_of, composite_of = strings.get, scalars.get, composites.get

    def read(parameters: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        nested: dict[str, dict[str, str]] | None = None
        for key, text in parameters.items():
            member = string_of(key)
            if member is not None:
                values[member] = text
                continue
            scalar = scalar_of(key)
            if scalar is not None:
                values[scalar[0]] = scalar[1](text)
                continue
            head, _, rest = key.partition(".")
            if head in composites:
                if rest.count(".") > QUERY_NESTING:
                    raise MalformedInput(None)
                if nested is None:
                    nested = {}
                nested.setdefault(head, {}).setdefault(rest, text)
            elif rest and (head in strings or head in scalars):
                raise _unexpected(rest)
            elif not key and text:
                raise MalformedInput("Unexpected complex element termination")
        if nested is not None:
            for head, fields in nested.items():
                found = composite_of(head)
                if found is not None:
                    values[found[0]] = found[1](fields)
        return values

    return read


def _list_reader(element: Reader, label: str | None) -> Reader:
    """Lists as `label.N…`; the flattened form `N…` is understood as well."""

    def read(fields: Mapping[str, str]) -> list[Any]:
        items: dict[int, dict[str, str]] = {}
        for rest, text in fields.items():
            if not rest:
                if text:
                    raise MalformedInput("Unexpected list element termination")
                continue  # `Tags=` is how clients send an empty list
            index, _, tail = rest.partition(".")
            if index == label:
                index, _, tail = tail.partition(".")
            if not (index.isascii() and index.isdecimal()) or len(index) > _INDEX_DIGITS:
                raise MalformedInput(None)
            items.setdefault(int(index), {}).setdefault(tail, text)
        return [element(items[index]) for index in sorted(items)]

    return read


def _leaf_reader(convert: Callable[[str], Any] | None) -> Reader:
    """A leaf inside a list or a map."""

    def read(fields: Mapping[str, str]) -> Any:
        for rest in fields:
            if rest:
                raise _unexpected(rest)
        text = fields[""]
        return text if convert is None else convert(text)

    return read


def _unexpected(rest: str) -> MalformedInput:
    head = rest.partition(".")[0]
    what = "list" if head == "member" or head.isdecimal() else "structure or map"
    return MalformedInput(f"Start of {what} found where not expected.")
