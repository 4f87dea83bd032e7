"""A policy's text as tokens, and what its variables are worth."""

from __future__ import annotations

import pytest

from vestry.policy.request import Value
from vestry.policy.variables import Token, Variable, Wild, fill, fill_text, normal, read

ANY, ONE, BAD = Wild.ANY, Wild.ONE, Variable("")

# text, tokens, sentence
BOTH: list[tuple[str, tuple[Token, ...], str]] = [
    ("", (), "nothing is no token"),
    ("a", ("a",), "a literal"),
    ("*", (ANY,), "an asterisk"),
    ("**", (ANY,), "two asterisks are one"),
    ("*a", (ANY, "a"), "an asterisk before a literal"),
    ("a**b*", ("a", ANY, "b", ANY), "literals between asterisks"),
    ("?", (ONE,), "a question mark"),
    ("??", (ONE, ONE), "two question marks are two characters"),
    ("?**?", (ONE, ANY, ONE), "asterisks are one beside question marks, too"),
    ("a?b*", ("a", ONE, "b", ANY), "both"),
    ("${A:B}", (Variable("a:b"),), "the key of a variable has no case"),
    ("x${k}y${l}*", ("x", Variable("k"), "y", Variable("l"), ANY), "variables among the rest"),
    ("${k, 'De'}", (Variable("k", "De"),), "a default has a case"),
    ("${k, ''}", (Variable("k", ""),), "a default may be empty"),
    ("a${*}${?}${$}b", ("a*?$b",), "escapes are the characters themselves"),
    ("${*}*", ("*", ANY), "an escaped asterisk is not one with an asterisk"),
    ("$", ("$",), "a dollar alone is plain"),
    ("$*{", ("$", ANY, "{"), "a brace alone, too"),
    ("${}x", (BAD, "x"), "a variable has a key"),
    ("a${b", ("a", BAD), "what is not closed is not well formed to its end"),
    ("${k,'x'}y", (BAD, "y"), "a default follows a comma and a space"),
    ("}${k'}", ("}", BAD), "a brace before it closes nothing"),
    ("${k'}x}", (BAD, "x}"), "the first brace closes it"),
    ("${a${b}}", (BAD, "}"), "variables are not nested"),
]


@pytest.mark.parametrize(("text", "tokens", "sentence"), BOTH, ids=[row[2] for row in BOTH])
def test_tokens(text: str, tokens: tuple[Token, ...], sentence: str) -> None:
    assert read(text, variables=True) == tokens, sentence


def test_where_only_variables_have_a_meaning_wildcards_are_plain() -> None:
    assert read("a*?b${x}*", variables=True, wildcards=False) == ("a*?b", Variable("x"), "*")


def test_where_only_wildcards_have_a_meaning_variables_are_plain() -> None:
    assert read("a?${x}*", variables=False) == ("a", ONE, "${x}", ANY)
    assert read("${x}*", variables=False) == ("${x}", ANY)


def test_where_neither_has_a_meaning_all_is_plain() -> None:
    assert read("*?${x}", variables=False, wildcards=False) == ("*?${x}",)


def test_neighbours_are_one_token() -> None:
    assert normal(("a", "", "b", ANY, ANY, "", ONE, "c", "d")) == ("ab", ANY, ONE, "cd")


# variable, the key's value, what is filled in (None: it has no value), sentence
VALUES: list[tuple[Variable, Value, str | None, str]] = [
    (Variable("k"), "v", "v", "a key's value"),
    (Variable("k"), "*", "*", "which is plain text"),
    (Variable("k"), "", None, "an empty one is none"),
    (Variable("k", "d"), "", "d", "for which the default counts"),
    (Variable("k"), None, None, "an absent key has no value"),
    (Variable("k", "d"), None, "d", "but its default"),
    (Variable("k", "d"), "v", "v", "which does not count where there is a value"),
    (Variable("k"), ("v",), None, "a key of several values has no single one, even if it has one"),
    (Variable("k", "d"), ("v", "w"), None, "and no default then"),
    (BAD, "v", None, "what is not well formed has no value"),
]


@pytest.mark.parametrize(("variable", "value", "filled", "sentence"), VALUES, ids=[row[3] for row in VALUES])
def test_filling(variable: Variable, value: Value, filled: str | None, sentence: str) -> None:
    get = {"k": value, "": "unheard"}.get
    whole = None if filled is None else f"a{filled}b"
    assert fill_text(("a", variable, "b"), get) == whole, sentence
    assert fill(("a", variable, "b"), get) == (None if whole is None else (whole,))
    assert fill((variable,), get) == (None if filled is None else (filled,) if filled else ())


def test_a_value_is_no_wildcard() -> None:
    assert fill(("a", Variable("k"), ANY), {"k": "*"}.get) == ("a*", ANY)
    assert fill_text(("a", ANY), {}.get) is None
