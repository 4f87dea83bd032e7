"""Stamped values: nobody else makes one, and none is good for anything but its purpose."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.credentials.seal import KeyRing, RingKey
from vestry.credentials.stamp import stamp, stamped

FIRST, SECOND = RingKey(1, bytes(32)), RingKey(2, b"2" * 32)
OLD, RING = KeyRing({1: FIRST}, 1), KeyRing({1: FIRST, 2: SECOND}, 2)
PURPOSE, OTHER = b"purpose\x00", b"other\x00"
LENGTHS = st.integers(0, 12).flatmap(lambda n: st.binary(min_size=3 * n + 1, max_size=3 * n + 1))


@given(value=LENGTHS)
def test_a_value_comes_back_for_its_purpose_alone(value: bytes) -> None:
    text = stamp(RING, value, PURPOSE).encode()
    assert stamped(RING, text, PURPOSE) == value
    assert stamped(RING, text, OTHER) is None


@given(value=LENGTHS, at=st.integers(0), change=st.integers(1, 255))
def test_no_changed_byte_passes(value: bytes, at: int, change: int) -> None:
    raw = bytearray(base64.b64decode(stamp(RING, value, PURPOSE)))
    raw[at % len(raw)] ^= change
    assert stamped(RING, base64.b64encode(raw), PURPOSE) is None


@pytest.mark.parametrize(
    "text", [b"", b"=", b"no", b"AAAA", b"AQAB", b"AQAB" * 20, b"\xff" * 56, "größer".encode()]
)
def test_what_is_none_is_none(text: bytes) -> None:
    assert stamped(RING, text, PURPOSE) is None


def test_there_is_one_spelling() -> None:
    text = stamp(RING, b"v", PURPOSE)
    assert "=" not in text
    for other in (f"{text}\n", f" {text}", f"{text[:8]}\n{text[8:]}", f"{text}=", f"{text}A===", text[:-1]):
        assert stamped(RING, other.encode(), PURPOSE) is None, other


def test_an_older_key_of_the_ring_still_proves_and_one_that_is_gone_does_not() -> None:
    text = stamp(OLD, b"v", PURPOSE).encode()
    assert stamped(RING, text, PURPOSE) == b"v"
    assert stamped(KeyRing({2: SECOND}, 2), text, PURPOSE) is None
    assert stamped(KeyRing({1: RingKey(1, b"3" * 32)}, 1), text, PURPOSE) is None


@pytest.mark.parametrize("size", [0, 2, 3, 15])
def test_a_value_that_could_be_spelled_in_two_ways_is_not_stamped(size: int) -> None:
    with pytest.raises(ValueError, match="base64 fills"):
        stamp(RING, bytes(size), PURPOSE)
