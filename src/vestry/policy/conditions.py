"""The condition operators, and the predicates that statements are given.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values", "Single-valued vs. multivalued context keys".

The operators' rows are in `operators`; each family has one maker here. A maker turns the policy's values into a
matcher of one request value, which answers True (it matches one of them), False (it matches none) or None (it, or a
policy value, is not what the operator compares: neither the operator nor its negation holds). Around the matcher stand the rules that are the same for all operators:

    key missing        False; True for a negated operator, …IfExists and ForAllValues
    several values     only a set operator can test them; every other operator answers False
    ForAllValues       True when every value satisfies the operator; when there is none, or an empty text
    ForAnyValue        True when one value satisfies the operator
    Null               looks at presence; an empty text counts as absent
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any

from vestry.policy import scalars
from vestry.policy.document import Condition
from vestry.policy.operators import OPERATORS, Family, Operator
from vestry.policy.pattern import ResourceTest, TextTest, glob
from vestry.policy.variables import Get, Token, Wild, fill, fill_text, has_variables, read

#: A condition as the engine asks it.
Predicate = Callable[[Get], bool]
#: Compares one request value with all policy values.
Matcher = Callable[[str, Get], bool | None]


#: Makes the matcher of a condition's values; the flag says whether variables count.
Maker = Callable[[Sequence[str], bool], Matcher]


class UnknownOperator(ValueError):
    """A condition names an operator that is not in the table; parsing refuses such documents."""


def predicate(condition: Condition, *, variables: bool) -> Predicate:
    """Compile one condition; `variables` where the document's version knows them. Raises UnknownOperator."""
    key = condition.key.lower()
    row = OPERATORS.get(condition.operator)
    if row is None:
        raise UnknownOperator(condition.operator)
    if row.family is Family.NULL:
        return _presence(key, condition.values)
    if row.name == "StringEquals" and not condition.quantifier and not condition.if_exists:
        quick = _quick_equals(key, condition.values, variables)
        if quick is not None:
            return quick
    matches, wanted = _maker(row)(condition.values, variables), not row.negated
    if condition.quantifier == "ForAllValues":
        return _for_all(key, matches, wanted)
    if condition.quantifier == "ForAnyValue":
        return _for_any(key, matches, wanted)
    return _single(key, matches, wanted, condition.if_exists or row.negated)


# ── What is the same for all operators ───────────────────────────────────────────────────────────────────────────


def _single(key: str, matches: Matcher, wanted: bool, when_missing: bool) -> Predicate:
    def test(get: Get) -> bool:
        value = get(key)
        if value is None:
            return when_missing
        return isinstance(value, str) and matches(value, get) is wanted

    return test


def _for_all(key: str, matches: Matcher, wanted: bool) -> Predicate:
    def test(get: Get) -> bool:
        return all(matches(value, get) is wanted for value in _several(get(key)))

    return test


def _for_any(key: str, matches: Matcher, wanted: bool) -> Predicate:
    def test(get: Get) -> bool:
        return any(matches(value, get) is wanted for value in _several(get(key)))

    return test


