"""Condition values read as what an operator compares: numbers, instants, truth values, bytes, addresses, ARNs.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Every reader takes a text and returns None
for one that is not well formed; none raises.
"""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INSTANT = re.compile(
    "([+-]?[0-9]{1,9})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?"  # year, month, day
    r"(?:[Tt](?:([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?)?"  # hour to fraction of a second
    "(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"  # the zone's sign, hours and minutes
)
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_DOTTED = re.compile(r"\.".join([_OCTET] * 4))
_RANGE = re.compile("[^%/]+(/[0-9]{1,3})?")
_COLON = re.compile(r"\$\{[^}]*|(:)")
_LONGEST = 128  # characters of a number; nothing sensible is longer
_NANO = 1_000_000_000
_DAY = 86_400
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

#: An address as a number, with the width of its family in bits.
Address = tuple[int, int]
#: A range of addresses: the first as a number, how many low bits are free, the family's width.
Range = tuple[int, int, int]


def number(text: str) -> Decimal | None:
    """Return an integer or decimal; exponents, infinities and other digits than 0-9 are not numbers here."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def instant(text: str) -> int | None:
    """Return a date as nanoseconds since 1970, UTC: W3C ISO 8601 (without a zone: UTC), else epoch seconds."""
    if "-" not in text[1:] and "t" not in text.lower():
        epoch = number(text)
        return None if epoch is None else int(epoch * _NANO)
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    years, months, days, hours, minutes, seconds, fraction, sign, zone_hours, zone_minutes = found.groups()
    year, month, day = int(years), int(months or 1), int(days or 1)
    hour, minute, second = int(hours or 0), int(minutes or 0), int(seconds or 0)
    if not (
        1 <= month <= 12 and 1 <= day <= _days_in(year, month) and hour < 24 and minute < 60 and second < 60
    ):
        return None
    second += hour * 3600 + minute * 60
    if sign:
        ahead = int(zone_hours) * 3600 + int(zone_minutes or 0) * 60
        second += ahead if sign == "-" else -ahead
    nanosecond = int(fraction.ljust(9, "0")) if fraction else 0
    return (_days_before(year, month, day) * _DAY + second) * _NANO + nanosecond


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
    found = _DOTTED.fullmatch(text)
    if found is not None:
        first, second, third, fourth = map(int, found.groups())
        return first << 24 | second << 16 | third << 8 | fourth, 32
    if "%" in text:
        return None
    try:
        return int(IPv6Address(text)), 128
    except ValueError:
        return None


def address_range(text: str) -> Range | None:
    """Return a CIDR range; an address alone is a range of one. Bits beyond the prefix do not matter."""
    if _RANGE.fullmatch(text) is None:
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


def arn_pattern(text: str) -> list[str] | None:
    """Return the six components of an ARN in a policy: the colon of a variable `${…}` parts none."""
    fields: list[str] = []
    start = 0
    for found in _COLON.finditer(text):
        if found[1] and len(fields) < 5:
            fields.append(text[start : found.start()])
            start = found.end()
    fields.append(text[start:])
    return fields if len(fields) == 6 else None
