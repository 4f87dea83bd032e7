"""Condition values read as what an operator compares: numbers, instants, truth values, bytes, addresses, ARNs.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Every reader takes a text and returns None
for one that is not well formed; none raises.
"""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INSTANT = re.compile(
    r"(?P<year>[+-]?[0-9]{1,9})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"(?:[Tt](?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,9}))?)?)?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_LONGEST = 128  # characters of a number or an instant; nothing sensible is longer
_SHORT = 15
_NANO = 1_000_000_000
_DAY = 86_400
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

#: An address as a number, with the width of its family in bits.
Address = tuple[int, int]
#: A range of addresses: the first as a number, how many low bits are free, the family's width.
Range = tuple[int, int, int]


def number(text: str) -> int | Decimal | None:
    """Return an integer or decimal; exponents, infinities and other digits than 0-9 are not numbers here."""
    if len(text) <= _SHORT and text.isdigit() and text.isascii():
        return int(text)
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def instant(text: str) -> int | None:
    """Return a date as nanoseconds since 1970, UTC: W3C ISO 8601 (without a zone: UTC), else epoch seconds."""
    if len(text) > _LONGEST:
        return None
    if len(text) == 20 and text[4] == text[7] == "-" and text[10] == "T" and text[13] == text[16] == ":":
        quick = _usual_instant(text)
        if quick is not None:
            return quick
    if "-" not in text[1:] and "t" not in text.lower():
        seconds = number(text)
        return None if seconds is None else int(seconds * _NANO)
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if not (
        1 <= month <= 12 and 1 <= day <= _days_in(year, month) and hour < 24 and minute < 60 and second < 60
    ):
        return None
    seconds_of_day = hour * 3600 + minute * 60 + second - _offset(found["zone"] or "Z")
    fraction = int((found["fraction"] or "0").ljust(9, "0"))
    return (_days_before(year, month, day) * _DAY + seconds_of_day) * _NANO + fraction


def _usual_instant(text: str) -> int | None:
    """Read `YYYY-MM-DDThh:mm:ssZ`, the form that nearly every instant has; None for anything unusual about it."""
    digits = text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]
    if not (digits.isdigit() and digits.isascii() and text[19] == "Z"):
        return None
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:])
    if not (1 <= month <= 12 and 1 <= day <= 28 and hour < 24 and minute < 60 and second < 60):
        return None
    return (_days_before(year, month, day) * _DAY + hour * 3600 + minute * 60 + second) * _NANO


def _offset(zone: str) -> int:
    """Return a zone's distance from UTC in seconds."""
    if zone in ("Z", "z"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _MONTH_DAYS[month - 1] + (month == 2 and leap)


def _days_before(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the Gregorian calendar, however far away."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def truth(text: str) -> bool | None:
    """Return what `true` or `false` says, in any case."""
    return _TRUTH.get(text.lower())


_TRUTH = {"true": True, "false": False}


def binary(text: str) -> bytes | None:
    """Return the bytes of a base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def address(text: str) -> Address | None:
    """Return an IPv4 or IPv6 address."""
    fields = text.split(".")
    if len(fields) == 4 and ":" not in text:
        return _dotted(fields)
    if "%" in text:
        return None
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return int(parsed), parsed.max_prefixlen


def _dotted(fields: list[str]) -> Address | None:
    digits = "".join(fields)
    if not (digits.isdigit() and digits.isascii() and len(digits) <= 12):
        return None
    value = 0
    for field in fields:
        part = int(field or 256)
        if part > 255 or (field[0] == "0" and field != "0"):
            return None
        value = value << 8 | part
    return value, 32


def address_range(text: str) -> Range | None:
    """Return a CIDR range; an address alone is a range of one. Bits beyond the prefix do not matter."""
    _, slash, length = text.partition("/")
    if "%" in text or (slash and not (length.isascii() and length.isdigit())):
        return None
    try:
        parsed: IPv4Network | IPv6Network = ip_network(text, strict=False)
    except ValueError:
        return None
    return int(parsed.network_address), parsed.max_prefixlen - parsed.prefixlen, parsed.max_prefixlen


def arn_fields(text: str) -> list[str] | None:
    """Return the six components of an ARN, the last with every further colon."""
    fields = text.split(":", 5)
    return fields if len(fields) == 6 else None
