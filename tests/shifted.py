"""A clock for other processes that a test sets: what they read of the time is the machine's, and as much later as it says."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest


class ShiftedClock:
    """Processes that begin with its `variables` read the time through libfaketime; timers go on as they are."""

    def __init__(self, folder: Path) -> None:
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            pytest.skip("libfaketime is not installed")
        self._file = folder / "clock"
        self.seconds = 0
        self.advance(0)
        self.variables = {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    @property
    def before(self) -> list[str]:
        """What goes before a command to begin it so."""
        return ["env", *(f"{name}={value}" for name, value in self.variables.items())]

    def advance(self, seconds: int) -> None:
        """Move all of them on at once."""
        self.seconds += seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"+{self.seconds}s\n")
        os.replace(new, self._file)
