"""Time-based one-time passwords: six digits, a new one every thirty seconds.

Source: RFC 6238 (with HMAC-SHA-1) and RFC 4226; IAM User Guide, "Assign a virtual MFA device".
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from collections.abc import Iterable
from hmac import compare_digest, digest

STEP_SECONDS = 30
DIGITS = 6
#: Bytes of entropy in a seed; they make 64 characters of Base32, as AWS's seeds have.
SEED_BYTES = 40


def new_seed(entropy: bytes) -> str:
    """Return a seed in Base32, without padding; `entropy` is SEED_BYTES random bytes, else ValueError."""
    if len(entropy) != SEED_BYTES:
        raise ValueError(f"a seed is made of {SEED_BYTES} random bytes")
    return b32encode(entropy).decode()


def step_at(wall: int) -> int:
    """Return the number of the thirty seconds that `wall` (epoch seconds) falls into."""
    return wall // STEP_SECONDS


def code_at(seed: str, step: int) -> str:
    """Return the code of one step; `seed` is in Base32."""
    value = digest(b32decode(seed), step.to_bytes(8, "big"), "sha1")
    offset = value[-1] & 15
    number = int.from_bytes(value[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(seed: str, code: str, steps: Iterable[int]) -> int | None:
    """Return the latest of `steps` whose code is `code`, or None; takes as long whichever it is."""
    found = None
    for step in steps:
        if compare_digest(code_at(seed, step).encode(), code.encode()):
            found = step
    return found


def find_pair(seed: str, first: str, second: str, steps: Iterable[int]) -> int | None:
    """Return the latest of `steps` whose code is `second` while the step before it has `first`, or None."""
    found = None
    for step in steps:
        pair = code_at(seed, step - 1) + code_at(seed, step)
        if compare_digest(pair.encode(), (first + second).encode()):
            found = step
    return found
