"""Which operation is at a path: the `requestUri` templates of a REST service, `/profiles/{profileId}/mappings`.

A label is one segment, never empty; a greedy one (`{name+}`) takes all that is left. Where several templates fit, the
one with a literal where the others have a label wins, segment by segment, and a greedy one comes last. Paths are raw:
escapes are decoded inside the segments, so that `%2F` never divides one. Source: Smithy 2.0, "HTTP bindings".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from vestry.wire.shapes import Http


class _Template(Struct, frozen=True):
    """One operation's path; a piece is a literal, or a label in braces."""

    operation: str
    pieces: tuple[str, ...]

    def specificity(self) -> tuple[tuple[int, str], ...]:
        """Return what templates are tried in the order of: literals before labels before greedy labels."""
        return tuple(
            (0 if not is_label(piece) else 2 if piece[-2] == "+" else 1, piece) for piece in self.pieces
        )

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the labels, decoded, where the segments fit."""
        labels: dict[str, str] = {}
        for index, piece in enumerate(self.pieces):
            if not is_label(piece):
                if segments[index] != piece:
                    return None
            elif piece[-2] == "+":
                labels[piece[1:-2]] = _decoded("/".join(segments[index:]))
                return labels
            elif not segments[index]:
                return None
            else:
                labels[piece[1:-1]] = _decoded(segments[index])
        return labels


class Routes:
    """The templates of one service, by method."""

    def __init__(self, operations: Mapping[str, Http]) -> None:
        self._exact: dict[tuple[str, int], list[_Template]] = {}
        self._greedy: dict[str, list[_Template]] = {}
        for name, http in operations.items():
            if "?" in http.request_uri:
                raise ValueError(f"{name} is told apart by its query string")
            template = _Template(name, tuple(http.request_uri.split("/")[1:]))
            if template.pieces[-1].endswith("+}"):
                self._greedy.setdefault(http.method, []).append(template)
            elif "+}" in http.request_uri:
                raise ValueError(f"{name} has a greedy label that is not its last piece")
            else:
                self._exact.setdefault((http.method, len(template.pieces)), []).append(template)
        for templates in (*self._exact.values(), *self._greedy.values()):
            templates.sort(key=_Template.specificity)

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the operation at a raw path and the values of its labels, None where there is none."""
        segments = path.split("/")[1:]
        for template in self._exact.get((method, len(segments)), ()):
            labels = template.match(segments)
            if labels is not None:
                return template.operation, labels
        for template in self._greedy.get(method, ()):
            if len(segments) >= len(template.pieces):
                labels = template.match(segments)
                if labels is not None:
                    return template.operation, labels
        return None


def is_label(piece: str) -> bool:
    """Tell whether a piece of a template stands for a value."""
    return piece[:1] == "{"


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text
