"""The tree of paths below a version: rows of a table, and how a path finds its row.

A row is a path and what is answered there. `*` in a path stands for a name that depends on the instance: its hardware
address, its role, the key of a tag. A row whose value is None is not there for this instance. Directories follow from
the rows: what a directory lists is what is there, and a directory in which nothing is there is not there either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from vestry.metadata.view import View

Value = Callable[[View, str], str | bytes | None]
Names = Callable[[View], Sequence[str]]
Present = Callable[[View], bool]

ANY = "*"


class Row(msgspec.Struct, frozen=True, gc=False):
    """What is answered at `path`. `value` is given the name that stands for `*`, else an empty one.

    `present` says whether it is there, where finding that out by making the value would cost something.
    """

    path: str
    value: Value
    present: Present | None = None

    def is_there(self, view: View) -> bool:
        """Tell whether a directory lists it."""
        return self.present(view) if self.present is not None else self.value(view, "") is not None


class Tree:
    """The rows by path, and the directories that they make. `names` says which names stand for `*` in a directory, and
    `shown` how a directory lists a name that it does not list as it is."""

    __slots__ = ("_directories", "_names", "_rows", "_shown")

    def __init__(
        self, rows: Iterable[Row], names: dict[str, Names], shown: dict[str, Callable[[View], str]]
    ) -> None:
        self._rows: dict[str, Row] = {}
        self._directories: dict[str, list[str]] = {"": []}
        self._names = names
        self._shown = shown
        for row in rows:
            if row.path in self._rows:
                raise ValueError(f"two rows for {row.path}")
            self._rows[row.path] = row
            self._hang_in(row.path)

    def _hang_in(self, path: str) -> None:
        while path:
            parent, _, name = path.rpartition("/")
            present = self._directories.get(parent)
            if present is None:
                present = self._directories[parent] = []
            if name not in present:
                present.append(name)
            path = parent

    def find(self, view: View, path: str) -> str | bytes | None:
        """Return what is at a path (without slash at either end): a value, a directory's listing, or None."""
        if ANY in path:  # what stands for a name is none
            return None
        row = self._rows.get(path)
        if row is not None:
            return row.value(view, "")
        if path in self._directories:
            return self._listing(view, path)
        for directory, names in self._names.items():
            if path.startswith(directory + "/"):
                name, slash, rest = path[len(directory) + 1 :].partition("/")
                if name not in names(view):
                    return None
                path = f"{directory}/{ANY}{slash}{rest}"
                row = self._rows.get(path)
                return row.value(view, name) if row is not None else self._listing(view, path)
        return None

    def paths(self) -> list[str]:
        """Return the paths of all rows."""
        return list(self._rows)

    def _listing(self, view: View, path: str) -> str | None:
        lines: list[str] = []
        for name in sorted(self._directories.get(path, ())):
            child = f"{path}/{name}" if path else name
            if not self._is_there(view, child):
                continue
            slash = (
                "/" if path and child in self._directories else ""
            )  # the root of a version lists names alone
            if name == ANY:
                lines.extend(f"{one}{slash}" for one in sorted(self._names[path](view)))
            elif child in self._shown:
                lines.append(self._shown[child](view))
            else:
                lines.append(name + slash)
        return "\n".join(lines) or None

    def _is_there(self, view: View, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        if name == ANY:
            return bool(self._names[parent](view))
        row = self._rows.get(path)
        if row is not None:
            return row.is_there(view)
        return any(self._is_there(view, f"{path}/{child}") for child in self._directories[path])
