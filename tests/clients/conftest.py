"""What the tests of clients share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from object_store import ObjectStore, storing


@pytest.fixture(scope="session")
def objects() -> Iterator[ObjectStore]:
    """An S3 that all of them use: it takes seconds to begin."""
    with storing() as store:
        yield store
