"""A compiled statement: predicates that are built once and only called afterwards."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from vestry.policy.conditions import Predicate, predicate
from vestry.policy.document import Statement
from vestry.policy.pattern import ActionPattern, ResourcePattern, TextTest, action_pattern, resource_pattern
from vestry.policy.principals import PrincipalTest, principal_test
from vestry.policy.variables import Get

#: Lists of actions up to so long, in number and in characters, are compiled once for all statements that have them.
_SHORT_LIST = 8
_SHORT_TEXT = 256
_SHARED = 4096


class Rule(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A compiled statement. A rule is equal only to itself, so that it says which statement decided.

    What every decision asks stands first, so that it is in one line of the processor's cache.
    """

    allow: bool
    principals: PrincipalTest | None
    spared: PrincipalTest | None  # NotPrincipal
    conditions: tuple[Predicate, ...]  # in the order of `statement.conditions`
    number: int  # which statement of its document, from 0
    statement: Statement
    names: frozenset[str]  # the actions of Action that are written out, in lower case
    others: TextTest | None  # tells whether a lower-case action is meant that is not among `names`
    actions: tuple[ActionPattern, ...]  # of Action or NotAction
    resources: tuple[ResourcePattern, ...] | None  # of Resource or NotResource; None: the element is missing

    @property
    def sid(self) -> str:
        """The statement's Sid, empty where it has none."""
        return self.statement.sid

    def names_action(self, action: str) -> bool:
        """Tell whether Action covers, or NotAction leaves, the lower-case `action`."""
        return action in self.names or (self.others is not None and self.others(action))


def compile_statement(statement: Statement, number: int, *, variables: bool, bound: bool) -> Rule:
    """Compile statement `number` of a document. `variables`: its version knows them; `bound`: a stored trust policy.

    Raises UnknownOperator for a condition operator that no parsed document can hold.
    """
    resources = statement.resources if statement.not_resources is None else statement.not_resources
    principals, spared = statement.principals, statement.not_principals
    names, others, actions = _actions(statement)
    return Rule(
        statement.allow,
        None if principals is None else principal_test(principals, bound=bound),
        None if spared is None else principal_test(spared, bound=bound),
        tuple([predicate(condition, variables=variables) for condition in statement.conditions]),
        number,
        statement,
        names,
        others,
        actions,
        None
        if resources is None
        else tuple([resource_pattern(text, variables=variables) for text in resources]),
    )


#: The actions written out, the test of all others, and every pattern.
_Actions = tuple[frozenset[str], TextTest | None, tuple[ActionPattern, ...]]


def _actions(statement: Statement) -> _Actions:
    negated = statement.not_actions is not None
    written = (statement.not_actions if negated else statement.actions) or ()
    short = len(written) <= _SHORT_LIST and sum(map(len, written)) <= _SHORT_TEXT
    return (_shared_actions if short else _compile_actions)(written, negated)


def _compile_actions(written: tuple[str, ...], negated: bool) -> _Actions:
    patterns = tuple([action_pattern(text) for text in written])
    names = frozenset([pattern.exact for pattern in patterns if pattern.exact is not None])
    others = _any_of([pattern for pattern in patterns if pattern.exact is None])
    if negated:
        listed = others or (lambda _action, _get=None: False)
        return frozenset(), lambda action, _get=None: action not in names and not listed(action), patterns
    return names, others, patterns


_shared_actions = lru_cache(_SHARED)(_compile_actions)


def _any_of(patterns: list[ActionPattern]) -> TextTest | None:
    """Return a test of whether an action is meant by one of the patterns; nearly all of them end with their `*`."""
    starts = tuple([pattern.prefix for pattern in patterns if pattern.test is None])
    tests = [pattern.test for pattern in patterns if pattern.test is not None]
    if not tests:
        return (lambda action, _get=None: action.startswith(starts)) if starts else None

    def test(action: str, _get: Get | None = None, /) -> bool:
        return action.startswith(starts) or any(test(action) for test in tests)

    return test
