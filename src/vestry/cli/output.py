"""What commands print: JSON, sentences, and tables: drawn on a terminal, plain columns in a pipe."""

from __future__ import annotations

import json as codec
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TextIO


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return `text` in an ANSI colour ("31", "1;32"; "" for none) where `stream` (stdout) is a terminal that wants it."""
    where = sys.stdout if stream is None else stream
    if not colour or not where.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def answer(value: Mapping[str, Any], json: bool, sentence: str) -> None:
    """Print `value` as one line of JSON, or the sentence that a person wants."""
    sys.stdout.write((codec.dumps(value) if json else sentence) + "\n")


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> None:
    """Print a table; the columns named by `right` are flush right. In a pipe every row is one whole line."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        _draw(titles, rows, right)
        return
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = [
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(titles, row, widths, strict=True)
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _draw(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, header_style="bold")
    for title in titles:
        drawn.add_column(title, justify="right" if title in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    Console().print(drawn)
