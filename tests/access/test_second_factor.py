"""A second factor, by the numbers of `try_code` and `try_pair`."""

from __future__ import annotations

from msgspec.structs import replace

from vestry import limits
from vestry.access.authenticate import Keyring, sealed_for
from vestry.access.mfa import try_code, try_pair
from vestry.credentials.totp import code_at, new_seed, step_at
from vestry.credentials.vault import Vault
from vestry.directory.devices import MfaDevice

KEYRING = Keyring(Vault(bytes(32)))
SEED = new_seed(bytes(range(40)))
WALL = 1_795_600_000
NOW = step_at(WALL)
BARE = MfaDevice("111122223333", "row", "ann", "/", 1, b"", "AIDAX", 1)
DEVICE = replace(BARE, seed=KEYRING.vault.seal(SEED.encode(), sealed_for(BARE), bytes(12)))
WRONG = next(
    code
    for code in map("{:06}".format, range(100))
    if code not in {code_at(SEED, NOW + ahead) for ahead in range(-500, 500)}
)


def code(ahead: int) -> str:
    """The code of a step near now."""
    return code_at(SEED, NOW + ahead)


def test_try_code_1_a_locked_device_looks_at_no_code() -> None:
    locked = replace(DEVICE, failures=5, locked_until=WALL + 1)
    assert try_code(locked, code(0), KEYRING, WALL) == (locked, False)
    assert try_code(locked, code(0), KEYRING, WALL + 1).proved


def test_try_code_1_wrong_codes_lock_for_ever_longer() -> None:
    device, wall, waits = DEVICE, WALL, []
    for _ in range(16):
        device, proved = try_code(device, WRONG, KEYRING, wall)
        assert not proved
        waits.append(max(0, device.locked_until - wall))
        wall = max(wall, device.locked_until)
    assert waits[: limits.MFA_FREE_FAILURES - 1] == [0] * (limits.MFA_FREE_FAILURES - 1)
    assert waits[limits.MFA_FREE_FAILURES - 1 :][:8] == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert waits[-1] == limits.MFA_LONGEST_LOCK


def test_try_code_1_a_right_code_forgets_the_wrong_ones() -> None:
    device = try_code(replace(DEVICE, failures=4), code(0), KEYRING, WALL).device
    assert (device.failures, device.locked_until) == (0, 0)


def test_try_code_2_one_step_either_way_and_no_more() -> None:
    assert [ahead for ahead in range(-5, 6) if try_code(DEVICE, code(ahead), KEYRING, WALL).proved] == [
        -1,
        0,
        1,
    ]


def test_try_code_2_the_window_lies_around_the_drift() -> None:
    fast = replace(DEVICE, drift=4)
    assert [ahead for ahead in range(8) if try_code(fast, code(ahead), KEYRING, WALL).proved] == [3, 4, 5]


def test_try_code_3_no_code_is_good_twice_nor_one_from_before() -> None:
    used = try_code(DEVICE, code(0), KEYRING, WALL).device
    assert used.last_step == NOW
    for ahead in (0, -1):
        again = try_code(used, code(ahead), KEYRING, WALL)
        assert not again.proved
        assert again.device.failures == 1
    assert try_code(used, code(1), KEYRING, WALL).proved


def test_try_pair_1_within_ten_minutes_either_way() -> None:
    found = [
        ahead
        for ahead in range(-30, 31)
        if try_pair(DEVICE, code(ahead - 1), code(ahead), KEYRING, WALL).proved
    ]
    assert found == list(range(-limits.MFA_RESYNC_STEPS, limits.MFA_RESYNC_STEPS + 1))
    assert try_pair(DEVICE, code(0), code(0), KEYRING, WALL) == (DEVICE, False)


def test_try_pair_2_neither_code_may_have_been_used() -> None:
    used = replace(DEVICE, last_step=NOW)
    assert not try_pair(used, code(0), code(1), KEYRING, WALL).proved
    assert try_pair(used, code(1), code(2), KEYRING, WALL).proved


def test_a_pair_sets_the_drift_but_slow_typing_does_not() -> None:
    for ahead in (-20, -3, 3, 20):
        assert try_pair(DEVICE, code(ahead - 1), code(ahead), KEYRING, WALL).device.drift == ahead
    for ahead in (-2, 0, 2):
        assert (
            try_pair(replace(DEVICE, drift=9), code(ahead - 1), code(ahead), KEYRING, WALL).device.drift == 0
        )


def test_a_pair_opens_a_locked_device() -> None:
    locked = replace(DEVICE, failures=9, locked_until=WALL + 3600)
    device = try_pair(locked, code(0), code(1), KEYRING, WALL).device
    assert (device.failures, device.locked_until) == (0, 0)
