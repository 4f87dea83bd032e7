"""Texts as numbers, instants, truth values, bytes and addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.policy import scalars

READERS = (
    scalars.number,
    scalars.instant,
    scalars.truth,
    scalars.binary,
    scalars.address,
    scalars.address_range,
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
S = 1_000_000_000

NUMBERS = [("1", "1"), ("-1.5", "-1.5"), ("+.5", ".5"), ("5.", "5"), ("007", "7"), ("0" * 127 + "1", "1")]
NOT_NUMBERS = ["", ".", "1e3", "0x1", "1,5", " 1", "1 ", "NaN", "Infinity", "--1", "١", "1" * 129]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_number(text: str, value: str) -> None:
    assert scalars.number(text) == Decimal(value)


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_number(text: str) -> None:
    assert scalars.number(text) is None


INSTANTS = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01", 0),
    ("1970-01", 0),
    ("1970T", 0),
    ("1970-01-01T01", 3600 * S),
    ("1970-01-01T01:01", 3660 * S),
    ("1970-01-01T00:00:00.5Z", S // 2),
    ("1970-01-01t00:00:00.000000001z", 1),
    ("1970-01-01T02:00:00+02:00", 0),
    ("1970-01-01T02:00:00+0200", 0),
    ("1970-01-01T02:00:00+02", 0),
    ("1969-12-31T22:30:00-01:30", 0),
    ("2000-02-29", 951_782_400 * S),
    ("0001-01-01", -62_135_596_800 * S),
    ("-0001-01-01T00:00:00Z", -62_198_755_200 * S),
    ("0", 0),
    ("1700000000", 1_700_000_000 * S),
    ("1700000000.25", 1_700_000_000 * S + S // 4),
    ("-1", -S),
    ("1-1", -62_135_596_800 * S),
    ("0" * 127 + "1", S),
    ("1970-01-01T23:59:59Z", 86_399 * S),
    ("1970-12-31", 364 * 86_400 * S),
    ("1972-02-29T00:00:00+00:01", 789 * 86_400 * S - 60 * S),
    ("1970-01-01T00:00:00.123456789Z", 123_456_789),
]
NOT_INSTANTS = [
    "", "soon", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-01T24:00", "2024-01-01T00:60",
    "2024-01-01T00:00:60", "2024-02-30", "2023-04-31", "2024-01-01T00:00:00+01:0", "2024-1-1Z", "2024-01-01T1:1:1+", "0" * 128 + "1",
    "2024-01-01T٠0:00", "2024-01-01T00:00:00Zulu", "x2024-01-01", "2024-01-01 00:00", "2024-01-01T00:00:00+1", "2024-01-01T00:00:00.1234567890Z", "1900-02-29",
    "2024-01-01T00:00:00ZZ", "T", "-", "9" * 130,
]  # fmt: skip


@pytest.mark.parametrize(("text", "nanoseconds"), INSTANTS)
def test_instant(text: str, nanoseconds: int) -> None:
    assert scalars.instant(text) == nanoseconds


@pytest.mark.parametrize("text", NOT_INSTANTS)
def test_what_is_no_instant(text: str) -> None:
    assert scalars.instant(text) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_those_of_the_calendar(moment: datetime) -> None:
    expected = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    assert scalars.instant(moment.isoformat()) == expected


def test_leap_years_are_those_of_the_calendar() -> None:
    for year in range(1601, 2402):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            expected = (datetime(year, month, day, tzinfo=UTC) - EPOCH).days * 86_400 * S
            assert scalars.instant(f"{year}-{month}-{day}") == expected


def test_months_end_as_those_of_the_calendar() -> None:
    for month, days in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1):
        assert scalars.instant(f"2023-{month}-{days}") is not None
        assert scalars.instant(f"2023-{month}-{days + 1}") is None


def test_truth_and_bytes() -> None:
    assert [scalars.truth(text) for text in ("true", "FALSE", "yes", "")] == [True, False, None, None]
    assert [scalars.binary(text) for text in ("YWI=", "", "YWI", "YW I=", "ÿ")] == [
        b"ab",
        b"",
        None,
        None,
        None,
    ]


@given(st.ip_addresses())
def test_an_address_is_what_the_standard_library_reads(value: object) -> None:
    parsed = ip_address(str(value))
    assert scalars.address(str(value)) == (int(parsed), parsed.max_prefixlen)
    assert scalars.address_range(str(value)) == (int(parsed), 0, parsed.max_prefixlen)


NOT_ADDRESSES = ["", "1111.2.3.4", "1.2.3.0x1", "1.2.3.4:", "1.2.3.4/32", "00.1.2.3", "1.2.3.1000", "1.2.3.299", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2..4", "a.b.c.d", ":::", "fe80::1%eth0", "10.0.0.0/8", "1.2.3.٤"]  # fmt: skip


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_no_address(text: str) -> None:
    assert scalars.address(text) is None


def test_ranges() -> None:
    assert scalars.address_range("10.0.0.0/8") == (10 << 24, 24, 32)
    assert scalars.address_range("10.1.1.1/8") == (10 << 24, 24, 32)
    assert scalars.address_range("2001:db8::/32") == (0x20010DB8 << 96, 96, 128)
    for text in (
        "10.0.0.0/33",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/+8",
        "::1%1/8",
        "x",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "::/129",
        "::/0000",
    ):
        assert scalars.address_range(text) is None, text


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    for read in READERS:
        read(text)
    scalars.arn_fields(text)


def test_arn_fields() -> None:
    assert scalars.arn_fields("arn:aws:logs:r:a:g:x:y") == ["arn", "aws", "logs", "r", "a", "g:x:y"]
    assert scalars.arn_fields("arn:aws:logs:r:a") is None
