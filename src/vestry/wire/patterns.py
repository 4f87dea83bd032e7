"""The models' patterns, which are Java's, as predicates of whole strings.

Java's `\\w`, `\\d` and `\\s` are ASCII; `\\p{L}` is a Unicode category; a `\\uXXXX` takes exactly four digits, so that the
model's `\\u10000-\\u10FFFF` means nothing beyond the BMP: STS does refuse supplementary characters there, whatever the
text of the pattern seems to say. A pattern must match the whole value.

Nearly all are one character class with a quantifier: those take time linear in the text. What is more involved is run
only on texts of bounded length (`COMPLEX_LIMIT`).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache

Predicate = Callable[[str], bool]

#: one class, one quantifier, with optional anchors and one optional group around it
_ONE_CLASS = re.compile(r"\^?\(?(\[(?:[^\]\\]|\\.|\\u[0-9A-Fa-f]{4})+\])([*+]|\{\d+,\d*\})\)?\$?", re.ASCII)
_CATEGORY = re.compile(r"\\p\{([A-Z][a-z]?)\}")
_PIECE = re.compile(r"\\p\{([A-Z][a-z]?)\}|\\.|\[|\]", re.DOTALL)
_PAIR = re.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")

#: longest text, in characters, that a pattern other than one character class is tried on; longer ones never match
COMPLEX_LIMIT = 4_096
_LARGEST_REPEAT = 4_096
#: How ARNs are described: any two fields. The first may as well end at the next colon, and is then found at once; a
#: text of a thousand colons would be tried in half a million ways.
_TWO_FIELDS, _FIELDS_AT_ONCE = "(:.*){2}", r"(?::[^:\n]*:.*)"


@cache
def matcher(pattern: str, low: int = 0, high: int | None = None) -> Predicate:
    """Return, as a function, whether a whole text matches `pattern` (Java syntax) and has `low` to `high` characters.

    Built once for each pattern and bounds. For a single class the bounds become part of the expression.
    """
    pattern = _PAIR.sub(_joined, pattern).replace(_TWO_FIELDS, _FIELDS_AT_ONCE)
    shape = _ONE_CLASS.fullmatch(pattern)
    if shape is None:
        return _bounded(re.compile(_spelled_out(pattern), re.ASCII).fullmatch, low, high)
    cls, quantifier = shape.groups()
    if quantifier not in "*+" or (high or 0) > _LARGEST_REPEAT:
        return _within(_one_class(cls, quantifier), low, high)
    least = max(low, 1 if quantifier == "+" else 0)
    return _one_class(cls, f"{{{least},{'' if high is None else high}}}")


def printed(pattern: str) -> str:
    """Return the pattern as IAM prints it: `\\uXXXX` appear as the characters themselves (reports of 2026)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), pattern)


def _joined(found: re.Match[str]) -> str:
    """Two surrogates in a row stand for one character in Java."""
    return chr(0x10000 + ((int(found[1], 16) & 0x3FF) << 10 | int(found[2], 16) & 0x3FF))


def _within(matches: Predicate, low: int, high: int | None) -> Predicate:
    if high is None:
        return lambda text: len(text) >= low and matches(text)
    return lambda text: low <= len(text) <= high and matches(text)


def _bounded(fullmatch: Callable[[str], object], low: int, high: int | None) -> Predicate:
    top = min(COMPLEX_LIMIT, COMPLEX_LIMIT if high is None else high)
    return lambda text: low <= len(text) <= top and fullmatch(text) is not None


def _one_class(cls: str, quantifier: str) -> Predicate:
    """One class: where it has `\\p{…}`, ASCII text by one expression and other text character by character."""
    if "\\p{" not in cls:
        fullmatch = re.compile(cls + quantifier, re.ASCII).fullmatch
        return lambda text: fullmatch(text) is not None
    categories = frozenset(_CATEGORY.findall(cls))
    inside = _CATEGORY.sub("", cls)[1:-1]
    ascii_members = "".join(
        chr(code) for code in range(128) if _listed(chr(code), inside) or _in(chr(code), categories)
    )
    fast = re.compile(f"[{re.escape(ascii_members)}]{quantifier}").fullmatch
    extra = re.compile(f"[{inside}]", re.ASCII).fullmatch if inside else None
    right_length = re.compile(f".{quantifier}", re.DOTALL).fullmatch

    def matches(text: str) -> bool:
        if fast(text) is not None:
            return True
        if text.isascii() or right_length(text) is None:
            return False
        return all(_in(char, categories) or (extra is not None and extra(char) is not None) for char in text)

    return matches


def _listed(char: str, inside: str) -> bool:
    return bool(inside) and re.fullmatch(f"[{inside}]", char, re.ASCII) is not None


def _in(char: str, categories: frozenset[str]) -> bool:
    category = unicodedata.category(char)
    return category[0] in categories or category in categories


def _spelled_out(pattern: str) -> str:
    """Replace `\\p{…}` inside a larger pattern by the ranges of its code points, as a class where it isn't in one."""
    inside = False

    def replace(found: re.Match[str]) -> str:
        nonlocal inside
        piece = found[0]
        if piece in "[]":
            inside = piece == "["
        if found[1] is None:
            return piece
        return _ranges(found[1]) if inside else f"[{_ranges(found[1])}]"

    return _PIECE.sub(replace, pattern)


@cache
def _ranges(category: str) -> str:
    wanted = frozenset({category})
    pieces: list[str] = []
    start: int | None = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and _in(chr(code), wanted)
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            pieces.append(f"{re.escape(chr(start))}-{re.escape(chr(code - 1))}")
            start = None
    return "".join(pieces)
