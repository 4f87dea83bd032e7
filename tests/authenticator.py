"""An authenticator application for tests: pyotp makes the codes, by the clock that the server judges them with."""

from __future__ import annotations

import time
from typing import Any

import pyotp

from places import Place

STEP = 30


class Authenticator:
    """A virtual MFA device in somebody's pocket."""

    def __init__(self, place: Place, name: str, **more: Any) -> None:
        made = place.iam.create_virtual_mfa_device(VirtualMFADeviceName=name, **more)["VirtualMFADevice"]
        self.place = place
        self.serial: str = made["SerialNumber"]
        self.seed: str = made["Base32StringSeed"].decode()
        self.picture: bytes = made["QRCodePNG"]

    def code(self, ahead: int = 0) -> str:
        """The code that is shown now, or that many steps later."""
        return pyotp.TOTP(self.seed).at(int(self.place.server.clock.wall()) + STEP * ahead)

    def wrong(self) -> str:
        """A code that is none of those around now."""
        near = {self.code(ahead) for ahead in range(-25, 26)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)

    def pair(self, ahead: int = 0) -> dict[str, str]:
        """The codes of two steps that follow each other, the second of them now or that many steps later."""
        return {"AuthenticationCode1": self.code(ahead - 1), "AuthenticationCode2": self.code(ahead)}

    def enable(self, user: str) -> None:
        """Assign the device."""
        self.place.iam.enable_mfa_device(UserName=user, SerialNumber=self.serial, **self.pair())

    def later(self, steps: int = 1) -> None:
        """Let the real clock of the server go on by so many steps; signatures bear a quarter of an hour."""
        clock = self.place.server.clock
        ahead = clock.wall() - time.time() + STEP * steps
        clock.wall = lambda: time.time() + ahead  # type: ignore[method-assign]

    @property
    def proof(self) -> dict[str, str]:
        """What a request must bring, after the clock went on to a fresh code."""
        self.later()
        return {"SerialNumber": self.serial, "TokenCode": self.code()}
