"""Which rules can concern a request: found by resource, and where many rules have the same, by action.

Every resource pattern is put where it has the fewest neighbours: under the whole text if it has no wildcard, else under
what every match begins with, ends with or contains. Rules about `*`, like any others that share a place, are told
apart by their actions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vestry.policy.pattern import ResourcePattern, ResourceTest, TextTest
from vestry.policy.rule import Rule
from vestry.policy.tables import FEW, PieceTable, PrefixTable

#: From so many neighbours on, looking up all pieces of a text is cheaper than trying them.
MANY = 24
#: A literal in the middle that is shorter than this does not tell patterns apart.
TELLING = 4

#: A rule, after what to ask before it: `names` and `others` of its action (see Rule), then whether the resource begins
#: with a literal, then the resource's test, if there is one.
Entry = tuple[frozenset[str], TextTest | None, str, ResourceTest | None, Rule]
Entries = tuple[Entry, ...]


class ActionTable:
    """Entries by action. Immutable once built."""

    __slots__ = ("_exact", "_patterns")

    def __init__(self, entries: Iterable[Entry]) -> None:
        exact: dict[str, list[Entry]] = {}
        patterns: list[tuple[str, Entry, Entry]] = []
        for entry in entries:
            rule = entry[-1]
            for name in rule.names:
                exact.setdefault(name, []).append(entry)
            if rule.others is not None:
                starts = {pattern.prefix for pattern in rule.actions if pattern.exact is None}
                if rule.statement.not_actions is not None:
                    starts = {""}
                patterns += [(start, entry, entry) for start in starts]
        self._exact = {name: tuple(found) for name, found in exact.items()}
        self._patterns = PrefixTable(patterns, tuple) if patterns else None

    def find(self, action: str) -> list[Entries]:
        """Return the entries whose rules may name the lower-case `action`."""
        found: list[Entries] = [] if self._patterns is None else self._patterns.find(action)
        named = self._exact.get(action)
        if named is not None:
            found.append(named)
        return found


#: Entries in one place: few of them, or by action.
_Group = Entries | ActionTable


def _group(entries: list[Entry]) -> _Group:
    return tuple(entries) if len(entries) <= FEW else ActionTable(entries)


class RuleIndex:
    """Rules by resource, then by action. Immutable once built."""

    __slots__ = ("_exact", "_pieces", "_prefixes", "_rest", "_suffixes", "few")

    #: All entries where they are few (then nothing is indexed), else empty.
    few: tuple[Entries, ...]

    def __init__(self, rules: Iterable[Rule]) -> None:
        rest, patterns = _read(rules)
        self.few = ()
        if len(patterns) + len(rest) <= FEW:
            entries = (*rest, *(_entry(rule, pattern.prefix, pattern.test) for pattern, rule in patterns))
            self.few = (entries,) if entries else ()
            rest, patterns = [], []
        exact: dict[str, list[Entry]] = {}
        for pattern, rule in patterns:
            if pattern.exact:
                exact.setdefault(pattern.prefix, []).append(_entry(rule))
        self._rest = _group(rest) if rest else None
        self._exact = {resource: _group(entries) for resource, entries in exact.items()}
        self._place([(pattern, rule) for pattern, rule in patterns if not pattern.exact])

    def _place(self, patterns: Sequence[tuple[ResourcePattern, Rule]]) -> None:
        """Put each pattern where it has the fewest neighbours."""
        prefixes = Counter([pattern.prefix for pattern, _ in patterns])
        suffixes = Counter([pattern.suffix for pattern, _ in patterns])
        middles = Counter([_middle(pattern) for pattern, _ in patterns])
        by_prefix: list[tuple[str, Entry, Entry]] = []
        by_suffix: list[tuple[str, Entry, Entry]] = []
        by_piece: list[tuple[str, Entry]] = []
        for pattern, rule in patterns:
            entry = _entry(rule, pattern.prefix, pattern.test)
            like_prefix, like_suffix = prefixes[pattern.prefix], suffixes[pattern.suffix]
            fewest, middle = min(like_prefix, like_suffix), _middle(pattern)
            if fewest > MANY and len(middle) >= TELLING and middles[middle] < fewest:
                by_piece.append((middle, entry))
            elif like_prefix <= like_suffix:
                by_prefix.append((pattern.prefix, entry, _entry(rule, "", pattern.test)))
            else:
                by_suffix.append((pattern.suffix[::-1], entry, entry))
        self._prefixes = PrefixTable(by_prefix, _group) if by_prefix else None
        self._suffixes = PrefixTable(by_suffix, _group) if by_suffix else None
        self._pieces = PieceTable(by_piece, _group) if by_piece else None

    def find(self, action: str, resource: str) -> Sequence[Entries]:
        """Return the entries that may concern the lower-case `action` on `resource`."""
        if self.few:
            return self.few
        groups = [] if self._prefixes is None else self._prefixes.find(resource)
        if self._rest is not None:
            groups.append(self._rest)
        exact = self._exact.get(resource)
        if exact is not None:
            groups.append(exact)
        if self._suffixes is not None:
            groups += self._suffixes.find(resource[::-1])
        if self._pieces is not None:
            groups += self._pieces.find(resource)
        found: list[Entries] = []
        for group in groups:
            if isinstance(group, ActionTable):
                found += group.find(action)
            else:
                found.append(group)
        return found


def _read(rules: Iterable[Rule]) -> tuple[list[Entry], list[tuple[ResourcePattern, Rule]]]:
    """Return what must be found whatever the resource, and what can be found by a pattern."""
    rest: list[Entry] = []
    patterns: list[tuple[ResourcePattern, Rule]] = []
    for rule in rules:
        if rule.resources is None:
            # Who says neither which resource nor, as trust policies do, whom, means nothing.
            if rule.principals is not None or rule.spared is not None:
                rest.append(_entry(rule))
        elif rule.statement.not_resources is not None:
            rest.append(_entry(rule, "", _none_of(rule.resources)))
        else:
            for pattern in rule.resources:
                if pattern.test is None and not pattern.prefix:
                    rest.append(_entry(rule))
                else:
                    patterns.append((pattern, rule))
    return rest, patterns


def _middle(pattern: ResourcePattern) -> str:
    return max(pattern.inner, key=len, default="")


def _entry(rule: Rule, prefix: str = "", test: ResourceTest | None = None) -> Entry:
    return rule.names, rule.others, prefix, test, rule


def _none_of(patterns: tuple[ResourcePattern, ...]) -> ResourceTest:
    return lambda resource, get: not any(pattern.matches(resource, get) for pattern in patterns)
