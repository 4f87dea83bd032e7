"""Wildcards: texts, actions and resource ARNs against patterns, in time linear in pattern times text.

Sources: IAM User Guide, "IAM JSON policy elements: Action" and "… Resource".

A plain pattern is split at its asterisks into chunks; each chunk is looked for once, from where the one before it
ended, which is all the searching that is needed: what `*a*a*a*` costs grows with pattern times text.

A resource pattern is an ARN in six segments. `*` and `?` stand for characters inside their segment; an asterisk that
is the last character of a segment may run on past the colon; the sixth segment holds every further colon. Most
patterns have no wildcard that must stop at a colon and are plain; the others, and those that mix `?` and letters
between two asterisks, run through an automaton whose states are the bits of one integer. A pattern of fewer than six segments in which nothing can run on stands for everything
that begins with those segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from vestry.policy.variables import Get, Token, Variable, Wild, fill, fill_text, has_variables, normal, read

#: Tells whether a text matches; `get` reads the condition keys that variables name.
ResourceTest = Callable[[str, Get], bool]

#: A run of text between two asterisks: its length, and the literal pieces by offset (the rest is `?`).
Chunk = tuple[int, tuple[tuple[int, str], ...]]


class TextTest(Protocol):
    """Tells whether a text matches. A second argument is not looked at: it makes this a ResourceTest, too."""

    def __call__(self, text: str, _get: Get | None = None, /) -> bool: ...


#: Turns all bytes but those of words into spaces.
_BETWEEN_WORDS = bytes(byte if byte < 128 and chr(byte).isalnum() else 32 for byte in range(256))
_WHOLE_WORD = re.compile(r"(?<=[^0-9A-Za-z])[0-9A-Za-z]+(?=[^0-9A-Za-z])")
_STARS = re.compile(r"\*+")
_SEGMENTS = 6


class ActionPattern(msgspec.Struct, frozen=True, gc=False):
    """An Action value: `exact` for a plain name (lower case), else the literal `prefix` and a test of the name."""

    text: str
    exact: str | None
    prefix: str
    test: TextTest | None  # of a lower-case action; None: the prefix says it all

    def matches(self, action: str) -> bool:
        """Tell whether the lower-case `action` is meant."""
        if self.exact is not None:
            return action == self.exact
        return action.startswith(self.prefix) and (self.test is None or self.test(action))


class ResourcePattern(msgspec.Struct, frozen=True, gc=False):
    """A Resource value. `prefix` and `suffix` are what every match begins and ends with.

    `test` is None where whatever begins with `prefix` matches; that is so of `*`, whose prefix is empty.
    """

    text: str
    test: ResourceTest | None
    exact: bool = False
    prefix: str = ""
    suffix: str = ""
    inner: tuple[str, ...] = ()  # the literals between: each match contains them all
    variables: tuple[str, ...] = ()  # the keys that are filled in

    @property
    def words(self) -> list[bytes]:
        """The words (see `words`) that every match has: those between wildcards that no wildcard touches."""
        return [word.encode() for literal in self.inner for word in _WHOLE_WORD.findall(literal)]

    def matches(self, resource: str, get: Get) -> bool:
        """Tell whether `resource` is meant."""
        return resource.startswith(self.prefix) and (self.test is None or self.test(resource, get))


def words(text: str) -> list[bytes]:
    """Return what stands between whatever is neither an ASCII letter nor a digit; bytes are quickest to split."""
    return text.encode("utf-8", "surrogatepass").translate(_BETWEEN_WORDS).split()


def action_pattern(text: str) -> ActionPattern:
    """Compile an Action value; `*` and `?` may stand anywhere, case does not matter."""
    lowered = text.lower()
    if "*" not in lowered and "?" not in lowered:
        return ActionPattern(text, lowered, lowered, None)
    tokens = read(lowered, variables=False)
    prefix = tokens[0] if isinstance(tokens[0], str) else ""
    trailing = len(tokens) == 1 + bool(prefix) and tokens[-1] is Wild.ANY
    return ActionPattern(text, None, prefix, None if trailing else glob(tokens))


def resource_pattern(text: str, *, variables: bool) -> ResourcePattern:
    """Compile a Resource value; `variables` where the document's version knows them."""
    if text and not text.strip("*"):
        return ResourcePattern(text, None)
    tokens = _resource_tokens(text, variables)
    if not tokens or (len(tokens) == 1 and isinstance(tokens[0], str)):
        literal = "".join(str(token) for token in tokens)
        return ResourcePattern(text, _equals(literal), True, literal, literal)
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 2 and isinstance(first, str) and last is Wild.ANY:
        return ResourcePattern(text, None, False, first)
    return ResourcePattern(
        text,
        _resource_test(tokens),
        False,
        first if isinstance(first, str) else "",
        last if isinstance(last, str) else "",
        tuple(token for token in tokens[1:-1] if isinstance(token, str)),
        tuple(token.key for token in tokens if isinstance(token, Variable)),
    )


