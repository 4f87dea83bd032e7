"""One-time passwords: RFC 6238's own examples, and pyotp as the judge of the rest."""

from __future__ import annotations

from base64 import b32encode

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.credentials.totp import SEED_BYTES, code_at, find_pair, find_step, new_seed, step_at

#: RFC 6238, appendix B, SHA-1; the last six of its eight digits.
SEED = b32encode(b"12345678901234567890").decode()
EXAMPLES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("wall", "code"), EXAMPLES)
def test_the_rfcs_examples(wall: int, code: str) -> None:
    assert code_at(SEED, step_at(wall)) == code


@given(st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES), st.integers(0, 2**36))
def test_pyotp_agrees(entropy: bytes, wall: int) -> None:
    seed = new_seed(entropy)
    assert len(seed) == 64
    assert code_at(seed, step_at(wall)) == pyotp.TOTP(seed).at(wall)


def test_a_seed_is_made_of_forty_bytes() -> None:
    with pytest.raises(ValueError, match="40"):
        new_seed(bytes(20))


def test_a_code_is_found_only_in_its_steps() -> None:
    code = code_at(SEED, 100)
    assert find_step(SEED, code, range(99, 102)) == 100
    assert find_step(SEED, code, range(101, 104)) is None
    assert find_step(SEED, "", range(99, 102)) is None


def test_a_pair_is_two_steps_in_their_order() -> None:
    first, second, third = (code_at(SEED, step) for step in (99, 100, 101))
    assert find_pair(SEED, first, second, range(95, 105)) == 100
    assert find_pair(SEED, second, first, range(95, 105)) is None
    assert find_pair(SEED, first, third, range(95, 105)) is None
    assert find_pair(SEED, second, second, range(95, 105)) is None
