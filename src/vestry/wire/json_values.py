"""Values as JSON and back: the JSON services' bodies, and the query services' answers to `Accept: application/json`.

Times are epoch seconds unless the model says ISO 8601, blobs base64. A body is read as the model has it: unknown members are ignored, nulls are absent,
and a value of another type is `MalformedInput` (the JSON services call it SerializationException).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from vestry.errors import MalformedInput
from vestry.limits import JSON_DEPTH
from vestry.wire.scalars import blob, moment
from vestry.wire.shapes import Shape, element_name
from vestry.wire.xml_write import iso_time

Converter = Callable[[Any], Any]


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedInput("Start of structure or map found where not expected.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedInput("Expected a string.")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MalformedInput("Expected a boolean.")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise MalformedInput("Expected an integer.")
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedInput("Expected a number.")
    return float(value)


def _time(value: Any) -> datetime:
    if isinstance(value, str):
        return moment(value)
    try:
        return datetime.fromtimestamp(_real(value), UTC)
    except (ValueError, OverflowError, OSError):
        raise MalformedInput(None) from None


_READ: dict[str, Converter] = {
    "string": _text,
    "character": _text,
    "boolean": _truth,
    "integer": _whole,
    "long": _whole,
    "float": _real,
    "double": _real,
    "timestamp": _time,
    "blob": lambda value: blob(_text(value)),
}


#: The place of a member that a REST service takes from the query string or, where it isn't there, from the body.
QUERY_OR_BODY = "queryOrBody"

_decode_json = msgspec.json.Decoder().decode


def read_json(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request's body ({} for an empty one); MalformedInput for anything else."""
    if not raw.strip():
        return {}
    try:
        body = _decode_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedInput(None) from None
    if not isinstance(body, dict):
        raise MalformedInput(None)
    return body


def json_input(shapes: Mapping[str, Shape], name: str | None) -> Converter:
    """Return the reader of an operation's input: a decoded JSON object -> values (`name` None: no input)."""
    if name is None:
        return lambda body: {}

    def read(body: Any) -> Any:
        return _read(shapes, name, body, 0)

    return read


def _read(shapes: Mapping[str, Shape], name: str, value: Any, depth: int) -> Any:
    shape = shapes[name]
    convert = _READ.get(shape.type)
    if convert is not None:
        return convert(value)
    if depth > JSON_DEPTH:
        raise MalformedInput(None)
    if shape.type == "structure":
        known = shape.members
        sent = _mapping(value)
        return {
            member: _read(shapes, ref.shape, item, depth + 1)
            for member, ref in known.items()
            if ref.location in (None, QUERY_OR_BODY)
            and (item := sent.get(element_name(shapes, ref, member))) is not None
        }
    if shape.type == "list" and shape.member is not None:
        if not isinstance(value, list):
            raise MalformedInput("Start of list found where not expected.")
        return [_read(shapes, shape.member.shape, item, depth + 1) for item in value]
    if shape.type == "map" and shape.value is not None:
        inner = shape.value.shape
        return {key: _read(shapes, inner, item, depth + 1) for key, item in _mapping(value).items()}
    raise MalformedInput(None)


def json_output(shapes: Mapping[str, Shape], name: str) -> Converter:
    """Return the writer of an output shape: values -> what a JSON encoder takes, members in alphabetical order.

    None and absent members are left out; a member that the model doesn't have is a KeyError. A shape that a REST service
    sends partly outside the body is a ValueError: no operation of ours has one.
    """
    shape = shapes[name]
    if shape.payload is not None or any(ref.location is not None for ref in shape.members.values()):
        raise ValueError(f"{name} is sent outside the body")

    def write(value: Any) -> Any:
        return _write(shapes, name, value)

    return write


def _write(shapes: Mapping[str, Shape], name: str, value: Any) -> Any:
    shape = shapes[name]
    if shape.type == "structure":
        known = shape.members
        return {
            element_name(shapes, known[member], member): _write(shapes, known[member].shape, value[member])
            for member in sorted(value)
            if value[member] is not None
        }
    if shape.type == "list" and shape.member is not None:
        inner = shape.member.shape
        return [_write(shapes, inner, item) for item in value]
    if shape.type == "map" and shape.value is not None:
        inner = shape.value.shape
        return {key: _write(shapes, inner, item) for key, item in value.items()}
    if shape.timestamp_format == "iso8601":
        return iso_time(value)
    return value
