"""Wildcards: what Action and Resource values stand for."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.meaning import as_pattern, matches
from vestry.policy.pattern import action_pattern, glob, resource_pattern
from vestry.policy.variables import read

ACTIONS = [
    ("s3:GetObject", "s3:getobject", True, "an action is compared without case"),
    ("S3:GETOBJECT", "s3:getobject", True, "the prefix too"),
    ("s3:GetObject", "s3:getobjectacl", False, "a name is the whole name"),
    ("*", "iam:getuser", True, "an asterisk alone is every action"),
    ("s3:*", "s3:x", True, "an asterisk stands for any name"),
    ("s3:*", "s3outposts:x", False, "and not for another service"),
    ("s3:Get*", "s3:get", True, "an asterisk may stand for nothing"),
    ("s3:*Object", "s3:putobject", True, "an asterisk may come first"),
    ("s3:*Object", "s3:putobjectacl", False, "and the rest must still end the name"),
    ("s3:?etObject", "s3:getobject", True, "a question mark is one character"),
    ("s3:?etObject", "s3:etobject", False, "and not none"),
    ("s3:*O?j*t", "s3:getobject", True, "both mix"),
    ("*:GetUser", "iam:getuser", True, "the service may be a wildcard"),
]

S3, IAM = "arn:aws:s3:::", "arn:aws:iam::111122223333:"
RESOURCES = [
    ("*", "*", True, "`*` covers an action without resource-level support"),
    ("*", S3 + "b", True, "`*` covers every ARN"),
    ("**", "*", True, "two asterisks are one"),
    ("arn:aws:s3:::*", "*", False, "an ARN, however wide, does not cover an action without resource-level support"),
    (S3 + "b", S3 + "b", True, "an ARN covers itself"),
    (S3 + "b", S3 + "B", False, "case matters"),
    (S3 + "b", S3 + "b/x", False, "an ARN covers no other"),
    (S3 + "b/*", S3 + "b/", True, "an asterisk may stand for nothing"),
    (S3 + "b/*", S3 + "b/x/y:z", True, "and in the sixth segment for slashes and colons"),
    (S3 + "b/?", S3 + "b/x", True, "a question mark is one character"),
    (S3 + "b/?", S3 + "b/xy", False, "and not two"),
    (S3 + "b?", S3 + "b:", True, "and in the sixth segment also a colon"),
    (S3 + "*/x", S3 + "b/y/x", True, "an asterisk may come first"),
    (S3 + "*a*b", S3 + "cacb", True, "or in the middle"),
    (S3 + "*a*b", S3 + "cabc", False, "and the end must still be the end"),
    (S3 + "ab*ba", S3 + "aba", False, "beginning and end do not overlap"),
    (S3 + "ab*ba", S3 + "abba", True, "but may touch"),
    ("arn:aws:sqs:*:orders", "arn:aws:sqs:us-east-1:111122223333:orders", True, "an asterisk that ends a segment runs on past the colon"),
    ("arn:aws:sqs:*:*:orders", "arn:aws:sqs:us-east-1:111122223333:orders", True, "and need not"),
    ("arn:aws:sqs:us-*:orders", "arn:aws:sqs:us-east-1:111122223333:orders", True, "also after other characters"),
    ("arn:aws:sqs:us-*-1:orders", "arn:aws:sqs:us-east-1:x-1:orders", False, "an asterisk within a segment does not"),
    ("arn:aws:sqs:us-*-1:*:orders", "arn:aws:sqs:us-east-1:111122223333:orders", True, "it stands for characters of its segment"),
    ("arn:aws:sqs:us-*-1:1*", "arn:aws:sqs:us-east-1:111122223333:orders", True, "both in one pattern"),
    ("arn:aws:i?m::111122223333:role/x", IAM + "role/x", True, "a question mark in an early segment"),
    ("arn:aws:iam?:111122223333:role/x", IAM + "role/x", False, "is never a colon"),
    ("arn:aws:i*m::111122223333:role/x", IAM + "role/x", True, "an inner asterisk in an early segment"),
    ("arn:aws:s3*:b", S3 + "b", True, "a last asterisk swallows whole empty segments"),
    ("arn:aws:s3", S3 + "b/x", True, "missing segments stand for anything"),
    ("arn:aws:s3", "arn:aws:s3express:::b", False, "the segments that are there are whole"),
    ("arn:aws:iam::111122223333", IAM + "role/x", True, "five segments cover all of an account's"),
    ("arn:aws:*", S3 + "b", True, "a last asterisk covers what follows"),
    ("arn:aws:sqs:*:x", "arn:aws:sqs:r:a:x:y", False, "and where one can run on nothing is added to the end"),
    ("*:role/x", IAM + "role/x", True, "a pattern that is no ARN is taken as it stands"),
    ("", S3 + "b", False, "an empty pattern covers nothing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "action", "expected", "sentence"), ACTIONS, ids=[row[3] for row in ACTIONS]
)
def test_action(pattern: str, action: str, expected: bool, sentence: str) -> None:
    assert action_pattern(pattern).matches(action) is expected, sentence


@pytest.mark.parametrize(
    ("pattern", "text", "expected", "sentence"), RESOURCES, ids=[row[3] for row in RESOURCES]
)
def test_resource(pattern: str, text: str, expected: bool, sentence: str) -> None:
    assert resource_pattern(pattern, variables=True).matches(text, {}.get) is expected, sentence
    assert resource_pattern(pattern, variables=False).matches(text, {}.get) is expected, sentence


VARIABLES = [
    ("${aws:username}", "ann", True, "a variable stands for its value"),
    ("${AWS:UserName}", "ann", True, "its name has no case"),
    ("${aws:username}*", "annabel", True, "and may be followed by a wildcard"),
    ("${star}", "x", False, "an asterisk in a value is no wildcard"),
    ("${star}", "*", True, "but itself"),
    ("${*}", "*", True, "an escaped asterisk is itself"),
    ("${*}", "x", False, "and no wildcard"),
    ("${?}${$}", "?$", True, "so are the other escapes"),
    ("${absent}", "", False, "a variable without value matches nothing"),
    ("${absent}*", "x", False, "not even with a wildcard"),
    ("${absent, 'team'}", "team", True, "unless it has a default"),
    ("${aws:username, 'team'}", "team", False, "which is for absent keys only"),
    ("${absent, ''}x", "x", True, "and may be empty"),
    ("${several}", "a", False, "several values are no value"),
    ("${several, 'd'}", "d", False, "nor is the default theirs"),
    ("${empty}x", "x", False, "an empty value is no value"),
    ("${aws:username", "ann", False, "a variable without end matches nothing"),
    ("${}", "", False, "nor does one without name"),
]


@pytest.mark.parametrize(
    ("pattern", "text", "expected", "sentence"), VARIABLES, ids=[row[3] for row in VARIABLES]
)
def test_variable_in_a_resource(pattern: str, text: str, expected: bool, sentence: str) -> None:
    values = {"aws:username": "ann", "star": "*", "several": ("a", "b"), "empty": ""}
    found = resource_pattern(S3 + pattern, variables=True).matches(S3 + text, values.get)
    assert found is expected, sentence


def test_variables_count_only_after_the_fifth_colon() -> None:
    get = {"aws:username": "ann"}.get
    pattern = resource_pattern("arn:aws:iam::${aws:username}:x", variables=True)
    assert not pattern.matches("arn:aws:iam::ann:x", get)


def test_variables_are_text_where_the_version_does_not_know_them() -> None:
    get = {"aws:username": "ann"}.get
    pattern = resource_pattern(S3 + "${aws:username}", variables=False)
    assert pattern.matches(S3 + "${aws:username}", get)
    assert not pattern.matches(S3 + "ann", get)


def all_texts(letters: str, longest: int) -> list[str]:
    return ["".join(text) for size in range(longest + 1) for text in product(letters, repeat=size)]


#: Patterns longer than all that are tried, in which a `?` stands between asterisks and literals.
LONG = [
    "a*b?*a",
    "*a?b*",
    "a*a?b*b",
    "*?b?*a?*",
    "b*a??b*?a",
    "?*ab?a*b?",
    "*ab*?a",
    "a?*?b",
    "*b?a",
    "a*ba*?b*a",
]


def test_glob_is_what_a_regular_expression_says_of_every_short_pattern() -> None:
    texts = all_texts("ab", 5)
    for pattern in all_texts("ab*?", 4) + LONG:
        expected = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))
        test = glob(read(pattern, variables=False))
        for text in texts + all_texts("ab", 7) * (pattern in LONG):
            assert test(text) is bool(expected.fullmatch(text)), (pattern, text)


def test_wildcards_of_an_arn_are_what_the_naive_reading_says_of_every_short_pattern() -> None:
    texts = all_texts("a:", 6)
    for tail in [*all_texts("a:*?", 4), "a*a:a?:*a", "?:a*:*", "a*:?*a:a", "*a*:a:a", ":a?*a::"]:
        test = resource_pattern("arn:" + tail, variables=False)
        naive = naive_arn(tail)
        for text in texts:
            assert test.matches("arn:" + text, {}.get) is matches(naive, "arn:" + text), (tail, text)


@pytest.mark.parametrize(
    "tail",
    [
        "a*a:a::",
        "a?:::",
        "?:::",
        "*a:a*::*a",
        ":a*:*a*:?",
        "a*:a*:*:a*a",
        ":*a*::",
        "::*?:",
        "a:*:*a:",
        "?*:::a",
        "*?::a*:*",
    ],
)
def test_wildcards_of_a_whole_arn_are_what_the_naive_reading_says(tail: str) -> None:
    test, naive = resource_pattern("arn:s:" + tail, variables=False), naive_arn("s:" + tail)
    for text in all_texts("a:", 8):
        assert test.matches("arn:s:" + text, {}.get) is matches(naive, "arn:s:" + text), text


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_glob_is_what_a_regular_expression_says(pattern: str, text: str) -> None:
    translated = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert glob(read(pattern, variables=False))(text) is bool(re.fullmatch(translated, text))


def naive_arn(tail: str) -> list[object]:
    """The pattern `arn:` + `tail` as the reference matches it, segment by segment."""
    segments = ("arn:" + tail).split(":", 5)
    pattern: list[object] = []
    for segment in segments[:5]:
        body = segment.rstrip("*")
        inner = [("*", True) if c == "*" else ("?", True) if c == "?" else c for c in body]
        pattern += [*inner, *([("*", False)] if body != segment else []), ":"]
    if len(segments) == 6:
        pattern += as_pattern(list(segments[5])) or []
    elif any(segment.endswith("*") for segment in segments):
        pattern.pop()
    else:
        pattern.append(("*", False))
    return pattern


@given(st.text("a:*?", max_size=14), st.text("a:", max_size=14))
def test_arn_pattern_is_what_the_naive_reading_says(tail: str, text: str) -> None:
    found = resource_pattern("arn:" + tail, variables=False).matches("arn:" + text, {}.get)
    assert found is matches(naive_arn(tail), "arn:" + text)


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 200 + "b", "?" + "*a?" * 200 + "b", "arn:aws:s?3:::" + "*a" * 200 + "b", "*" * 500 + "b"],
)
def test_adversarial_patterns_are_linear_in_pattern_times_text(pattern: str) -> None:
    """Twenty times the text takes about twenty times as long, not four hundred times."""
    compiled = resource_pattern(pattern, variables=True)

    def seconds(size: int) -> float:
        text = "arn:aws:s33:::" + "a" * size
        start = time.perf_counter()
        assert not compiled.matches(text, {}.get)
        return time.perf_counter() - start

    seconds(100)
    short = min(seconds(1_000) for _ in range(5))
    long = min(seconds(20_000) for _ in range(2))
    assert long < 120 * short + 0.05
