"""Values as XML, the way the query services lay it out: two-space indentation, no declaration, a final newline.

Writers are closures built once per shape and depth. Empty structures, lists and texts are written `<X/>`, as IAM does.
Text that XML 1.0 cannot carry is replaced (U+FFFD), so that an answer can always be parsed; a carriage return is
written as a reference, or a parser would turn it into a line feed.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from vestry.wire.element_order import in_order
from vestry.wire.shapes import Ref, Shape, element_name

Append = Callable[[str], None]
Writer = Callable[[Any, Append], None]

#: what may stand in a document of ASCII text, as bytes
_PLAIN = bytes((9, 10, *range(32, 128)))
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))


def escape(text: str) -> str:
    """Return text as it stands between two tags of a document that `document` makes."""
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def document(parts: Iterable[str]) -> bytes:
    """Return the lines of a document as UTF-8, with every character replaced that XML 1.0 cannot carry.

    One look at the whole document is far cheaper than one at each value, and markup has no such characters.
    """
    text = "".join(parts)
    if text.isascii():
        raw = text.encode()
        if not raw.translate(None, _PLAIN):
            return raw
    return _ILLEGAL.sub(_legal, text).encode()


def _legal(found: re.Match[str]) -> str:
    return "&#xD;" if found[0] == "\r" else "\ufffd"


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def iso_time(seconds: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC with whole seconds, as STS and IAM print times."""
    day, second = divmod(int(seconds), 86_400)
    hour, second = divmod(second, 3_600)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[second]}Z"


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _long_time(seconds: float) -> str:
    return iso_time(seconds)[:-1] + ".000Z"


_TEXT_OF: dict[str, Callable[[Any], str]] = {
    "string": escape,
    "character": escape,
    "integer": int.__repr__,
    "long": int.__repr__,
    "float": float.__repr__,
    "double": float.__repr__,
    "boolean": _boolean,
    "timestamp": iso_time,
    "blob": _base64,
}


class XmlWriters:
    """Builds the writers of one service's shapes. `ec2`: that protocol's names and times."""

    def __init__(self, service: str, shapes: Mapping[str, Shape], *, ec2: bool) -> None:
        self._service = service
        self._shapes = shapes
        self._text_of = _TEXT_OF | {"timestamp": _long_time} if ec2 else _TEXT_OF
        self._built: dict[tuple[str, int], Writer] = {}

    def members(self, name: str, depth: int) -> Writer:
        """Return the writer of a structure's members, each on a line of its own at `depth` levels."""
        key = (name, depth)
        known = self._built.get(key)
        if known is None:
            known = self._built[key] = self._members(name, depth)
        return known

    def _members(self, name: str, depth: int) -> Writer:
        refs = self._shapes[name].members
        known = frozenset(refs)
        members = tuple(
            (member, *self._texts(refs[member], member, depth), self._writer(refs[member], member, depth))
            for member in in_order(self._service, name, list(refs))
        )

        def write(value: Mapping[str, Any], append: Append) -> None:
            left = len(value)
            get = value.get
            for member, start, end, empty, writer in members:
                item = get(member)
                if item is None:
                    continue
                left -= 1
                if writer is not None:
                    writer(item, append)
                    continue
                if "&" in item or "<" in item or ">" in item:
                    item = escape(item)
                append(f"{start}{item}{end}" if item else empty)
            if left:
                _refuse_strangers(name, value, known)

        return write

    def _texts(self, ref: Ref, member: str, depth: int) -> tuple[str, str, str]:
        """What stands before a text, after it, and for an empty one."""
        indent, tag = "  " * depth, element_name(self._shapes, ref, member)
        return f"{indent}<{tag}>", f"</{tag}>\n", f"{indent}<{tag}/>\n"

    def _writer(self, ref: Ref, member: str, depth: int) -> Writer | None:
        """None for a text, which is written in the loop over its structure: most values are texts."""
        if self._shapes[ref.shape].type == "string":
            return None
        return self._element(ref, element_name(self._shapes, ref, member), depth)

    def _element(self, ref: Ref, tag: str, depth: int) -> Writer:
        shape = self._shapes[ref.shape]
        if shape.is_leaf:
            return _leaf(tag, depth, self._text_of[shape.type])
        if shape.type == "structure":
            return self._structure(ref.shape, tag, depth)
        flat = ref.flattened or shape.flattened
        if shape.type == "list" and shape.member is not None:
            if flat:
                return _each(
                    self._element(shape.member, element_name(self._shapes, shape.member, tag), depth)
                )
            inner = self._element(shape.member, element_name(self._shapes, shape.member, "member"), depth + 1)
            return _wrapped(tag, depth, _each(inner))
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            if flat:
                return self._entries(shape.key, shape.value, tag, depth)
            return _wrapped(tag, depth, self._entries(shape.key, shape.value, "entry", depth + 1))
        raise ValueError(f"cannot write shape {ref.shape} of {self._service}")

    def _structure(self, name: str, tag: str, depth: int) -> Writer:
        inner: Writer | None = None

        def write(value: Any, append: Append) -> None:
            nonlocal inner  # built on first use: a shape may contain itself
            if inner is None:
                inner = self.members(name, depth + 1)
            inner(value, append)

        return _wrapped(tag, depth, write)

    def _entries(self, key: Ref, value: Ref, tag: str, depth: int) -> Writer:
        write_key = self._element(key, element_name(self._shapes, key, "key"), depth + 1)
        write_value = self._element(value, element_name(self._shapes, value, "value"), depth + 1)
        indent = "  " * depth

        def write(items: Mapping[Any, Any], append: Append) -> None:
            for name, item in items.items():
                append(f"{indent}<{tag}>\n")
                write_key(name, append)
                write_value(item, append)
                append(f"{indent}</{tag}>\n")

        return write


def _leaf(tag: str, depth: int, text_of: Callable[[Any], str]) -> Writer:
    indent = "  " * depth
    start, end, empty = f"{indent}<{tag}>", f"</{tag}>\n", f"{indent}<{tag}/>\n"

    def write(value: Any, append: Append) -> None:
        text = text_of(value)
        append(f"{start}{text}{end}" if text else empty)

    return write


def _wrapped(tag: str, depth: int, inner: Writer) -> Writer:
    indent = "  " * depth
    start, end, empty = f"{indent}<{tag}>\n", f"{indent}</{tag}>\n", f"{indent}<{tag}/>\n"

    def write(value: Any, append: Append) -> None:
        if not value:
            append(empty)
            return
        append(start)
        inner(value, append)
        append(end)

    return write


def _each(inner: Writer) -> Writer:
    def write(value: Any, append: Append) -> None:
        for item in value:
            inner(item, append)

    return write


def _refuse_strangers(name: str, value: Mapping[str, Any], known: frozenset[str]) -> None:
    strangers = sorted(set(value) - known)
    if strangers:
        raise KeyError(f"{name} has no member {', '.join(strangers)}")
