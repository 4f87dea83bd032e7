"""Policies and requests at random, over so few names that statements often match.

The vocabulary holds what is easily got wrong: names that differ by case, wildcards at every place of an ARN, several
values, empty and missing keys, values that are not what the operator compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from reference.authorizer import Policies
from vestry.arn import iam_arn, root_arn, session_arn
from vestry.policy.document import Condition, Document, Principals, Statement
from vestry.policy.operators import OPERATORS, Family
from vestry.policy.request import Kind, MappingContext, Principal, Request

T = TypeVar("T")

HERE, THERE = "111122223333", "444455556666"
ANN, BOB = iam_arn(HERE, "user", "/", "ann"), iam_arn(THERE, "user", "/", "bob")
DEV, LINKED = (
    iam_arn(HERE, "role", "/", "dev"),
    iam_arn(HERE, "role", "/aws-service-role/x.amazonaws.com/", "Linked"),
)
SESSION, GUEST = session_arn(HERE, "dev", "s1"), f"arn:aws:sts::{HERE}:federated-user/guest"
SAML = iam_arn(HERE, "saml-provider", "/", "Idp")

CALLERS = (
    Principal(Kind.ROOT, HERE, root_arn(HERE)),
    Principal(Kind.USER, HERE, ANN, "", "AIDAANN"),
    Principal(Kind.USER, THERE, BOB, "", "AIDABOB"),
    Principal(Kind.ROLE, HERE, SESSION, DEV, "AROADEV"),
    Principal(Kind.ROLE, HERE, session_arn(HERE, "Linked", "s"), LINKED, "AROALINKED"),
    Principal(Kind.FEDERATED_USER, HERE, GUEST, ANN, "AIDAANN"),
    Principal(Kind.FEDERATED_USER, HERE, GUEST, root_arn(HERE)),
    Principal(Kind.FEDERATED, "", SAML),
    Principal(Kind.SERVICE, "", "ec2.amazonaws.com"),
    Principal(Kind.ANONYMOUS),
)

ACTIONS = ("s3:GetObject", "s3:PutObject", "sts:AssumeRole", "iam:GetUser")
ACTION_PATTERNS = (
    *ACTIONS,
    "S3:getobject",
    "*",
    "s3:*",
    "s3:Get*",
    "s3:?etObject",
    "*:*User",
    "iam:*",
    "s3:*Object",
)
RESOURCES = (
    "*",
    "arn:aws:s3:::b/ann/x",
    "arn:aws:s3:::b/Ann",
    "arn:aws:s3:::c",
    DEV,
    ANN,
    "arn:aws:logs:us-east-1:111122223333:log-group:g:x",
)
RESOURCE_PATTERNS = (
    *RESOURCES,
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::?/${aws:username}*",
    "arn:aws:s3:::b/${aws:username, 'Ann'}",
    "arn:aws:s3:::b/${many}/x",
    "arn:aws:s3:::b/${broken",
    "arn:aws:s3:::b/ann/${*}",
    "arn:aws:*:*:*:*/ann",
    "arn:aws:s3*:b/ann/x",
    "arn:aws:i?m::1*3:role/dev",
    "arn:aws:i*m::*:role/dev",
    "arn:aws:logs:us-*-1:*",
    "arn:aws:logs:*:g:x",
    "arn:aws:s3",
    "arn:aws:*",
    "arn:*:s?::*",
    "*/x",
    "**",
    "arn:aws:s3:::*a*n*x",
    "arn:aws:s3:::b/${aws:username}?x",
)

PRINCIPAL_VALUES = (
    HERE,
    THERE,
    root_arn(HERE),
    root_arn(THERE),
    ANN,
    BOB,
    DEV,
    LINKED,
    SESSION,
    GUEST,
    "AIDAANN",
    "AROADEV",
    "*",
)

KEYS = (
    "aws:username",
    "AWS:UserName",
    "aws:TagKeys",
    "number",
    "date",
    "flag",
    "address",
    "arn",
    "bytes",
    "absent",
)
TEXTS = (
    "",
    "ann",
    "Ann",
    "a*",
    "*",
    "?nn",
    "${aws:username}",
    "${absent, 'ann'}",
    "${absent}",
    "${*}",
    "${many}",
    "b",
)
NUMBERS = ("0", "1", "1.0", "-2", "1.50", "one", "")
DATES = (
    "2024-02-29",
    "2024-02-29T12:00:00Z",
    "2024-02-29T14:00:00+02:00",
    "1709208000",
    "2023-02-29",
    "soon",
    "0",
)
FLAGS = ("true", "false", "True", "maybe", "")
ADDRESSES = (
    "10.1.2.3",
    "10.0.0.0/8",
    "10.1.2.0/24",
    "::1",
    "2001:db8::/32",
    "2001:db8::7",
    "1.2.3",
    "0.0.0.0/0",
    "",
)
ARNS = (ANN, DEV, "arn:aws:iam::*:user/*", "arn:aws:iam:*:user/ann", "arn:*:i?m:*:*:${many}/ann", "ann", "*", "",
        "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:logs:us-east-1:111122223333:log-group:g:x")  # fmt: skip
BYTES = ("YQ==", "YWI=", "YQ", "?", "")

VALUES = {
    Family.STRING: TEXTS,
    Family.STRING_IGNORE_CASE: TEXTS,
    Family.STRING_LIKE: TEXTS,
    Family.NUMERIC: NUMBERS,
    Family.DATE: DATES,
    Family.BOOL: FLAGS,
    Family.BINARY: BYTES,
    Family.IP_ADDRESS: ADDRESSES,
    Family.ARN: ARNS,
    Family.NULL: ("true", "false", "TRUE", "maybe"),
}
_KEY_OF = {
    Family.NUMERIC: "number",
    Family.DATE: "date",
    Family.BOOL: "flag",
    Family.BINARY: "bytes",
    Family.IP_ADDRESS: "address",
    Family.ARN: "arn",
}


class Chance:
    """Where a generator gets its choices from: a seeded `random.Random`, or hypothesis, which can shrink them."""

    def __init__(self, below: Callable[[int], int]) -> None:
        self._below = below

    def pick(self, values: Sequence[T]) -> T:
        return values[self._below(len(values))]

    def one_in(self, number: int) -> bool:
        """Simplest answer: no."""
        return self._below(number) == number - 1

    def several(self, values: Sequence[T], least: int = 1, most: int = 3) -> tuple[T, ...]:
        return tuple(self.pick(values) for _ in range(least + self._below(most - least + 1)))

    def times(self, make: Callable[[], T], least: int, most: int) -> tuple[T, ...]:
        return tuple(make() for _ in range(least + self._below(most - least + 1)))


def seeded(seed: int) -> Chance:
    """Choices that are the same for the same seed."""
    return Chance(Random(seed).randrange)


def strategy(make: Callable[..., T]) -> Callable[..., st.SearchStrategy[T]]:
    """Turn a generator into a strategy."""

    @st.composite
    def drawn(draw: st.DrawFn, *arguments: Any, **options: Any) -> T:
        return make(Chance(lambda number: draw(st.integers(0, number - 1))), *arguments, **options)

    return drawn


def a_condition(chance: Chance) -> Condition:
    """One condition, mostly on a key that holds what its operator compares."""
    operator = chance.pick(sorted(OPERATORS))
    family = OPERATORS[operator].family
    key = _KEY_OF.get(family)
    if key is None or chance.one_in(6):
        key = chance.pick(KEYS)
    values = chance.several(VALUES[family], 0 if chance.one_in(10) else 1)
    quantifier = chance.pick(("", "", "ForAllValues", "ForAnyValue"))
    return Condition(operator, key, values, quantifier, chance.one_in(2))


def a_statement(
    chance: Chance, *, principals: bool = False, effects: Sequence[bool] = (True, True, False)
) -> Statement:
    """One statement; with `principals` as resource policies have them."""
    actions = ("*",) if chance.one_in(3) else chance.several(ACTION_PATTERNS)
    resources = ("*",) if chance.one_in(3) else chance.several(RESOURCE_PATTERNS)
    parts: dict[str, Any] = {"allow": chance.pick(effects), "sid": chance.pick(("", "One"))}
    parts["not_actions" if chance.one_in(8) else "actions"] = actions
    if not principals or chance.one_in(2):
        parts["not_resources" if chance.one_in(8) else "resources"] = resources
    if principals:
        parts["not_principals" if chance.one_in(8) else "principals"] = some_principals(chance)
    parts["conditions"] = chance.times(lambda: a_condition(chance), 0, 1 if chance.one_in(2) else 0)
    return Statement(**parts)


def some_principals(chance: Chance) -> Principals:
    """A Principal element."""
    return Principals(
        chance.one_in(6),
        chance.several(PRINCIPAL_VALUES, 0, 5),
        chance.several(("ec2.amazonaws.com", "s3.amazonaws.com"), 0, 1),
        chance.several((SAML,), 0, 1),
    )


def a_document(
    chance: Chance,
    *,
    principals: bool = False,
    most: int = 3,
    effects: Sequence[bool] = (True, True, True, False),
) -> Document:
    """A document, usually of the version that knows variables."""
    return Document(
        chance.pick(("2012-10-17", "2012-10-17", "2008-10-17")),
        chance.times(lambda: a_statement(chance, principals=principals, effects=effects), 0, most),
    )


def a_context(chance: Chance) -> dict[str, str | tuple[str, ...] | None]:
    """What the keys are worth; each may be missing, and each may hold several values."""
    values: dict[str, str | tuple[str, ...] | None] = {"many": ("a", "b")}
    for key, choices in _CHOICES.items():
        values[key] = chance.pick(choices)
        if chance.one_in(6):
            values[key] = None
        elif key == "aws:tagkeys" or chance.one_in(8):
            values[key] = chance.several(choices, 0)
    return values


_CHOICES = {
    "aws:username": TEXTS,
    "aws:tagkeys": TEXTS,
    "number": NUMBERS,
    "date": DATES,
    "flag": FLAGS,
    "address": ADDRESSES,
    "arn": ARNS,
    "bytes": BYTES,
}


def a_request(chance: Chance) -> Request:
    """One question."""
    caller = chance.pick(CALLERS)
    return Request(
        caller,
        chance.pick(ACTIONS),
        chance.pick(RESOURCES),
        MappingContext(a_context(chance)),
        chance.pick((caller.account, caller.account, caller.account, HERE, THERE)),
    )


def some_policies(chance: Chance) -> Policies:
    """Every kind of policy, each of them sometimes absent."""
    open_wide = Document("2012-10-17", (Statement(True, actions=("*",), resources=("*",)),))

    def a_limit() -> Document:
        return open_wide if chance.one_in(2) else a_document(chance, most=2)

    def levels() -> tuple[tuple[Document, ...], ...]:
        return chance.times(lambda: chance.times(a_limit, 1, 2), 0, 2) if chance.one_in(4) else ()

    return Policies(
        identity=chance.times(lambda: a_document(chance), 1, 2),
        boundary=a_limit() if chance.one_in(3) else None,
        session=chance.times(a_limit, 0, 2) if chance.one_in(3) else None,
        resource=a_document(chance, principals=True) if chance.one_in(2) else None,
        resource_is_trust=chance.one_in(3),
        bound=chance.one_in(3),
        service_control=levels(),
        resource_control=levels(),
    )


conditions, statements, documents = strategy(a_condition), strategy(a_statement), strategy(a_document)
contexts, requests, policies = strategy(a_context), strategy(a_request), strategy(some_policies)
