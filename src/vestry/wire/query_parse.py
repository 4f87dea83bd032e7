"""Readers of the query protocols (`query`, `ec2`): dotted parameters as values, one reader per shape, built once.

A structure's reader walks the parameters once and asks a dictionary for each name; what has dots and belongs to a
list, map or structure is gathered below its first component and handed down. Names that the model doesn't know are
ignored, as AWS ignores them; EC2 refuses those of the operation itself. Indexes are only sorted, never allocated by; nesting is bounded.

Where a scalar is sent as a list or a list as a scalar, the answer is `MalformedInput` with the sentences that AWS's
query services use for it (seen in public reports; unverified for STS).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from vestry.errors import MalformedInput, UnknownParameter
from vestry.limits import QUERY_NESTING
from vestry.wire.scalars import CONVERTERS
from vestry.wire.shapes import Ref, Shape, ec2_name, element_name

#: the parameters below one name, by what follows that name's dot ("" for the bare name) -> value
Reader = Callable[[Mapping[str, str]], Any]

_INDEX_DIGITS = 9
_SMALL = {str(number): number for number in range(100)}


def query_input(shapes: Mapping[str, Shape], name: str | None, family: str) -> Reader:
    """Return the reader of an operation's input shape (`name` None: no input) for `query` or `ec2`."""
    if family == "ec2":
        return _all_known(_Compiler(shapes, ec2=True), name)
    if name is None:
        return lambda parameters: {}
    return _Compiler(shapes, ec2=False).structure(name)


#: Parameters that belong to the protocol and not to the operation (EC2 API reference, "Common query parameters").
_OF_THE_PROTOCOL = frozenset(
    (
        *("Action", "Version", "AWSAccessKeyId", "Expires", "SecurityToken", "Signature", "SignatureMethod"),
        *("SignatureVersion", "Timestamp"),
    )
)


def _all_known(compiler: _Compiler, name: str | None) -> Reader:
    """EC2 refuses a parameter that the operation does not have; those of structures inside are ignored."""
    read = compiler.structure(name) if name is not None else None
    known = _OF_THE_PROTOCOL | (compiler.sent_names(name) if name is not None else frozenset())

    def reader(parameters: Mapping[str, str]) -> dict[str, Any]:
        for key in parameters:
            head = key.partition(".")[0]
            if head not in known and not head.startswith("X-Amz-"):
                raise UnknownParameter(f"The parameter {head} is not recognized")
        return {} if read is None else read(parameters)

    return reader


class _Tables(NamedTuple):
    """The members of a structure by the name they are sent as; filled after the reader exists, which may need itself."""

    strings: dict[str, str]
    scalars: dict[str, tuple[str, Callable[[str], Any]]]
    composites: dict[str, tuple[str, Reader]]


