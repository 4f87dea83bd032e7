"""Condition operators, set operators, missing keys: one row a rule of the guide."""

from __future__ import annotations

import pytest

from vestry.policy.conditions import UnknownOperator, predicate
from vestry.policy.document import Condition
from vestry.policy.operators import parse_operator
from vestry.policy.request import Value

# operator as written, policy values, the key's value (None: absent), holds, sentence
Row = tuple[str, tuple[str, ...], Value, bool, str]

TEXT: list[Row] = [
    ("StringEquals", ("a",), "a", True, "equal texts are equal"),
    ("StringEquals", ("a",), "A", False, "case matters"),
    ("StringEquals", ("a*",), "ab", False, "an asterisk is itself in StringEquals"),
    ("StringEquals", ("a", "b"), "b", True, "one of several values is enough"),
    ("StringEquals", ("a",), None, False, "a missing key is not equal"),
    ("StringEquals", (), "a", False, "no value is equal to none"),
    (
        "StringEquals",
        ("a",),
        ("a",),
        False,
        "a key with several values needs a set operator, even if it has one",
    ),
    ("StringEquals", ("${aws:username}",), "ann", True, "variables are filled in"),
    ("StringEquals", ("${absent}",), "", False, "one without value equals nothing"),
    ("StringEquals", ("${absent, 'x'}",), "x", True, "but its default does"),
    ("StringEquals", ("${*}",), "*", True, "escapes are characters"),
    ("StringEquals", ("${aws:username}*",), "ann*", True, "an asterisk is itself beside a variable, too"),
    ("StringEquals", ("${absent}", "b"), "b", True, "a variable without value does not spoil the others"),
    ("StringEquals", ("",), "", True, "an empty text is equal to one"),
    ("StringNotEquals", ("",), "", False, "and not unequal"),
    ("StringNotEquals", ("",), "a", True, "another text is"),
    ("StringNotEquals", ("a",), "b", True, "different texts are not equal"),
    ("StringNotEquals", ("a", "b"), "b", False, "none of several values may be equal"),
    ("StringNotEquals", ("a",), None, True, "a missing key is not equal to anything"),
    ("StringNotEquals", ("a",), ("b",), False, "several values need a set operator, negated or not"),
    ("StringNotEquals", ("${absent}",), "b", True, "a variable without value is equal to nothing"),
    ("StringNotEquals", (), "b", True, "nothing is not equal to no value"),
    ("StringEqualsIgnoreCase", ("aB",), "Ab", True, "without case"),
    ("StringNotEqualsIgnoreCase", ("aB",), "Ab", False, "without case, negated"),
    (
        "StringEqualsIgnoreCase",
        ("X-${aws:username}-*",),
        "x-ANN-*",
        True,
        "nor the case of what is filled in",
    ),
    ("StringEqualsIgnoreCase", ("${aws:username}",), "anna", False, "the whole text is compared"),
    ("StringLike", ("a*c",), "abbc", True, "an asterisk is any run"),
    ("StringLike", ("a?c",), "ac", False, "a question mark is one character"),
    ("StringLike", ("a*",), "A", False, "like minds case"),
    ("StringLike", ("arn:*:x",), "arn:a:b:x", True, "colons are nothing special to text"),
    ("StringLike", ("${star}",), "x", False, "an asterisk from a value is no wildcard"),
    ("StringLike", ("a${*}",), "ab", False, "nor is an escaped one"),
    ("StringNotLike", ("a*",), "b", True, "not like"),
    ("StringNotLike", ("a*",), "ab", False, "not like, though it is"),
]
NUMBERS: list[Row] = [
    ("NumericEquals", ("10",), "10.0", True, "numbers are compared by what they are worth"),
    ("NumericEquals", ("0.1",), "0.10", True, "exactly"),
    ("NumericEquals", ("+5",), "5", True, "a sign may be there"),
    ("NumericLessThan", ("10",), "9", True, "the request's value is less than the policy's"),
    ("NumericLessThan", ("10",), "10", False, "less is not equal"),
    ("NumericLessThanEquals", ("10",), "10", True, "less or equal"),
    ("NumericGreaterThan", ("-1",), "0", True, "greater"),
    ("NumericGreaterThanEquals", ("1",), "0.9", False, "greater or equal"),
    ("NumericGreaterThan", ("1", "100"), "50", True, "one of several is enough"),
    ("NumericNotEquals", ("10",), "11", True, "other numbers"),
    ("NumericNotEquals", ("10",), None, True, "a missing number is not equal"),
    ("NumericNotEquals", ("10",), "ten", False, "what is no number is neither equal nor unequal"),
    ("NumericNotEquals", ("ten",), "10", False, "nor is anything to what is no number"),
    ("NumericEquals", ("1e1",), "10", False, "exponents are no numbers"),
    ("NumericEquals", ("${n}",), "10", False, "numbers know no variables"),
    ("NumericEquals", ("ten", "10"), "10", True, "a malformed value does not spoil the others"),
]
DATES: list[Row] = [
    ("DateEquals", ("2024-02-29T12:00:00Z",), "2024-02-29T14:00:00+02:00", True, "instants are compared"),
    ("DateEquals", ("2024-02-29T12:00:00Z",), "1709208000", True, "seconds since 1970 are an instant"),
    ("DateEquals", ("2024-02-29",), "2024-02-29T00:00:00Z", True, "a date alone is its midnight in UTC"),
    ("DateEquals", ("2024-02",), "2024-02-01T00:00Z", True, "a month is its beginning"),
    ("DateLessThan", ("2024-03-01T00:00:00Z",), "2024-02-29T23:59:59.999Z", True, "before, by a millisecond"),
    ("DateGreaterThan", ("2024-03-01T00:00:00Z",), "2024-03-01T00:00:00Z", False, "not after itself"),
    ("DateGreaterThanEquals", ("2024-03-01T00:00:00Z",), "2024-03-01T00:00:00Z", True, "but at or after"),
    ("DateLessThanEquals", ("2024-03-01T00:00:00Z",), "2024-03-01T00:00:00Z", True, "at or before"),
    ("DateNotEquals", ("2024-03-01",), "2024-03-02", True, "another day"),
    ("DateNotEquals", ("2024-03-01",), "2023-02-29", False, "a day that there was not compares with nothing"),
    ("DateLessThan", ("2024-03-01T00:00:00Z",), None, False, "no date is not before"),
    ("DateEquals", ("1960-01-01T00:00:00Z",), "-315619200", True, "before 1970"),
]
OTHERS: list[Row] = [
    ("Bool", ("true",), "true", True, "true is true"),
    ("Bool", ("true",), "True", True, "in any case"),
    ("Bool", ("false",), None, False, "a missing key is not false"),
    ("Bool", ("false",), "maybe", False, "nor is what is neither"),
    ("Bool", ("true", "false"), "false", True, "either"),
    ("BoolIfExists", ("false",), None, True, "IfExists holds for a missing key"),
    ("BoolIfExists", ("false",), "true", False, "and compares one that is there"),
    ("BinaryEquals", ("YWI=",), "YWI=", True, "the same bytes"),
    ("BinaryEquals", ("YWI=",), "YWJj", False, "other bytes"),
    ("BinaryEquals", ("YWI",), "YWI", False, "what is not base64 is nothing"),
    ("IpAddress", ("10.0.0.0/8",), "10.255.0.1", True, "in the range"),
    ("IpAddress", ("10.0.0.0/8",), "11.0.0.1", False, "outside the range"),
    ("IpAddress", ("10.1.2.3",), "10.1.2.3", True, "an address is a range of one"),
    ("IpAddress", ("10.1.2.3/8",), "10.9.9.9", True, "bits beyond the prefix do not matter"),
    ("IpAddress", ("2001:db8::/32",), "2001:DB8:0:0::7", True, "IPv6"),
    ("IpAddress", ("2001:db8::7",), "2001:db8::8", False, "an IPv6 address is a range of one"),
    ("IpAddress", ("::/0",), "10.1.2.3", False, "the families do not mix"),
    ("NotIpAddress", ("::/0",), "10.1.2.3", True, "so the other family is not in the range"),
    ("NotIpAddress", ("10.0.0.0/8",), "10.1.2.3", False, "in the range, negated"),
    ("NotIpAddress", ("10.0.0.0/8",), None, True, "no address is in no range"),
    ("NotIpAddress", ("10.0.0.0/8",), "10.1.2.256", False, "what is no address is neither in nor out"),
    ("IpAddress", ("10.0.0.0/255.0.0.0",), "10.1.2.3", False, "a netmask is no prefix length"),
    ("IpAddress", ("0.0.0.0/0",), "010.1.2.3", False, "octal addresses are none"),
    ("ArnLike", ("arn:aws:iam::*:user/*",), "arn:aws:iam::1:user/x/y:z", True, "segments are patterns; the sixth holds the rest"),
    ("ArnLike", ("arn:aws:*:x/*",), "arn:aws:iam::1:x/y", False, "an asterisk does not pass a colon here"),
    ("ArnEquals", ("arn:aws:s3:::b*",), "arn:aws:s3:::bc", True, "ArnEquals is ArnLike"),
    ("ArnLike", ("*",), "arn:aws:s3:::b", False, "what has not six segments is no ARN"),
    ("ArnLike", ("arn:aws:s3:::${aws:username}",), "arn:aws:s3:::ann", True, "variables"),
    ("ArnLike", ("arn:aws:s3:::${absent}*",), "arn:aws:s3:::ann", False, "a variable without value"),
    ("ArnLike", ("arn:aws:iam::${aws:username}:user/*",), "arn:aws:iam::ann:user/x", True, "the colon of a variable parts no segments"),
    ("ArnLike", ("arn:aws:iam::${aws:username}${aws:username}:user/${aws:username}:x",), "arn:aws:iam::annann:user/ann:x", True, "nor those of several"),
    ("ArnLike", ("${arn}",), "arn:aws:s3:::b", False, "a variable stands within one segment"),
    ("ArnLike", ("arn:aws:iam::1}:user/x",), "arn:aws:iam::1}:user/x", True, "a brace alone is plain"),
    ("ArnLike", ("arn:aws:s3:::${*}",), "arn:aws:s3:::*", True, "an escape is the character itself"),
    ("ArnLike", ("arn:aws:s3:::${*}",), "arn:aws:s3:::b", False, "and no wildcard"),
    ("ArnLike", ("arn:aws:s3:::",), "arn:aws:s3:::", True, "a segment may be empty"),
    ("ArnLike", ("arn:aws:s3:::",), "arn:aws:s3:::b", False, "which is no wildcard"),
    ("ArnNotEquals", ("arn:aws:s3:::b",), "arn:aws:s3:::c", True, "another ARN"),
    ("ArnNotLike", ("arn:aws:s3:::b*",), "arn:aws:s3:::bc", False, "like it"),
    ("ArnNotLike", ("arn:aws:s3:::b*",), "bc", False, "no ARN is neither like nor unlike"),
    ("ArnNotLike", ("arn:aws:s3:::b*",), None, True, "a missing ARN is not like any"),
    ("Null", ("true",), None, True, "absent"),
    ("Null", ("true",), "", True, "an empty text counts as absent"),
    ("Null", ("true",), (), True, "so does a list without values"),
    ("Null", ("true",), "x", False, "present"),
    ("Null", ("false",), "x", True, "present, asked the other way"),
    ("Null", ("false",), ("x", "y"), True, "several values are present"),
    ("Null", ("perhaps",), "x", False, "what is neither true nor false asks nothing"),
]  # fmt: skip
SETS: list[Row] = [
    ("ForAllValues:StringEquals", ("a", "b"), ("a", "b", "a"), True, "every value is listed"),
    ("ForAllValues:StringEquals", ("a", "b"), ("a", "c"), False, "one value is not"),
    ("ForAllValues:StringEquals", ("a",), None, True, "all of no values are"),
    ("ForAllValues:StringEquals", ("a",), (), True, "all of an empty list are"),
    ("ForAllValues:StringEquals", ("a",), "", True, "an empty text is an empty list"),
    ("ForAllValues:StringEquals", ("a",), "a", True, "one value is a list of one"),
    ("ForAllValues:StringNotEquals", ("a",), ("b", "c"), True, "no value is listed"),
    ("ForAllValues:StringNotEquals", ("a",), ("a", "b"), False, "one value is listed"),
    ("ForAnyValue:StringEquals", ("a",), ("b", "a"), True, "one value is listed, which is enough"),
    ("ForAnyValue:StringEquals", ("a",), ("b", "c"), False, "no value is listed, though one should"),
    ("ForAnyValue:StringEquals", ("a",), None, False, "none of no values is"),
    ("ForAnyValue:StringEqualsIfExists", ("a",), None, False, "IfExists does not change that"),
    ("ForAnyValue:StringLike", ("*",), "", False, "an empty text has no value"),
    ("ForAnyValue:StringNotEquals", ("a",), ("a", "b"), True, "one value is not listed"),
    ("ForAnyValue:StringNotEquals", ("a",), ("a",), False, "every value is listed, though one should not"),
    ("ForAnyValue:StringNotEquals", ("a",), None, False, "of no values none is unequal"),
    ("ForAnyValue:NumericLessThan", ("5",), ("x", "4"), True, "a malformed value does not spoil the others"),
    ("ForAllValues:NumericLessThan", ("5",), ("x", "4"), False, "but is not less"),
    ("StringEqualsIfExists", ("a",), None, True, "IfExists holds for a missing key"),
    ("StringEqualsIfExists", ("a",), "b", False, "and compares one that is there"),
    ("StringEqualsIfExists", ("a",), ("a",), False, "several values still need a set operator"),
    ("StringNotEqualsIfExists", ("a",), None, True, "negated, both say the same"),
]
ROWS = TEXT + NUMBERS + DATES + OTHERS + SETS


@pytest.mark.parametrize(
    ("written", "values", "given", "expected", "sentence"), ROWS, ids=[f"{row[0]}: {row[4]}" for row in ROWS]
)
def test_operator(written: str, values: tuple[str, ...], given: Value, expected: bool, sentence: str) -> None:
    quantifier, operator, if_exists = parse_operator(written) or ("", "", False)
    context = {"key": given, "aws:username": "ann", "star": "*", "n": "10", "arn": "arn:aws:s3:::b"}
    test = predicate(Condition(operator, "Key", values, quantifier, if_exists), variables=True)
    assert test(context.get) is expected, sentence


def test_variables_are_text_where_the_version_does_not_know_them() -> None:
    for operator in ("StringEquals", "StringLike", "StringEqualsIgnoreCase"):
        test = predicate(Condition(operator, "k", ("${aws:username}",)), variables=False)
        assert test({"k": "${aws:username}", "aws:username": "ann"}.get)
        assert not test({"k": "ann", "aws:username": "ann"}.get)


def test_an_operator_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(UnknownOperator, match=r"^StringSame$"):
        predicate(Condition("StringSame", "k", ("a",)), variables=True)
