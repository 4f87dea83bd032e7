"""The two JSON readers: strict, bounded, linear, and of one opinion."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from policy_texts import any_texts, broken_texts, junk, policy_texts

from amounts import examples
from vestry import limits
from vestry.policy.json_reader import JsonFault, Number, line_and_column, place_json, read_json


def members(tree: Any) -> int:
    """Count the members of all objects."""
    if isinstance(tree, dict):
        return len(tree) + sum(map(members, tree.values()))
    return sum(map(members, tree)) if isinstance(tree, list) else 0


def typed(tree: Any) -> Any:
    """Return a value that differs where 1, True and Number("1") differ."""
    if isinstance(tree, dict):
        return {name: typed(value) for name, value in tree.items()}
    return [typed(item) for item in tree] if isinstance(tree, list) else (type(tree), tree)


@given(any_texts)
@settings(max_examples=examples(200))
def test_the_readers_agree_on_every_text(text: str) -> None:
    try:
        placed = place_json(text)
    except JsonFault as fault:
        assert 0 <= fault.offset <= len(text)
        with pytest.raises(JsonFault):
            read_json(text)
        return
    tree, written = read_json(text)
    assert typed(placed.root.plain()) == typed(tree)
    assert (written == members(tree)) == (placed.repeated == [])


@given(policy_texts | broken_texts())
@settings(max_examples=examples(200))
def test_what_they_take_pythons_reader_takes_with_the_same_value(text: str) -> None:
    try:
        tree, _ = read_json(text)
    except JsonFault:
        return
    assert tree == json.loads(text, parse_float=Number)


@given(junk)
def test_every_json_value_is_read(value: Any) -> None:
    text = json.dumps(value)
    try:
        tree, _ = read_json(text)
    except JsonFault as fault:
        assert "surrogate" in fault.message
        return
    assert tree == json.loads(text, parse_float=Number)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", Number("1.50")),
        ("1e3", Number("1e3")),
        ("-0", 0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\u0000\\/\\b"', "\x00/\b"),
        ('"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'),
        ('"\\u00aB\\u00Ab\x7f\x80"', "\xab\xab\x7f\x80"),
        ("[1E3, -1.5e+10, 1E-2]", [Number("1E3"), Number("-1.5e+10"), Number("1E-2")]),
        (" \t\r\n[ ] ", []),
        ('{"a" : {"b":[true,false,null]}}', {"a": {"b": [True, False, None]}}),
        ('"[{:\\"]:"', '[{:"]:'),
        ('"\\ud800\\udc00\\udbff\\udfff"', "\U00010000\U0010ffff"),
        ("9" * 4300, int("9" * 4300)),
    ],
)
def test_values_are_what_the_text_says(text: str, value: Any) -> None:
    assert typed(read_json(text)[0]) == typed(place_json(text).root.plain()) == typed(value)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "expected a value, found the end", 0),
        ("nul", "expected a value, found 'n'", 0),
        ("1.", "something follows the end of the document", 1),
        (".5", "expected a value, found '.'", 0),
        ("+1", "expected a value, found '+'", 0),
        ("[1,]", "expected a value, found ']'", 3),
        ("[1 2]", "expected `,`, found '2'", 3),
        ("{'a':1}", 'expected a name in double quotes, found "\'"', 1),
        ('{"a" 1}', "expected `:`, found '1'", 5),
        ('"a', "a string without end", 2),
        ('"a\x1f"', "a control character in a string", 2),
        ('"a\\', "an escape that JSON does not have", 2),
        ('"\\x"', "an escape that JSON does not have", 1),
        ('"\\u12g4"', "an escape without four hexadecimal digits", 1),
        ('"\\ud800x"', "half a surrogate pair", 0),
        ('"\\ud800\\u0041"', "half a surrogate pair", 0),
        ('"\\udc00\\ud800"', "half a surrogate pair", 0),
        ('"\\udc00\\udc00"', "half a surrogate pair", 0),
        ('"\\ud800\\ue000"', "half a surrogate pair", 0),
        ('"\\udfff"', "half a surrogate pair", 0),
        ("\ufeff1", "expected a value, found '\\ufeff'", 0),
        ("\u00a01", "expected a value, found '\\xa0'", 0),
        ("[" + "9" * 4301, "a number of more than 4300 digits", 1),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(JsonFault) as found:
        place_json(text)
    assert (found.value.message, found.value.offset) == (message, offset)
    with pytest.raises(JsonFault):
        read_json(text)


def test_length_is_bounded_before_reading() -> None:
    for read in (read_json, place_json):
        with pytest.raises(JsonFault) as found:
            read("[" + " " * 9 + "]", 10)
        assert (found.value.message, found.value.offset) == ("longer than 10 characters", 10)
    assert read_json("[" + " " * 8 + "]", 10)[0] == []
    long = "[" + " " * limits.POLICY_INPUT_CHARACTERS
    for read in (read_json, place_json):
        with pytest.raises(JsonFault, match="expected a value, found the end"):
            read(long, len(long))


def test_depth_is_bounded_before_reading() -> None:
    deepest = "[" * limits.JSON_DEPTH + "]" * limits.JSON_DEPTH
    assert place_json(deepest).root.plain() == read_json(deepest)[0]
    for read in (read_json, place_json):
        with pytest.raises(JsonFault) as found:
            read(f'{{"a[[\\"": [{deepest}]}}')
        assert found.value.offset == 9 + limits.JSON_DEPTH


def test_depth_is_that_of_the_deepest_place() -> None:
    inner = limits.JSON_DEPTH - 1
    for one in ("[" * inner + "]" * inner, '{"a":' * inner + "1" + "}" * inner):
        for many in (f"[{one}, {one}, {one}]", f'{{"a": {one}, "b": {one}}}'):
            assert read_json(many)[0] == place_json(many).root.plain() == json.loads(many)
            for read in (read_json, place_json):
                with pytest.raises(JsonFault, match=f"nested deeper than {limits.JSON_DEPTH} levels"):
                    read(f"[{one}, {many}]")


def test_brackets_in_strings_are_not_depth() -> None:
    assert read_json('["' + "[" * 100 + '\\"{"]')[0] == ["[" * 100 + '"{']


def test_names_that_stand_twice_are_placed() -> None:
    placed = place_json('{"a":{"b":1,\n"b":2},"c":[{"d":1,"\\u0064":2}],"a":3}')
    assert placed.repeated == [(("a",), "b", 13), (("c", 0), "d", 32), ((), "a", 45)]


def test_a_place_may_be_asked_for_through_a_single_value() -> None:
    text = '{"Statement": {"Action": "s3:Get", "Resource": ["a", "b"]}}'
    placed = place_json(text)
    pointed = {
        ("Statement", 0, "Action", 0): '"s3:Get"',
        ("Statement", 0, "Action"): '"Action"',
        ("Statement", 0, "Resource", 1): '"b"',
        ("Statement", 0, "Resource", 2): '["a"',
        ("Statement", 0): '{"Action"',
        ("Statement", 0, "Condition"): '{"Action"',
        (): '{"Statement"',
    }
    for path, shown in pointed.items():
        assert text.startswith(shown, placed.offset(path)), path


@pytest.mark.parametrize(
    ("offset", "place"),
    [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (3, 1)), (5, (3, 2)), (6, (4, 1)), (7, (5, 1))],
)
def test_lines_end_as_texts_do_everywhere(offset: int, place: tuple[int, int]) -> None:
    assert line_and_column("a\n\r\nb\r\rc", offset) == place
    assert line_and_column("\na", 2) == (2, 2)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{",
        '"',
        "\\",
        '\\"',
        '"\\"',
        ":",
        "[]",
        '{"a":',
        '[1,"a",',
        "9",
        "-",
        "\ud800",
        "é",
        "tru",
        " ",
        "\n",
    ],
)
def test_time_is_linear_in_the_text(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    start = time.perf_counter()
    for tried in (text, f"[{text}", f'"{text}'):
        for read in (read_json, place_json):
            with pytest.raises(JsonFault):
                read(tried, 2_000_000)
    assert time.perf_counter() - start < 3