class _Compiler:
    """Builds readers; one shape is built once, so that shapes may contain themselves."""

    def __init__(self, shapes: Mapping[str, Shape], *, ec2: bool) -> None:
        self._shapes = shapes
        self._ec2 = ec2
        self._structures: dict[str, Reader] = {}

    def structure(self, name: str) -> Reader:
        known = self._structures.get(name)
        if known is None:
            tables = _Tables({}, {}, {})
            known = self._structures[name] = _structure_reader(tables)
            for member, ref in self._shapes[name].members.items():
                self._add(tables, member, self._sent_as(member, ref, self._shapes[ref.shape]), ref)
        return known

    def sent_names(self, name: str) -> frozenset[str]:
        """Return what a structure's members are sent as."""
        members = self._shapes[name].members.items()
        return frozenset(self._sent_as(member, ref, self._shapes[ref.shape]) for member, ref in members)

    def _add(self, tables: _Tables, member: str, sent_as: str, ref: Ref) -> None:
        shape = self._shapes[ref.shape]
        if not shape.is_leaf:
            tables.composites[sent_as] = (member, self._composite(ref, shape))
            bare = _bare("list", list) if shape.type == "list" else _bare("complex", dict)
            tables.scalars[sent_as] = (member, bare)
        elif shape.type in CONVERTERS:
            tables.scalars[sent_as] = (member, CONVERTERS[shape.type])
        else:
            tables.strings[sent_as] = member

    def _sent_as(self, member: str, ref: Ref, shape: Shape) -> str:
        if self._ec2:
            return ec2_name(self._shapes, ref, member)
        if shape.type == "list" and (ref.flattened or shape.flattened) and shape.member is not None:
            return element_name(self._shapes, shape.member, element_name(self._shapes, ref, member))
        return element_name(self._shapes, ref, member)

    def _composite(self, ref: Ref, shape: Shape) -> Reader:
        if shape.type == "structure":
            return self.structure(ref.shape)
        if shape.type == "map":
            return self._map(shape)
        if shape.member is None:
            raise ValueError(f"list shape {ref.shape} without a member")
        flat = self._ec2 or ref.flattened or shape.flattened
        label = None if flat else element_name(self._shapes, shape.member, "member")
        return _list_reader(self._element(shape.member), label)

    def _element(self, ref: Ref) -> Reader:
        shape = self._shapes[ref.shape]
        if not shape.is_leaf:
            return self._composite(ref, shape)
        return _leaf_reader(CONVERTERS.get(shape.type))

    def _map(self, shape: Shape) -> Reader:
        if shape.key is None or shape.value is None:
            raise ValueError("map shape without key or value")
        tables = _Tables({}, {}, {})
        self._add(tables, "key", element_name(self._shapes, shape.key, "key"), shape.key)
        self._add(tables, "value", element_name(self._shapes, shape.value, "value"), shape.value)
        entries = _list_reader(_structure_reader(tables), "entry")

        def read(fields: Mapping[str, str]) -> dict[str, Any]:
            return {entry["key"]: entry["value"] for entry in entries(fields) if len(entry) == 2}

        return read


def _structure_reader(tables: _Tables) -> Reader:
    strings, scalars, composites = tables
    string_of, scalar_of = strings.get, scalars.get

    def read(parameters: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        below: list[str] = []
        for key, text in parameters.items():
            member = string_of(key)
            if member is not None:
                values[member] = text
            elif (scalar := scalar_of(key)) is not None:
                values[scalar[0]] = scalar[1](text)
            elif "." in key:
                below.append(key)
            elif not key and text:
                raise MalformedInput("Unexpected complex element termination")
        if below:
            for head, fields in gather(parameters, below).items():
                member, reader = composites[head]
                values[member] = reader(fields)
        return values

    def gather(parameters: Mapping[str, str], keys: list[str]) -> dict[str, dict[str, str]]:
        """The parameters of lists, maps and structures, by the name of each and then by what follows its dot."""
        found: dict[str, dict[str, str]] = {}
        for key in keys:
            head, _, rest = key.partition(".")
            if head in composites:
                if rest.count(".") > QUERY_NESTING:
                    raise MalformedInput(None)
                fields = found.get(head)
                if fields is None:
                    found[head] = {rest: parameters[key]}
                else:
                    fields[rest] = parameters[key]
            elif head in strings or head in scalars:
                raise _unexpected(rest)
        return found

    return read


def _bare(what: str, empty: Callable[[], Any]) -> Callable[[str], Any]:
    """A list, map or structure sent as one text: an empty one is how clients send an empty list (`Tags=`)."""

    def read(text: str) -> Any:
        if text:
            raise MalformedInput(f"Unexpected {what} element termination")
        return empty()

    return read


def _list_reader(element: Reader, label: str | None) -> Reader:
    """Lists as `label.N…`; the flattened form `N…` is understood as well."""

    def read(fields: Mapping[str, str]) -> list[Any]:
        items: dict[int, dict[str, str]] = {}
        for rest, text in fields.items():
            index, _, tail = rest.partition(".")
            if index == label:
                index, _, tail = tail.partition(".")
            number = _SMALL.get(index)
            if number is None:
                number = _index(index)
            item = items.get(number)
            if item is None:
                items[number] = {tail: text}
            else:
                item.setdefault(tail, text)
        if len(items) == 1:
            return [element(item) for item in items.values()]
        return [element(items[number]) for number in sorted(items)]

    return read


def _index(text: str) -> int:
    if not (text.isdecimal() and text.isascii()) or len(text) > _INDEX_DIGITS:
        raise MalformedInput(None)
    return int(text)


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
