"""A second factor: what a device's code proves, and what the attempt leaves behind on the device.

Every attempt makes a new value of the device, which must be committed before the request is answered: a code that was
used is never good again, and wrong ones are counted. Source: RFC 6238, section 5.2; IAM User Guide, "AWS Multi-factor
authentication in IAM"; STS API reference, GetSessionToken and AssumeRole (SerialNumber, TokenCode).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from vestry import limits
from vestry.access.authenticate import Keyring, sealed_for
from vestry.access.caller import Caller
from vestry.credentials.totp import find_pair, find_step, step_at
from vestry.directory.devices import MfaDevice
from vestry.directory.snapshot import Account
from vestry.errors import AccessDenied
from vestry.policy.request import Kind

BOTH_NEEDED = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
UNKNOWN_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
    "and associated with this user."
)
WRONG_CODE = (
    "MultiFactorAuthentication failed with invalid MFA one time pass code. "  # AWS ends it with a space
)


class Attempt(NamedTuple):
    """What came of a code: the device as it is now, and whether the code was right."""

    device: MfaDevice
    proved: bool


def device_of(caller: Caller, account: Account, serial: str | None, code: str | None) -> MfaDevice:
    """Return the caller's own device with that serial number; raise AccessDenied in AWS's words for anything else.

    Only users and root users have devices: a role session or a federated user has none to show.
    """
    if not serial or not code:
        raise AccessDenied(BOTH_NEEDED)
    device = account.devices.get(serial)
    if device is None or caller.principal.kind not in (Kind.USER, Kind.ROOT):
        raise AccessDenied(UNKNOWN_DEVICE)
    if device.owner != (caller.user.id if caller.user is not None else ""):
        raise AccessDenied(UNKNOWN_DEVICE)
    return device


def try_code(device: MfaDevice, code: str, keyring: Keyring, wall: int) -> Attempt:
    """Try one code against a device by the real clock.

    1. The device is not locked. After MFA_FREE_FAILURES wrong codes in a row every further one locks it, for twice as
       long each time; while it is locked no code is even looked at, and nothing changes.
    2. The code is that of the present step, or of one a step away, counted from the device's known drift.
    3. The step is later than every one that was used before: a code is good once.
    """
    if wall < device.locked_until:  # 1
        return Attempt(device, False)
    centre = step_at(wall) + device.drift
    window = range(centre - limits.MFA_WINDOW_STEPS, centre + limits.MFA_WINDOW_STEPS + 1)
    step = find_step(_seed(device, keyring), code, window)  # 2
    if step is None or step <= device.last_step:  # 3
        return Attempt(_failed(device, wall), False)
    return Attempt(replace(device, last_step=step, failures=0, locked_until=0), True)


def try_pair(device: MfaDevice, first: str, second: str, keyring: Keyring, wall: int) -> Attempt:
    """Try two consecutive codes, by which a device is assigned or set right again.

    1. They are the codes of two steps that follow each other, within MFA_RESYNC_STEPS of the real clock: to guess both
       is a million times as hard as to guess one, so the window may be wide and nothing is counted.
    2. Both steps are later than every one that was used before.
    The distance of the second from the real clock becomes the device's drift, where it is more than somebody's slow
    typing.
    """
    now = step_at(wall)
    window = range(now - limits.MFA_RESYNC_STEPS, now + limits.MFA_RESYNC_STEPS + 1)
    step = find_pair(_seed(device, keyring), first, second, window)  # 1
    if step is None or step - 1 <= device.last_step:  # 2
        return Attempt(device, False)
    drift = step - now
    if abs(drift) <= limits.MFA_WINDOW_STEPS + 1:
        drift = 0
    return Attempt(replace(device, drift=drift, last_step=step, failures=0, locked_until=0), True)


def _failed(device: MfaDevice, wall: int) -> MfaDevice:
    failures = device.failures + 1
    beyond = failures - limits.MFA_FREE_FAILURES
    wait = min(limits.MFA_FIRST_LOCK << min(beyond, 16), limits.MFA_LONGEST_LOCK) if beyond >= 0 else 0
    return replace(device, failures=failures, locked_until=wall + wait if wait else 0)


def _seed(device: MfaDevice, keyring: Keyring) -> str:
    return keyring.vault.open(device.seed, sealed_for(device)).decode()
