"""JSON text read strictly (RFC 8259): no name twice in an object, bounded length and depth, every element placed.

Two readers that accept the same texts and give the same values, which a property test holds them to. `read_json` is
the quick one, for texts that are sound: msgspec decodes, and a count of the pairs written against the pairs kept
tells a repeated name. `place_json` is ours and slower; it says where everything is, and what is wrong where.

Both first bound what they read: length by the caller's limit, depth by `limits.JSON_DEPTH`. Both take time linear in
the text, and raise `JsonFault` only. Numbers are ints, or `Number`: the text of any other number as it was written.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from vestry import limits

#: A place in a JSON value: names of members and indexes of elements.
Path = tuple[str | int, ...]

_DIGITS = 4300  # of an integer: what Python converts


class Number(str):
    """A JSON number that is not an int, as written."""

    __slots__ = ()


class JsonFault(Exception):
    """The text is not JSON as we take it. `offset` is the index of the first character that is wrong."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


class Node(msgspec.Struct, gc=False):
    """A value with its place: `text[start:end]`. Members and elements are nodes; other values stand in `value`."""

    start: int
    end: int
    value: Any = None
    elements: list[Node] | None = None
    members: dict[str, Node] | None = None
    name_start: int = -1  # of a member: where its name begins

    def plain(self) -> Any:
        """Return the value without places: dict, list, str, int, Number, bool or None."""
        if self.members is not None:
            return {name: node.plain() for name, node in self.members.items()}
        if self.elements is not None:
            return [node.plain() for node in self.elements]
        return self.value

    def at(self, path: Path) -> Node:
        """Return the node at `path`, or the deepest on the way: one value may stand where a list of one may."""
        node = self
        for step in path:
            if isinstance(step, str):
                found = (node.members or {}).get(step)
            else:
                found = node.elements[step] if node.elements and step < len(node.elements) else None
            node = node if found is None else found
        return node


class Placed(msgspec.Struct, gc=False):
    """A text with its places. `repeated` are the names that stand twice: the object's path, the name, the offset."""

    root: Node
    repeated: list[tuple[Path, str, int]]

    def offset(self, path: Path) -> int:
        """Return where to point for a path: at a member's name, else at the value."""
        node = self.root.at(path[:-1])
        if path and isinstance(path[-1], str):
            named = (node.members or {}).get(path[-1])
            return node.start if named is None else named.name_start
        return self.root.at(path).start


_DECODER = msgspec.json.Decoder(float_hook=Number)
_OUTSIDE = {code: None for code in range(128) if chr(code) not in '"[]{}:'}
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}
_ESCAPED = re.compile(r"\\.", re.DOTALL)


def read_json(text: str, limit: int = limits.POLICY_INPUT_CHARACTERS) -> tuple[Any, int]:
    """Return the value, and how many members all its objects were written with. Raises JsonFault."""
    pairs = _bound(text, limit)
    try:
        return _DECODER.decode(text), pairs
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return place_json(text, limit).root.plain(), pairs


def _bound(text: str, limit: int) -> int:
    """Refuse a text too long or too deep; return how many colons stand outside strings: members, if it is JSON."""
    if len(text) > limit:
        raise JsonFault(f"longer than {limit} characters", limit)
    marks = "".join(_ESCAPED.sub("", text).translate(_OUTSIDE).split('"')[::2])
    depth = 0
    for mark in marks:
        depth += _DEEPER.get(mark, 0)
        if depth > limits.JSON_DEPTH:
            raise JsonFault(f"nested deeper than {limits.JSON_DEPTH} levels", _too_deep(text))
    return marks.count(":")


_STRING_OR_MARK = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{}]', re.DOTALL)


def _too_deep(text: str) -> int:
    """Return the offset of the first bracket that is nested too deeply."""
    depth = 0
    for found in _STRING_OR_MARK.finditer(text):
        depth += _DEEPER.get(found[0], 0)
        if depth > limits.JSON_DEPTH:
            return found.start()
    return 0


_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def place_json(text: str, limit: int = limits.POLICY_INPUT_CHARACTERS) -> Placed:
    """Return the values with their places, and the names that stand twice. Raises JsonFault."""
    _bound(text, limit)
    reader = _Reader(text)
    root = reader.value(reader.skip(0), ())
    end = reader.skip(root.end)
    if end < len(text):
        raise JsonFault("something follows the end of the document", end)
    return Placed(root, reader.repeated)


