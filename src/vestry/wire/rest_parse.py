"""REST requests as values: each member of an operation's input from the place that the model gives it.

A path label, a parameter of the query string (several of one name are a list), a header, or a member of the JSON body;
a `payload` member is the body as a whole. Times are epoch seconds in bodies, ISO 8601 in paths and queries and HTTP's own
form in headers, and are read in any of these. What no operation of ours uses (maps in queries, families of headers) is
refused when the reader is built. `queryOrBody` is ours, for a parameter that AWS takes from either. Source: Smithy 2.0, "HTTP bindings" and "AWS restJson1 protocol".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from vestry.errors import MalformedInput
from vestry.limits import QUERY_PARAMETERS
from vestry.wire.json_values import QUERY_OR_BODY, json_input, read_json
from vestry.wire.scalars import CONVERTERS, moment
from vestry.wire.shapes import Ref, Shape, element_name

Reader = Callable[["RestRequest"], dict[str, Any]]


class RestRequest(Struct, frozen=True, gc=False):
    """The parts of a request that parameters are in: decoded path labels, the raw query string, headers, the body."""

    labels: Mapping[str, str]
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


def rest_input(shapes: Mapping[str, Shape], name: str | None) -> Reader:
    """Return the reader of an operation's input shape (`name` None: no input)."""
    if name is None:
        return lambda request: {}
    readers = [
        _READERS[ref.location](shapes, member, ref)
        for member, ref in shapes[name].members.items()
        if ref.location is not None
    ]
    body = _body(shapes, name)

    def read(request: RestRequest) -> dict[str, Any]:
        values = body(request)
        for member_of in readers:
            values.update(member_of(request))
        return values

    return read


def _body(shapes: Mapping[str, Shape], name: str) -> Reader:
    """The members without a place of their own, which are the JSON body or its one payload."""
    shape = shapes[name]
    if shape.payload is not None:
        return _payload(shapes, shape.payload, shapes[name].members[shape.payload])
    if all(ref.location not in (None, QUERY_OR_BODY) for ref in shape.members.values()):
        return lambda request: {}
    read = json_input(shapes, name)

    def members(request: RestRequest) -> dict[str, Any]:
        values: dict[str, Any] = read(read_json(request.body))
        return values

    return members


def _payload(shapes: Mapping[str, Shape], member: str, ref: Ref) -> Reader:
    kind = shapes[ref.shape].type
    if kind == "blob":
        return lambda request: {member: request.body} if request.body else {}
    if kind == "string":
        return lambda request: {member: request.body.decode("utf-8", "replace")} if request.body else {}
    read = json_input(shapes, ref.shape)
    return lambda request: {member: read(read_json(request.body))} if request.body.strip() else {}


def _label(shapes: Mapping[str, Shape], member: str, ref: Ref) -> Reader:
    convert, name = _leaf(shapes, ref), element_name(shapes, ref, member)
    return lambda request: {member: convert(request.labels[name])}


def _query(shapes: Mapping[str, Shape], member: str, ref: Ref) -> Reader:
    shape, name = shapes[ref.shape], element_name(shapes, ref, member)
    if shape.type == "list" and shape.member is not None:
        each = _leaf(shapes, shape.member)

        def read_list(request: RestRequest) -> dict[str, Any]:
            found = [each(value) for sent, value in query_pairs(request.query) if sent == name]
            return {member: found} if found else {}

        return read_list
    convert = _leaf(shapes, ref)

    def read(request: RestRequest) -> dict[str, Any]:
        for sent, value in query_pairs(request.query):
            if sent == name:
                return {member: convert(value)}
        return {}

    return read


def _header(shapes: Mapping[str, Shape], member: str, ref: Ref) -> Reader:
    name = element_name(shapes, ref, member).lower().encode()
    convert = _http_date if shapes[ref.shape].type == "timestamp" else _leaf(shapes, ref)

    def read(request: RestRequest) -> dict[str, Any]:
        value = request.headers.get(name)
        return {} if value is None else {member: convert(value.decode("utf-8", "replace"))}

    return read


_READERS: dict[str, Callable[[Mapping[str, Shape], str, Ref], Reader]] = {
    "uri": _label,
    "querystring": _query,
    "header": _header,
    QUERY_OR_BODY: _query,
}


def _leaf(shapes: Mapping[str, Shape], ref: Ref) -> Callable[[str], Any]:
    shape = shapes[ref.shape]
    if not shape.is_leaf:
        raise ValueError(f"{ref.shape} is sent outside the body and is no single text")
    return CONVERTERS.get(shape.type, str)


def _http_date(text: str) -> Any:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return moment(text)


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a query string, decoded, in their order; MalformedInput for too many of them."""
    if raw.count(b"&") >= QUERY_PARAMETERS:
        raise MalformedInput(None)
    pairs = (pair.partition(b"=") for pair in raw.replace(b"+", b" ").split(b"&") if pair)
    return [(_unescaped(name), _unescaped(value)) for name, _, value in pairs]


def _unescaped(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode("utf-8", "replace")
