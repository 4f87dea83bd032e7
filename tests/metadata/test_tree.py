"""The tree of paths, apart from what stands in it."""

from __future__ import annotations

import pytest

from vestry.metadata.tree import Row, Tree


def test_two_rows_for_one_path_are_a_mistake() -> None:
    rows = [Row("a/b", lambda view, _: "1"), Row("a/b", lambda view, _: "2")]
    with pytest.raises(ValueError, match="two rows for a/b"):
        Tree(rows, {}, {})
