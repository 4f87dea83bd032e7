"""The two encodings that both sides of a signature must agree on: query strings and header values.

Source: IAM User Guide, "Create a signed AWS API request", step 1. What this file returns decides what a signature
covers, so it never drops or merges anything that the parsers behind it could tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

#: A request's headers, names in lower case: as they came, or gathered already.
Headers = Sequence[tuple[bytes, bytes]] | dict[bytes, bytes]

#: The octets that stay as they are; everything else is %XX with upper-case digits.
UNRESERVED = "-_.~"

#: A query whose every octet is already written canonically: an escape never hides an unreserved character.
_CANONICAL = re.compile(
    rb"(?:[A-Za-z0-9\-_.~=&]|%(?:[0189A-F][0-9A-F]|2[0-9ABCF]|3[A-F]|40|5[BCDE]|60|7[BCDF]))*+"
)


def canonical_pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """Return the parameters of a raw query string, names and values percent-encoded canonically, in order.

    A plus sign is a space, as in every form; a percent sign that begins no escape stands for itself; a parameter
    without `=` has the empty value; empty parameters (`&&`) do not exist.
    """
    pairs = [piece.partition(b"=")[::2] for piece in query.split(b"&") if piece]
    if _CANONICAL.fullmatch(query) is None or any(b"=" in value for _, value in pairs):
        return [(_recode(name), _recode(value)) for name, value in pairs]
    return pairs


def decoded(value: bytes) -> str:
    """Return the text of a canonically encoded value; octets beyond ASCII become Latin-1 characters."""
    return (unquote_to_bytes(value) if b"%" in value else value).decode("latin-1")


def gathered(headers: Headers) -> dict[bytes, bytes]:
    """Return the headers by name (lower case); the values of a repeated one are joined by commas, in order."""
    if isinstance(headers, dict):
        return headers
    found = dict(headers)
    if len(found) != len(headers):
        found = {}
        for name, value in headers:
            found[name] = found[name] + b"," + folded(value) if name in found else folded(value)
    return found


def folded(value: bytes) -> bytes:
    """Return a header's value without white space at its ends, and with single spaces inside."""
    return b" ".join(value.split())


def _recode(text: bytes) -> bytes:
    return quote_from_bytes(unquote_to_bytes(text.replace(b"+", b" ")), safe=UNRESERVED).encode()
