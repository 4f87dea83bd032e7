"""SQLite does what every store must do."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.store import *  # noqa: F403 - the suite's tests run here, on the store below


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The store that the suite is run on."""
    return f"sqlite:///{tmp_path}/vestry.db"