def _several(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a key's values as a set operator sees them: an empty text alone is no value."""
    if not value or value == ("",):
        return ()
    return (value,) if isinstance(value, str) else value


def _presence(key: str, values: Sequence[str]) -> Predicate:
    wanted = {scalars.truth(value) for value in values}
    return lambda get: (not _several(get(key))) in wanted


def _quick_equals(key: str, values: Sequence[str], variables: bool) -> Predicate | None:
    """The commonest conditions: a key is one of some fixed texts, or a text with a variable."""
    if variables and any("${" in value for value in values):
        return (
            _equals_filled(key, read(values[0], variables=True, wildcards=False))
            if len(values) == 1
            else None
        )
    if len(values) == 1:
        only = values[0]
        return lambda get: get(key) == only
    wanted = frozenset(values)
    return lambda get: get(key) in wanted


def _equals_filled(key: str, tokens: tuple[Token, ...]) -> Predicate:
    return lambda get: (value := get(key)) is not None and value == fill_text(tokens, get)


# ── Text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(build: Callable[[tuple[Token, ...]], TextTest], wildcards: bool) -> Maker:
    """Make a maker for operators on text, whose values may hold variables; one without value is left out."""

    def make(values: Sequence[str], variables: bool) -> Matcher:
        read_values = [read(value, variables=variables, wildcards=wildcards) for value in values]
        fixed = [build(tokens) for tokens in read_values if not has_variables(tokens)]
        open_values = [tokens for tokens in read_values if has_variables(tokens)]

        def matches(text: str, get: Get) -> bool:
            for test in fixed:
                if test(text):
                    return True
            for tokens in open_values:
                filled = fill(tokens, get)
                if filled is not None and build(filled)(text):
                    return True
            return False

        return matches

    return make


def _equals_ignoring_case(tokens: tuple[Token, ...]) -> TextTest:
    test = glob(tuple([str(token).lower() for token in tokens]))
    return lambda text, _get=None: test(text.lower())


def _arn_like(values: Sequence[str], variables: bool) -> Matcher:
    """ARNs, segment by segment; `*` and `?` stay inside theirs."""
    patterns = [
        None if fields is None else [_segment(field, variables) for field in fields]
        for fields in map(scalars.arn_pattern, values)
    ]

    def matches(text: str, get: Get) -> bool | None:
        fields = scalars.arn_fields(text)
        if fields is None:
            return None
        for pattern in patterns:
            if pattern is not None and _all_match(pattern, fields, get):
                return True
        return None if None in patterns else False

    return matches


#: A segment of an ARN pattern: None for `*`, a literal, or a test.
Segment = ResourceTest | str | None


def _all_match(pattern: list[Segment], fields: list[str], get: Get) -> bool:
    for wanted, field in zip(pattern, fields, strict=True):
        if wanted is None:
            continue
        if not (wanted == field if isinstance(wanted, str) else wanted(field, get)):
            return False
    return True


def _segment(text: str, variables: bool) -> Segment:
    """Compile one segment of an ARN; one with a variable that has no value matches nothing."""
    tokens = read(text, variables=variables)
    if tokens == (Wild.ANY,):
        return None
    if not has_variables(tokens):
        return tokens[0] if len(tokens) == 1 and isinstance(tokens[0], str) else glob(tokens)

    def test(field: str, get: Get) -> bool:
        filled = fill(tokens, get)
        return filled is not None and glob(filled)(field)

    return test


# ── Numbers, dates, addresses and the rest ───────────────────────────────────────────────────────────────────────


def _compared(
    parse: Callable[[str], Any], parse_policy: Callable[[str], Any], holds: Callable[[Any, Any], bool]
) -> Maker:
    """Make a maker for operators that compare parsed values: `holds(request value, policy value)`."""

    def make(values: Sequence[str], _variables: bool) -> Matcher:
        wanted = [parse_policy(value) for value in values]
        sound = [value for value in wanted if value is not None]
        otherwise = None if len(sound) < len(wanted) else False

        def matches(text: str, _get: Get) -> bool | None:
            value = parse(text)
            if value is None:
                return None
            for one in sound:
                if holds(value, one):
                    return True
            return otherwise

        return matches

    return make


def _in_range(one: scalars.Address, block: scalars.Range) -> bool:
    first, free_bits, width = block
    return one[1] == width and one[0] >> free_bits == first >> free_bits


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "lt": lt, "le": le, "gt": gt, "ge": ge}

#: Families whose operators differ in their comparison only: how their values are read.
_ORDERED: dict[Family, Callable[[str], Any]] = {Family.NUMERIC: scalars.number, Family.DATE: scalars.instant}

#: The other families.
_MAKERS: dict[Family, Maker] = {
    Family.STRING: _text(glob, False),
    Family.STRING_IGNORE_CASE: _text(_equals_ignoring_case, False),
    Family.STRING_LIKE: _text(glob, True),
    Family.BOOL: _compared(scalars.truth, scalars.truth, eq),
    Family.BINARY: _compared(scalars.binary, scalars.binary, eq),
    Family.IP_ADDRESS: _compared(scalars.address, scalars.address_range, _in_range),
    Family.ARN: _arn_like,
}


def _maker(row: Operator) -> Maker:
    parse = _ORDERED.get(row.family)
    return _MAKERS[row.family] if parse is None else _compared(parse, parse, _COMPARISONS[row.test])
