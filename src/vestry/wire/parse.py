"""Requests as values: the form or query string as texts, the texts as what the model says they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from vestry.errors import MalformedInput
from vestry.limits import QUERY_PARAMETERS
from vestry.wire.model import Operation, Raw


def read_query(raw: bytes) -> dict[str, str]:
    """Return the parameters of a form body or query string, decoded; the first of a repeated name wins.

    Escapes that aren't escapes stay as they stand; bytes that aren't UTF-8 become U+FFFD. MalformedInput for more than
    `QUERY_PARAMETERS` of them.
    """
    if raw.count(b"&") >= QUERY_PARAMETERS:
        raise MalformedInput(None)
    text = raw.decode("utf-8", "replace")
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        # Most escapes are the colons and slashes of ARNs; neither character can become part of another escape.
        text = text.replace("%3A", ":").replace("%2F", "/")
    found: dict[str, str] = {}
    escaped = "%" in text
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if escaped and "%" in pair:
            name, value = _unescape(name), _unescape(value)
        if name and name not in found:
            found[name] = value
    return found


def _unescape(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


def parse_parameters(operation: Operation, raw: Raw) -> dict[str, Any]:
    """Return an operation's parameters as values keyed by the model's member names, typed as boto3 has them.

    `raw` is what `read_query` gave (for the JSON services `json_values.read_json`, for REST ones a `RestRequest`). Names
    the model doesn't know are ignored; what cannot be read as its type is MalformedInput.
    """
    return operation.parse(raw)
