"""The table of operators, and how an operator is written."""

from __future__ import annotations

import pytest

from vestry.policy.operators import OPERATORS, QUANTIFIERS, WRITTEN, Family, parse_operator, write_operator

#: The names as the IAM User Guide lists them, by family.
GUIDE = {
    Family.STRING: "StringEquals StringNotEquals",
    Family.STRING_IGNORE_CASE: "StringEqualsIgnoreCase StringNotEqualsIgnoreCase",
    Family.STRING_LIKE: "StringLike StringNotLike",
    Family.NUMERIC: "NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals",
    Family.DATE: "DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals",
    Family.BOOL: "Bool",
    Family.BINARY: "BinaryEquals",
    Family.IP_ADDRESS: "IpAddress NotIpAddress",
    Family.ARN: "ArnEquals ArnLike ArnNotEquals ArnNotLike",
    Family.NULL: "Null",
}


def test_the_table_holds_the_guides_operators_and_no_others() -> None:
    assert {name: row.family for name, row in OPERATORS.items()} == {
        name: family for family, names in GUIDE.items() for name in names.split()
    }
    assert all(row.name == name for name, row in OPERATORS.items())


def test_an_operator_is_negated_when_its_name_says_not() -> None:
    assert {name for name, row in OPERATORS.items() if row.negated} == {
        name for name in OPERATORS if "Not" in name
    }


def test_an_operator_orders_when_its_name_says_so() -> None:
    signs = {"LessThan": "lt", "LessThanEquals": "le", "GreaterThan": "gt", "GreaterThanEquals": "ge"}
    for name, row in OPERATORS.items():
        assert row.test == signs.get(name.removeprefix("Numeric").removeprefix("Date"), "eq"), name


def test_string_and_arn_operators_take_variables_and_no_others() -> None:
    assert {name for name, row in OPERATORS.items() if row.takes_variables} == {
        name for name in OPERATORS if name.startswith(("String", "Arn"))
    }


def test_every_way_to_write_an_operator_is_read_as_what_was_written() -> None:
    assert len(WRITTEN) == len(OPERATORS) * (len(QUANTIFIERS) + 1) * 2
    for name in OPERATORS:
        for quantifier in ("", *QUANTIFIERS):
            for if_exists in (False, True):
                written = write_operator(name, quantifier, if_exists=if_exists)
                assert parse_operator(written) == (quantifier, name, if_exists)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stringequals",
        "STRINGEQUALS",
        "StringMatches",
        "IfExists",
        "ForAllValues:",
        "forAllValues:StringEquals",
        "ForAllValues::StringEquals",
        "ForSomeValues:StringEquals",
        "ForAllValues:ForAnyValue:StringEquals",
        "StringEqualsIfExistsIfExists",
        "StringEqualsifexists",
        " StringEquals",
        "IfExistsStringEquals",
    ],
)
def test_anything_else_is_no_operator(text: str) -> None:
    assert parse_operator(text) is None


def test_an_operator_alone_is_written_by_its_name() -> None:
    assert write_operator("Bool") == "Bool"
