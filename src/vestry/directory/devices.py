"""MFA devices: what a second factor is proved with, and what must be remembered so that no code is good twice."""

from __future__ import annotations

import msgspec

from vestry.arn import iam_arn

Pairs = tuple[tuple[str, str], ...]


class MfaDevice(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A virtual MFA device. `owner` is the user's unique id, empty for the root user, None while it is unassigned.

    `seed` is sealed. `drift` and `last_step` are counted in steps of a code; `locked_until` is by the real clock.
    INVARIANT: `last_step` never goes back, so that no code is good twice.
    """

    account: str
    id: str  # of its row only: its serial number can be longer than a row's id
    name: str
    path: str
    created: int
    seed: bytes
    owner: str | None = None
    enabled: int = 0  # when it was assigned
    drift: int = 0  # how far its clock is ahead of ours
    last_step: int = 0  # the latest that was used
    failures: int = 0  # wrong codes since the last right one
    locked_until: int = 0
    tags: Pairs = ()

    @property
    def serial(self) -> str:
        """The serial number of a virtual device is its ARN."""
        return iam_arn(self.account, "mfa", self.path, self.name)
