"""One piece of text as a value, by the type of its shape: the leaves of every query request.

STS answers an integer it cannot read with `MalformedInput`: with a text when it is empty, without a Message element
otherwise; a leading plus or zeros are fine, and negative numbers reach the range check (facts recorded on AWS).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vestry.errors import MalformedInput

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII).fullmatch
_DECIMAL = re.compile(
    r"[+-]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII
)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
).fullmatch
_EPOCH = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII).fullmatch


def _whole_number(bits: int) -> Callable[[str], int]:
    limit = 1 << (bits - 1)

    def convert(text: str) -> int:
        if len(text) < 10 and text.isdecimal() and text.isascii():
            return int(text)
        if not text:
            raise MalformedInput("missing value for decimal type")
        if _INTEGER(text) is None:
            raise MalformedInput(None)
        number = int(text)
        if not -limit <= number < limit:
            raise MalformedInput(None)
        return number

    return convert


def _number(text: str) -> float:
    if not text:
        raise MalformedInput("missing value for decimal type")
    if _DECIMAL.fullmatch(text) is None:
        raise MalformedInput(None)
    return float(text)


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered == "true":
        return True
    if lowered == "false":
        return False
    raise MalformedInput(None)


def moment(text: str) -> datetime:
    """Return the time that ISO 8601 text or epoch seconds name, aware and in UTC; MalformedInput otherwise."""
    try:
        if _MOMENT(text) is not None:
            found = datetime.fromisoformat(text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if _EPOCH(text) is not None:
            return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise MalformedInput(None)


def blob(text: str) -> bytes:
    """Return the bytes that base64 text stands for; MalformedInput otherwise."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedInput(None) from None


#: shape type -> text to value; types that are text already have no row
CONVERTERS: dict[str, Callable[[str], Any]] = {
    "integer": _whole_number(32),
    "long": _whole_number(64),
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": moment,
    "blob": blob,
}