class _Reader:
    """One pass over the text. Its recursion is bounded: the depth was before it began."""

    __slots__ = ("repeated", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.repeated: list[tuple[Path, str, int]] = []

    def skip(self, offset: int) -> int:
        """Return where the white space at `offset` ends."""
        found = _SPACE.match(self.text, offset)
        assert found is not None  # no space at all matches, too
        return found.end()

    def value(self, start: int, path: Path) -> Node:
        """Read the value that begins at `start`."""
        head = self.text[start : start + 1]
        if head == "{":
            return self.object(start, path)
        if head == "[":
            return self.array(start, path)
        if head == '"':
            text, end = self.string(start)
            return Node(start, end, text)
        return self.scalar(start)

    def scalar(self, start: int) -> Node:
        """Read a number, true, false or null."""
        for word, value in _WORDS.items():
            if self.text.startswith(word, start):
                return Node(start, start + len(word), value)
        found = _NUMBER.match(self.text, start)
        if found is None:
            raise self.unexpected(start, "a value")
        written = found[0]
        if found[1] or found[2]:
            return Node(start, found.end(), Number(written))
        if len(written) > _DIGITS:
            raise JsonFault(f"a number of more than {_DIGITS} digits", start)
        return Node(start, found.end(), int(written))

    def object(self, start: int, path: Path) -> Node:
        """Read `{…}`."""
        members: dict[str, Node] = {}
        offset = self.skip(start + 1)
        if self.text.startswith("}", offset):
            return Node(start, offset + 1, members=members)
        while True:
            if not self.text.startswith('"', offset):
                raise self.unexpected(offset, "a name in double quotes")
            name, end = self.string(offset)
            if name in members:
                self.repeated.append((path, name, offset))
            end = self.expect(":", self.skip(end))
            node = self.value(self.skip(end), (*path, name))
            node.name_start = offset
            members[name] = node
            offset = self.skip(node.end)
            if self.text.startswith("}", offset):
                return Node(start, offset + 1, members=members)
            offset = self.skip(self.expect(",", offset))

    def array(self, start: int, path: Path) -> Node:
        """Read `[…]`."""
        elements: list[Node] = []
        offset = self.skip(start + 1)
        if self.text.startswith("]", offset):
            return Node(start, offset + 1, elements=elements)
        while True:
            node = self.value(offset, (*path, len(elements)))
            elements.append(node)
            offset = self.skip(node.end)
            if self.text.startswith("]", offset):
                return Node(start, offset + 1, elements=elements)
            offset = self.skip(self.expect(",", offset))

    def string(self, start: int) -> tuple[str, int]:
        """Read the string that begins with the quotation mark at `start`; return it and where it ends."""
        parts: list[str] = []
        offset = start + 1
        while True:
            found = _PLAIN.match(self.text, offset)
            assert found is not None  # no character at all matches, too
            end = found.end()
            parts.append(self.text[offset:end])
            stop = self.text[end : end + 1]
            if stop == '"':
                return self.sound("".join(parts), start), end + 1
            if stop != "\\":
                raise JsonFault("a control character in a string" if stop else "a string without end", end)
            character, offset = self.escape(end)
            parts.append(character)

    def escape(self, start: int) -> tuple[str, int]:
        """Read the escape that begins with the backslash at `start`."""
        kind = self.text[start + 1 : start + 2]
        if kind != "u":
            if kind not in _ESCAPES:
                raise JsonFault("an escape that JSON does not have", start)
            return _ESCAPES[kind], start + 2
        first = self.unit(start)
        if 0xD800 <= first < 0xDC00 and self.text.startswith("\\u", start + 6):
            second = self.unit(start + 6)
            if 0xDC00 <= second < 0xE000:
                return chr(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)), start + 12
        return chr(first), start + 6

    def unit(self, start: int) -> int:
        """Read `\\uXXXX`."""
        found = _HEX.match(self.text, start + 2)
        if found is None:
            raise JsonFault("an escape without four hexadecimal digits", start)
        return int(found[0], 16)

    @staticmethod
    def sound(text: str, start: int) -> str:
        """Refuse half of a surrogate pair: such a text can't be written as UTF-8."""
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise JsonFault("half a surrogate pair", start)
        return text

    def expect(self, mark: str, offset: int) -> int:
        """Return the offset after `mark`, which must stand at `offset`."""
        if not self.text.startswith(mark, offset):
            raise self.unexpected(offset, f"`{mark}`")
        return offset + 1

    def unexpected(self, offset: int, wanted: str) -> JsonFault:
        """Return the fault of finding something else than `wanted`."""
        found = self.text[offset : offset + 1]
        return JsonFault(
            f"expected {wanted}, found {found!r}" if found else f"expected {wanted}, found the end", offset
        )


_LINE_END = re.compile(r"\r\n|\n|\r")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column, in characters, both counted from 1, of an offset in `text`."""
    line, start = 1, 0
    for found in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, found.end()
    return line, offset - start + 1
