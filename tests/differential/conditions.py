"""Conditions at random: every form of every operator in turn, wanted true or wanted false.

Whether a condition is true is asked of the naive reading in `tests/reference`, so that the engine has no say in what
it is tested with. A wish is tried for a few times and then given up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from differential.vocabulary import GIVEN, KEYS, MALFORMED, SETS, WANTED
from reference.meaning import condition_holds
from strategies import Chance
from vestry.policy.document import Condition, Document
from vestry.policy.operators import OPERATORS, Family, write_operator
from vestry.policy.request import Kind, MappingContext, Principal, Request

#: Every form: (quantifier, operator, if exists). `Null` has one.
FORMS = tuple(
    form
    for form in itertools.product(("", "ForAllValues", "ForAnyValue"), OPERATORS, (False, True))
    if form[1] != "Null" or form == ("", "Null", False)
)
TRIES = 6
#: Families that ask the keys of another.
_SAME_KEYS = (Family.STRING_IGNORE_CASE, Family.STRING_LIKE, Family.NULL)

Values = dict[str, str | list[str]]


def a_context(chance: Chance) -> Values:
    """What the keys are worth. A key may be missing; the keys of several values always have a list."""
    values: Values = {}
    for family, keys in KEYS.items():
        if family in _SAME_KEYS:
            continue
        if not chance.one_in(5):
            values[SETS[family]] = list(
                dict.fromkeys(_given(chance, family) for _ in range(chance.pick((0, 1, 1, 2, 2, 3))))
            )
        for key in keys:
            if chance.one_in(5):
                continue
            values[key] = "" if chance.one_in(40) else _given(chance, family)
    if chance.one_in(2):
        values["aws:SourceIdentity"] = chance.pick(GIVEN[Family.STRING])
    return values


def _given(chance: Chance, family: Family) -> str:
    wrong = family in MALFORMED and chance.one_in(30)
    return chance.pick(MALFORMED[family] if wrong else GIVEN[family])


class Forms:
    """Deals out the forms in turn, shuffled anew each round."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._deck = self._deal()

    def _deal(self) -> Iterator[tuple[str, str, bool]]:
        while True:
            deck = [*FORMS, *(form for form in FORMS if form[1] == "Null")]
            while deck:
                yield deck.pop(deck.index(self._chance.pick(deck)))

    def condition(self, context: Values, version: str, *, wanted: bool) -> Condition:
        """Return a condition of the next form, of the wanted truth if that can be had."""
        form = next(self._deck)
        for _ in range(TRIES):
            found = self._draw(form, context)
            if holds(found, context, version) is wanted:
                break
        return found

    def _draw(self, form: tuple[str, str, bool], context: Values) -> Condition:
        quantifier, name, if_exists = form
        chance, family = self._chance, OPERATORS[name].family
        key = chance.pick(KEYS[family])
        if (quantifier and not chance.one_in(3)) or chance.one_in(40):
            key = SETS[family]
        choices = WANTED[family]
        if family in MALFORMED and chance.one_in(30):
            choices = MALFORMED[family]
        values = dict.fromkeys(chance.several(choices))
        given = context.get(key, "")
        if family is not Family.NULL and given and chance.one_in(3):
            values |= dict.fromkeys([given] if isinstance(given, str) else given)
        if chance.one_in(20):
            key = "aws:RequestTag/absent"
        return Condition(name, key, tuple(values), quantifier, if_exists)


def holds(condition: Condition, context: Values, version: str) -> bool:
    """Tell whether a condition is true, by the naive reading."""
    read = {key: tuple(value) if isinstance(value, list) else value for key, value in context.items()}
    request = Request(Principal(Kind.ANONYMOUS), "", "*", MappingContext(read), "")
    return condition_holds(condition, request, Document(version, ()))


def written(conditions: list[Condition]) -> dict[str, dict[str, Any]]:
    """The conditions as the Condition element of a statement; one that would stand in the place of another is left out."""
    element: dict[str, dict[str, Any]] = {}
    taken = set()
    for condition in conditions:
        operator = write_operator(condition.operator, condition.quantifier, if_exists=condition.if_exists)
        if (operator, condition.key.lower()) not in taken:
            taken.add((operator, condition.key.lower()))
            values = list(condition.values)
            element.setdefault(operator, {})[condition.key] = values if len(values) != 1 else values[0]
    return element
