"""A mutant: a file with one change, and where in the file the change is."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path


class Result(StrEnum):
    """What became of a mutant: a test failed, the tests did not end, or all of them passed."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Mutant:
    """One change. `function` is the qualified name of the outermost function whose body holds it, else empty."""

    path: Path
    source: str
    start: int
    end: int
    text: str
    function: str

    @property
    def module(self) -> str:
        """The dotted name of the module that the file is."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[len(parts) - 1 - parts[::-1].index("vestry") :])

    @property
    def key(self) -> str:
        """A name that stays while the changed lines do: where, and a sum over the change."""
        lines = self._lines()
        return f"{self.path.stem}.{self.function or '-'}:{sha256(repr(lines).encode()).hexdigest()[:8]}"

    @property
    def mutated(self) -> str:
        """The text of the whole file with the change."""
        return self.source[: self.start] + self.text + self.source[self.end :]

    @property
    def line(self) -> int:
        """The number of the first changed line."""
        return self.source.count("\n", 0, self.start) + 1

    @property
    def difference(self) -> str:
        """The changed lines, before and after."""
        before, after, _ = self._lines()
        old = "".join(f"- {line}\n" for line in before.splitlines())
        return f"  line {self.line}\n{old}" + "".join(f"+ {line}\n" for line in after.splitlines())

    def _lines(self) -> tuple[str, str, int]:
        begin = self.source.rfind("\n", 0, self.start) + 1
        end = self.source.find("\n", self.end)
        before = self.source[begin : len(self.source) if end < 0 else end]
        after = self.source[begin : self.start] + self.text + self.source[self.end : begin + len(before)]
        return before, after, self.source.count(before, 0, begin)


def place(path: Path, source: str, start: int, end: int, text: str) -> Mutant:
    """Return the mutant that replaces `source[start:end]` by `text`."""
    function = next((name for name, first, last in _bodies(source) if first <= start and end <= last), "")
    return Mutant(path, source, start, end, text, function)


@lru_cache(maxsize=4)
def _bodies(source: str) -> list[tuple[str, int, int]]:
    """Return the outermost functions by qualified name, and from where to where their bodies reach."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines()

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found: list[tuple[str, int, int]] = []

    def visit(nodes: list[ast.stmt], outer: str) -> None:
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{outer}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first, last = node.body[0], node.body[-1]
                assert last.end_lineno is not None
                assert last.end_col_offset is not None
                begin = offset(first.lineno, first.col_offset)
                found.append((outer + node.name, begin, offset(last.end_lineno, last.end_col_offset)))

    visit(ast.parse(source).body, "")
    return found
