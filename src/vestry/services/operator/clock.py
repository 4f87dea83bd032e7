"""The session clock of a server that was started for tests: shown, and moved forward."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vestry.errors import ValidationError
from vestry.services.operator.call import OperatorCall, SessionClock

#: The furthest that a test may move the clock, in seconds: ten years. Dates stay dates.
FURTHEST = 10 * 365 * 86_400


def show(call: OperatorCall) -> dict[str, Any]:
    """Say what both clocks read. Errors: ValidationError where no server runs."""
    return _shape(_running(call))


def advance(call: OperatorCall) -> dict[str, Any]:
    """Move `now` forward by `seconds`; `wall`, which judges signatures, stays. Errors: ValidationError.

    1. A server runs.
    2. It was started with --test-clock.
    3. Time goes forward, and not for ever.
    """
    clock = _running(call)  # 1
    if not clock.adjustable:  # 2
        raise ValidationError(
            "The clock of this server cannot be moved.",
            hint="Only a server started with serve --test-clock lets its session clock be moved.",
        )
    seconds = call.arguments["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:  # 3
        raise ValidationError("The clock moves forward, by whole seconds.")
    if clock.offset + seconds > FURTHEST:  # 3
        raise ValidationError("The clock moves at most ten years from the real time.")
    clock.advance(seconds)
    return _shape(clock)


def _running(call: OperatorCall) -> SessionClock:
    if call.clock is None:
        raise ValidationError(
            "No server runs on this store, so there is no clock.",
            hint="Start one: vestry serve --test-clock",
        )
    return call.clock


def _shape(clock: SessionClock) -> dict[str, Any]:
    wall = int(clock.wall())
    return {
        "Now": _moment(wall + int(clock.offset)),
        "Wall": _moment(wall),
        "OffsetSeconds": int(clock.offset),
        "TestClock": clock.adjustable,
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
