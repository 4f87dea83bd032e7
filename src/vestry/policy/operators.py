"""The table of condition operators: their names, families and signs, and how an operator is written.

How to read it: one row an operator. The family says how values are compared (`conditions` has one comparison each
family), `negated` that the operator is true where the positive one finds no match, and so also where the key is
absent. `ArnEquals` and `ArnLike` are the same operator twice, as are their negations. Sources: IAM User Guide,
"IAM JSON policy elements: Condition operators"; "Conditions with multiple context keys or values".

An operator is written `[ForAllValues:|ForAnyValue:]Name[IfExists]`. Names are taken in exactly this case: no AWS page
says that another case is understood, and refusing when written is the side on which nothing is misread later.
`NullIfExists` has no meaning beyond `Null` but IAM stores it; `lint` names it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec


class Family(Enum):
    """How an operator compares its values."""

    STRING = auto()  # exact, case-sensitive
    STRING_IGNORE_CASE = auto()
    STRING_LIKE = auto()  # glob, case-sensitive
    NUMERIC = auto()
    DATE = auto()
    BOOL = auto()
    BINARY = auto()
    IP_ADDRESS = auto()
    ARN = auto()  # six segments, each a glob
    NULL = auto()


class Operator(msgspec.Struct, frozen=True, gc=False):
    """One operator. `test` is the comparison within the family: request value `test` policy value."""

    name: str
    family: Family
    negated: bool = False
    test: str = "eq"  # "eq", "lt", "le", "gt", "ge"

    @property
    def takes_variables(self) -> bool:
        """Whether `${…}` is replaced in its values: the String and Arn operators only."""
        return self.family in _WITH_VARIABLES


_WITH_VARIABLES = frozenset({Family.STRING, Family.STRING_IGNORE_CASE, Family.STRING_LIKE, Family.ARN})

_ROWS: Final = (
    Operator("StringEquals", Family.STRING),
    Operator("StringNotEquals", Family.STRING, negated=True),
    Operator("StringEqualsIgnoreCase", Family.STRING_IGNORE_CASE),
    Operator("StringNotEqualsIgnoreCase", Family.STRING_IGNORE_CASE, negated=True),
    Operator("StringLike", Family.STRING_LIKE),
    Operator("StringNotLike", Family.STRING_LIKE, negated=True),
    Operator("NumericEquals", Family.NUMERIC),
    Operator("NumericNotEquals", Family.NUMERIC, negated=True),
    Operator("NumericLessThan", Family.NUMERIC, test="lt"),
    Operator("NumericLessThanEquals", Family.NUMERIC, test="le"),
    Operator("NumericGreaterThan", Family.NUMERIC, test="gt"),
    Operator("NumericGreaterThanEquals", Family.NUMERIC, test="ge"),
    Operator("DateEquals", Family.DATE),
    Operator("DateNotEquals", Family.DATE, negated=True),
    Operator("DateLessThan", Family.DATE, test="lt"),
    Operator("DateLessThanEquals", Family.DATE, test="le"),
    Operator("DateGreaterThan", Family.DATE, test="gt"),
    Operator("DateGreaterThanEquals", Family.DATE, test="ge"),
    Operator("Bool", Family.BOOL),
    Operator("BinaryEquals", Family.BINARY),
    Operator("IpAddress", Family.IP_ADDRESS),
    Operator("NotIpAddress", Family.IP_ADDRESS, negated=True),
    Operator("ArnEquals", Family.ARN),
    Operator("ArnLike", Family.ARN),
    Operator("ArnNotEquals", Family.ARN, negated=True),
    Operator("ArnNotLike", Family.ARN, negated=True),
    Operator("Null", Family.NULL),
)

#: The operators by their names.
OPERATORS: Final[dict[str, Operator]] = {row.name: row for row in _ROWS}

QUANTIFIERS: Final = ("ForAllValues", "ForAnyValue")
IF_EXISTS: Final = "IfExists"

#: Every way in which an operator can be written, with its parts: (quantifier, name, if_exists).
WRITTEN: Final[dict[str, tuple[str, str, bool]]] = {
    (f"{quantifier}:" if quantifier else "") + name + suffix: (quantifier, name, bool(suffix))
    for quantifier in ("", *QUANTIFIERS)
    for name in OPERATORS
    for suffix in ("", IF_EXISTS)
}


def parse_operator(text: str) -> tuple[str, str, bool] | None:
    """Return (quantifier or "", operator name, if_exists) for an operator as written; None where there is none."""
    return WRITTEN.get(text)


def write_operator(name: str, quantifier: str = "", *, if_exists: bool = False) -> str:
    """Return an operator's text from its parts; the inverse of `parse_operator`."""
    return (f"{quantifier}:" if quantifier else "") + name + (IF_EXISTS if if_exists else "")
