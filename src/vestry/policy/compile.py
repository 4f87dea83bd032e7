"""Documents as rules, indexed by action and then by resource.

`compile_document` turns every statement into a `Rule`: predicates that are built once and only called afterwards.
A `Compiled` policy finds the rules that can concern a request: by the action's name, or the literal prefix of action
patterns with wildcards; among those by resource (see `index`). Conditions come last, when a rule is asked.
The index is built when the first question comes: documents that are only ever part of a set need none of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from vestry.policy.conditions import Predicate, predicate
from vestry.policy.document import Document, Statement
from vestry.policy.index import FEW, Entry, PrefixTable, ResourceIndex
from vestry.policy.pattern import (
    ActionPattern,
    ResourcePattern,
    ResourceTest,
    TextTest,
    action_pattern,
    resource_pattern,
)
from vestry.policy.principals import PrincipalTest, principal_test
from vestry.policy.variables import VARIABLE_VERSION, Get


class Rule(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A compiled statement. A rule is equal only to itself, so that it says which statement decided."""

    allow: bool
    number: int  # which statement of its document, from 0
    statement: Statement
    principals: PrincipalTest | None
    spared: PrincipalTest | None  # NotPrincipal
    actions: tuple[ActionPattern, ...]  # of Action or NotAction
    resources: tuple[ResourcePattern, ...] | None  # of Resource or NotResource; None: the element is missing
    conditions: tuple[Predicate, ...]  # in the order of `statement.conditions`

    @property
    def sid(self) -> str:
        """The statement's Sid, empty where it has none."""
        return self.statement.sid

    def names_action(self, action: str, _get: Get | None = None, /) -> bool:
        """Tell whether Action covers, or NotAction leaves, the lower-case `action`."""
        listed = any(pattern.matches(action) for pattern in self.actions)
        return listed is (self.statement.not_actions is None)


class Compiled:
    """A compiled policy, or several merged into one. Immutable; shared by all that carry the same document."""

    __slots__ = ("_index", "_keys", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._index: ActionIndex | None = None
        self._keys: tuple[str, ...] | None = None

    @property
    def condition_keys(self) -> tuple[str, ...]:
        """The condition keys that the statements test, as written, each once."""
        if self._keys is None:
            conditions = (one for rule in self.rules for one in rule.statement.conditions)
            self._keys = tuple(dict.fromkeys(one.key for one in conditions))
        return self._keys

    def candidates(self, action: str, resource: str) -> Sequence[Sequence[Entry[Rule]]]:
        """Return the rules that may concern the lower-case `action` on `resource`, with the resource test left to do.

        INVARIANT: every rule whose action and resource match is among them, once or more; its action does match.
        """
        index = self._index
        if index is None:
            index = self._index = ActionIndex(self.rules)
        return index.find(action, resource)

    def holds(self, rule: Rule) -> bool:
        """Tell whether `rule` is a statement of this policy."""
        return any(rule is one for one in self.rules)


class ActionIndex:
    """Resource indexes by action. Immutable once built."""

    __slots__ = ("_exact", "_few", "_table")

    def __init__(self, rules: Sequence[Rule]) -> None:
        exact: dict[str, list[Rule]] = {}
        patterns: dict[str, tuple[str, TextTest | None, list[Rule]]] = {}
        for rule in rules:
            if _never(rule):
                continue
            if rule.statement.not_actions is not None:
                key = "\n".join(("", *rule.statement.not_actions))
                patterns.setdefault(key, ("", rule.names_action, []))[2].append(rule)
                continue
            for pattern in rule.actions:
                if pattern.exact is not None:
                    exact.setdefault(pattern.exact, []).append(rule)
                else:
                    key = pattern.text.lower()
                    patterns.setdefault(key, (pattern.prefix, pattern.test, []))[2].append(rule)
        shared: dict[tuple[int, ...], ResourceIndex[Rule]] = {}
        self._exact = {action: _resource_index(group, shared) for action, group in exact.items()}
        self._few = [
            (start, test, _resource_index(group, shared)) for start, test, group in patterns.values()
        ]
        self._table: PrefixTable[tuple[TextTest | None, ResourceIndex[Rule]]] | None = None
        if len(self._few) > FEW:
            table: dict[str, list[tuple[TextTest | None, ResourceIndex[Rule]]]] = {}
            for start, test, index in self._few:
                table.setdefault(start, []).append((test, index))
            self._table, self._few = PrefixTable(table), []

    def find(self, action: str, resource: str) -> list[Sequence[Entry[Rule]]]:
        """Return the entries of every index whose action pattern matches."""
        found: list[Sequence[Entry[Rule]]] = []
        index = self._exact.get(action)
        if index is not None:
            found.append(index.few or index.find(resource))
        for start, test, index in self._few:
            if action.startswith(start) and (test is None or test(action)):
                found.append(index.few or index.find(resource))
        if self._table is not None:
            for test, index in self._table.find(action):
                if test is None or test(action):
                    found.append(index.few or index.find(resource))
        return found


def _never(rule: Rule) -> bool:
    """Tell whether a statement can match nothing: it says neither which resource nor, as trust policies do, whom."""
    return rule.resources is None and rule.principals is None and rule.spared is None


def _resource_index(
    rules: list[Rule], shared: dict[tuple[int, ...], ResourceIndex[Rule]]
) -> ResourceIndex[Rule]:
    """Index the resources of `rules`; actions with the same rules share one index."""
    identity = tuple(map(id, rules))
    index = shared.get(identity)
    if index is None:
        patterns: list[tuple[ResourcePattern, Rule]] = []
        rest: list[Entry[Rule]] = []
        for rule in rules:
            if rule.resources is None:
                rest.append((None, rule))
            elif rule.statement.not_resources is not None:
                rest.append((_none_of(rule.resources), rule))
            else:
                patterns += [(pattern, rule) for pattern in rule.resources]
        index = shared[identity] = ResourceIndex(patterns, rest)
    return index


def _none_of(patterns: tuple[ResourcePattern, ...]) -> ResourceTest:
    return lambda resource, get: not any(pattern.matches(resource, get) for pattern in patterns)


def compile_document(document: Document, *, bound: bool = False) -> Compiled:
    """Compile a document. `bound`: a stored trust policy, whose user and role principals are unique ids.

    Raises UnknownOperator for a condition operator that no parsed document can hold.
    """
    variables = document.version == VARIABLE_VERSION
    return Compiled(
        _rule(statement, number, variables, bound) for number, statement in enumerate(document.statements)
    )


def compile_set(policies: Sequence[Compiled]) -> Compiled:
    """Return one policy that holds the rules of all `policies`, which keep their identity.

    Use it for a layer of more than a few documents that many requests meet: its index is found once, whereas a tuple
    of documents is walked at every decision. Building the index costs microseconds per statement, so keep the result.
    """
    return Compiled(rule for policy in policies for rule in policy.rules)


def _rule(statement: Statement, number: int, variables: bool, bound: bool) -> Rule:
    resources = statement.resources if statement.not_resources is None else statement.not_resources
    principals, spared = statement.principals, statement.not_principals
    actions = statement.actions if statement.not_actions is None else statement.not_actions
    return Rule(
        statement.allow,
        number,
        statement,
        None if principals is None else principal_test(principals, bound=bound),
        None if spared is None else principal_test(spared, bound=bound),
        tuple([action_pattern(text) for text in actions or ()]),
        None
        if resources is None
        else tuple([resource_pattern(text, variables=variables) for text in resources]),
        tuple([predicate(condition, variables=variables) for condition in statement.conditions]),
    )


#: A policy that allows nothing and denies nothing.
EMPTY = Compiled(())
