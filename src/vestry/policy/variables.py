"""Policy text as tokens: literals, wildcards and `${…}` variables.

Sources: IAM User Guide, "Policy variables and tags" ("Special characters", "Specifying default values").

A variable is `${key}` or `${key, 'default'}`; its key is compared without case. `${*}`, `${?}` and `${$}` are the
characters themselves. Whatever a variable stands for is literal text: an asterisk in a tag's value is no wildcard.
A variable without value (absent, empty, several values, or not well formed) leaves its text without meaning: it matches
nothing. Only documents of version 2012-10-17 know variables; elsewhere `${` is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum, auto

import msgspec

from vestry.policy.request import Value

#: How a predicate reads a condition key; the key is in lower case.
Get = Callable[[str], Value]

VARIABLE_VERSION = "2012-10-17"

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^{}',]+)(?:, '([^']*)')?)\}")
_SPECIAL = re.compile(r"\$\{|[*?]")
_WILD = re.compile(r"[*?]")


class Wild(Enum):
    """The wildcards. RUN and INSIDE keep to one segment of an ARN."""

    ANY = auto()  # any run of characters
    ONE = auto()  # one character
    RUN = auto()  # any run of characters but a colon
    INSIDE = auto()  # one character but a colon


class Variable(msgspec.Struct, frozen=True, gc=False):
    """A `${…}` to be filled in; an empty key is one that was not well formed."""

    key: str
    default: str | None = None


Token = str | Wild | Variable

_PLAIN = {"*": Wild.ANY, "?": Wild.ONE}


def read(text: str, *, variables: bool, wildcards: bool = True) -> tuple[Token, ...]:
    """Return the tokens of `text`; neighbouring literals and neighbouring `*` are one token."""
    if wildcards and "?" not in text and not (variables and "${" in text):
        return _asterisks(text)
    special = _SPECIAL if variables else _WILD
    found = special.search(text)
    if found is None:
        return (text,) if text else ()
    tokens: list[Token] = []
    start = 0
    while found is not None:
        begin = found.start()
        _append(tokens, text[start:begin])
        token, start = _special_token(text, begin, wildcards)
        _append(tokens, token)
        found = special.search(text, start)
    _append(tokens, text[start:])
    return tuple(tokens)


def _asterisks(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text in which nothing but asterisks is special, as in nearly all."""
    if "*" not in text:
        return (text,) if text else ()
    first, *rest = text.split("*")
    tokens: list[Token] = [first] if first else []
    tokens.append(Wild.ANY)
    for literal in rest:
        if literal:
            tokens += (literal, Wild.ANY)
    if not text.endswith("*"):
        tokens.pop()
    return tuple(tokens)


def _special_token(text: str, begin: int, wildcards: bool) -> tuple[Token, int]:
    """Return the token that begins at `begin`, and where it ends."""
    if text[begin] != "$":
        return (_PLAIN[text[begin]] if wildcards else text[begin]), begin + 1
    found = _VARIABLE.match(text, begin)
    if found is None:
        inside, brace, _ = text[begin:].partition("}")
        return Variable(""), begin + len(inside) + len(brace)
    escape, key, default = found.groups()
    token = escape or Variable(key.lower(), default)
    return token, found.end()


def _append(tokens: list[Token], token: Token) -> None:
    """Add a token, joined with its neighbour where the two mean one."""
    last = tokens[-1] if tokens else None
    if isinstance(token, str) and isinstance(last, str):
        tokens[-1] = last + token
    elif not (token is Wild.ANY and last is Wild.ANY) and token != "":
        tokens.append(token)


def normal(tokens: Iterable[Token]) -> tuple[Token, ...]:
    """Return the tokens with neighbouring literals, and neighbouring `*`, as one."""
    joined: list[Token] = []
    for token in tokens:
        _append(joined, token)
    return tuple(joined)


def has_variables(tokens: tuple[Token, ...]) -> bool:
    """Tell whether anything is to be filled in."""
    return any(token.__class__ is Variable for token in tokens)


def fill(tokens: tuple[Token, ...], get: Get) -> tuple[Token, ...] | None:
    """Return the tokens with every variable replaced by its value, or None where one has no value."""
    filled: list[Token] = []
    for token in tokens:
        value = _value(token, get) if isinstance(token, Variable) else token
        if value is None:
            return None
        _append(filled, value)
    return tuple(filled)


def fill_text(tokens: tuple[Token, ...], get: Get) -> str | None:
    """Return the text that literals and variables make, or None where a variable has no value."""
    text = ""
    for token in tokens:
        value = _value(token, get) if isinstance(token, Variable) else token
        if not isinstance(value, str):
            return None
        text += value
    return text


def _value(variable: Variable, get: Get) -> str | None:
    """Return a variable's value: a key's only one; the default, where the key is absent or its value is empty."""
    if not variable.key:
        return None
    value = get(variable.key)
    if not value:
        return variable.default
    return value if isinstance(value, str) else None