def _resource_tokens(text: str, variables: bool) -> tuple[Token, ...]:
    """Return the tokens of a resource pattern; variables count only after the fifth colon."""
    fields = text.split(":", 5)
    if fields[0] != "arn":
        return read(text, variables=False)
    if len(fields) == _SEGMENTS and not (variables and "${" in fields[5]) and _runs_on(":".join(fields[:5])):
        return read(text, variables=False)
    tokens = _head_tokens(fields[:5])
    if len(fields) == _SEGMENTS:
        return normal((*tokens, ":", *read(fields[5], variables=variables)))
    if any(field.endswith("*") for field in fields):
        return tokens
    return normal((*tokens, ":", Wild.ANY))


def _runs_on(head: str) -> bool:
    """Tell whether every wildcard of the first five segments is an asterisk that may run on, as in nearly all."""
    return "?" not in head and head.count("*") == head.count("*:") + head.endswith("*")


def _head_tokens(fields: Sequence[str]) -> tuple[Token, ...]:
    """Return the tokens of the first five segments, in which only a last asterisk may pass a colon."""
    head = ":".join(fields)
    if "*" not in head and "?" not in head:
        return (head,)
    tokens: list[Token] = []
    for number, field in enumerate(fields):
        if number:
            tokens.append(":")
        inner = [_INSIDE.get(token, token) for token in read(_STARS.sub("*", field), variables=False)]
        if field.endswith("*"):
            inner[-1] = Wild.ANY
        tokens += inner
    return normal(tokens)


_INSIDE: dict[Token, Token] = {Wild.ANY: Wild.RUN, Wild.ONE: Wild.INSIDE}


def _resource_test(tokens: tuple[Token, ...]) -> ResourceTest:
    if not has_variables(tokens):
        return _compiled(tokens)
    prefix = tokens[0] if isinstance(tokens[0], str) else ""
    open_end = tokens[-1] is Wild.ANY
    body = tokens[:-1] if open_end else tokens
    if not any(isinstance(token, Wild) for token in body):
        return _filled_prefix(body, open_end)

    def test(text: str, get: Get) -> bool:
        if not text.startswith(prefix):
            return False
        filled = fill(tokens, get)
        return filled is not None and _compiled(filled)(text)

    return test


def _filled_prefix(tokens: tuple[Token, ...], open_end: bool) -> ResourceTest:
    """The commonest patterns with variables have no wildcard but an asterisk at their end."""
    if open_end:
        return lambda text, get: (literal := fill_text(tokens, get)) is not None and text.startswith(literal)
    return lambda text, get: text == fill_text(tokens, get)


def _compiled(tokens: tuple[Token, ...]) -> TextTest:
    return _automaton(tokens) if _stops_at_colons(tokens) else glob(tokens)


def _stops_at_colons(tokens: tuple[Token, ...]) -> bool:
    return Wild.RUN in tokens or Wild.INSIDE in tokens


def _equals(literal: str) -> TextTest:
    return lambda text, _get=None: text == literal


# ── Plain patterns ───────────────────────────────────────────────────────────────────────────────────────────────


def glob(tokens: tuple[Token, ...]) -> TextTest:
    """Compile tokens of literals, ANY and ONE into a test of a whole text."""
    if Wild.ANY not in tokens and Wild.ONE not in tokens:
        return _equals("".join(str(token) for token in tokens))
    chunks = _chunks(tokens)
    if Wild.ONE not in tokens:
        return _literal_test([_literal(chunk) for chunk in chunks])
    if len(chunks) == 1:
        size, pieces = chunks[0]
        return lambda text, _get=None: len(text) == size and _stands_at(text, 0, pieces)
    if any(len(pieces) > 1 for _, pieces in chunks[1:-1]):
        return _automaton(tokens)
    return _chunk_test(chunks)


def _literal(chunk: Chunk) -> str:
    return chunk[1][0][1] if chunk[1] else ""


def _literal_test(literals: list[str]) -> TextTest:
    """Without `?` the chunks are literals, which `find` looks for."""
    prefix, *middle, suffix = literals
    least = len(prefix) + len(suffix)
    if not middle and not suffix:
        return lambda text, _get=None: text.startswith(prefix)
    if not middle:
        return lambda text, _get=None: (
            len(text) >= least and text.startswith(prefix) and text.endswith(suffix)
        )
    if len(middle) == 1 and not suffix:
        contained = middle[0]
        return lambda text, _get=None: text.startswith(prefix) and text.find(contained, least) >= 0

    def test(text: str, _get: Get | None = None, /) -> bool:
        end = len(text) - len(suffix)
        if len(text) < least or not text.startswith(prefix) or not text.endswith(suffix):
            return False
        position = len(prefix)
        for literal in middle:
            position = text.find(literal, position, end)
            if position < 0:
                return False
            position += len(literal)
        return True

    return test


def _chunk_test(chunks: list[Chunk]) -> TextTest:
    (first_size, first), *middle, (last_size, last) = chunks
    middle = [chunk for chunk in middle if chunk[0]]

    def test(text: str, _get: Get | None = None, /) -> bool:
        end = len(text) - last_size
        if end < first_size or not _stands_at(text, 0, first) or not _stands_at(text, end, last):
            return False
        position = first_size
        for size, pieces in middle:
            position = _search(text, position, end - size, pieces)
            if position < 0:
                return False
            position += size
        return True

    return test


def _chunks(tokens: tuple[Token, ...]) -> list[Chunk]:
    """Split at ANY; where the pattern begins or ends with one, the outer chunk is empty."""
    chunks: list[Chunk] = []
    pieces: list[tuple[int, str]] = []
    size = 0
    for token in tokens:
        if token is Wild.ANY:
            chunks.append((size, tuple(pieces)))
            size, pieces = 0, []
        elif isinstance(token, str):
            pieces.append((size, token))
            size += len(token)
        else:
            size += 1
    chunks.append((size, tuple(pieces)))
    return chunks


def _stands_at(text: str, position: int, pieces: tuple[tuple[int, str], ...]) -> bool:
    return all(text.startswith(piece, position + offset) for offset, piece in pieces)


def _search(text: str, start: int, last: int, pieces: tuple[tuple[int, str], ...]) -> int:
    """Return the first position from `start` to `last` where the one piece, if there is one, stands, or -1."""
    if start > last:
        return -1
    if not pieces:
        return start
    ((offset, piece),) = pieces
    found = text.find(piece, start + offset, last + offset + len(piece))
    return found - offset if found >= 0 else -1


# ── Patterns with wildcards that stop at colons, or with many `?` between asterisks ─────────────────────────────


def _automaton(tokens: tuple[Token, ...]) -> TextTest:
    """Compile tokens into a simulated automaton: bit n of the state says that n characters are accounted for."""
    steps: list[str | Wild] = []  # what leads from state n to state n + 1
    loops = {Wild.ANY: 0, Wild.RUN: 0}
    for token in tokens:
        if isinstance(token, str):
            steps.extend(token)
        elif token is Wild.ANY or token is Wild.RUN:
            loops[token] |= 1 << len(steps)
        elif isinstance(token, Wild):
            steps.append(token)
    one = sum(1 << n for n, step in enumerate(steps) if step is Wild.ONE)
    inside = one | sum(1 << n for n, step in enumerate(steps) if step is Wild.INSIDE)
    moves: dict[str, int] = {":": one}
    for n, step in enumerate(steps):
        if isinstance(step, str):
            moves[step] = moves.get(step, inside) | 1 << n
    stay = {":": loops[Wild.ANY]}
    stay_else = loops[Wild.ANY] | loops[Wild.RUN]
    accept = 1 << len(steps)

    def test(text: str, _get: Get | None = None, /) -> bool:
        state = 1
        for character in text:
            state = (state & moves.get(character, inside)) << 1 | (state & stay.get(character, stay_else))
            if not state:
                return False
        return bool(state & accept)

    return test
