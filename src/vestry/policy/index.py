"""Which rules can concern a request: found by resource, and where many rules have the same, by action.

Every resource pattern is put where it has few neighbours: under the whole text if it has no wildcard, else under
what every match begins with, ends with, or contains. Rules about `*`, like any others that share a place, are told
apart by their actions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from vestry.policy.pattern import ResourcePattern, ResourceTest, TextTest
from vestry.policy.rule import Rule
from vestry.policy.tables import FEW, PieceTable, PrefixTable, WordTable

#: From so many neighbours on, looking up all pieces of a text is cheaper than trying them.
MANY = 24
#: A literal in the middle that is shorter than this does not tell patterns apart.
TELLING = 4

#: What to ask before a rule: `names` (None: the action is known to be meant) and `others` of its action (see Rule),
#: whether the resource begins with a literal, then the resource's test, if there is one. Then the rule.
Link = tuple[frozenset[str] | None, TextTest | None, str, ResourceTest | None, Rule]
#: The same, and the entry that follows in the same place. Most places have one, which is a single object in memory.
Entry = tuple[frozenset[str] | None, TextTest | None, str, ResourceTest | None, Rule, "Entry | None"]


def _chain(links: Sequence[Link]) -> Entry:
    """Return one or more links as entries, the first before the others."""
    entry: Entry | None = None
    for link in reversed(links):
        entry = (*link, entry)
    assert entry is not None
    return entry


class ActionTable:
    """Entries by action. Immutable once built."""

    __slots__ = ("_exact", "_patterns")

    def __init__(self, links: Iterable[Link]) -> None:
        exact: dict[str, list[Link]] = {}
        patterns: list[tuple[str, Link, Link]] = []
        for link in links:
            rule = link[-1]
            known: Link = (None, *link[1:])
            for name in rule.names:
                exact.setdefault(name, []).append(known)
            if rule.statement.not_actions is not None:
                patterns.append(("", link, link))
            elif rule.others is not None:
                patterns += [
                    (pattern.prefix, link, known if pattern.test is None else link)
                    for pattern in rule.actions
                    if pattern.exact is None
                ]
        self._exact = {name: _chain(found) for name, found in exact.items()}
        self._patterns = PrefixTable(patterns, _chain) if patterns else None

    def find(self, action: str) -> list[Entry]:
        """Return the entries whose rules may name the lower-case `action`."""
        found: list[Entry] = [] if self._patterns is None else self._patterns.find(action)
        named = self._exact.get(action)
        if named is not None:
            found.append(named)
        return found


#: What is in one place: few entries, or entries by action.
_Group = Entry | ActionTable


def _group(links: list[Link]) -> _Group:
    return _chain(links) if len(links) <= FEW else ActionTable(links)


class RuleIndex:
    """Rules by resource, then by action. Immutable once built."""

    __slots__ = ("_exact", "_others", "_prefixes", "_rest", "few")

    #: All entries where they are few (then nothing is indexed), else empty.
    few: tuple[Entry, ...]

    def __init__(self, rules: Iterable[Rule]) -> None:
        rest, patterns = _read(rules)
        self.few = ()
        if len(patterns) + len(rest) <= FEW:
            links = [*rest, *(_link(rule, pattern.prefix, pattern.test) for pattern, rule in patterns)]
            self.few = (_chain(links),) if links else ()
            rest, patterns = [], []
        exact: dict[str, list[Link]] = {}
        for pattern, rule in patterns:
            if pattern.exact:
                exact.setdefault(pattern.prefix, []).append(_link(rule))
        self._rest = _group(rest) if rest else None
        self._exact = {resource: _group(links) for resource, links in exact.items()}
        places = _Places([(pattern, rule) for pattern, rule in patterns if not pattern.exact])
        self._prefixes = PrefixTable(places.prefix, _group) if places.prefix else None
        self._others: list[Callable[[str], list[_Group]]] = []
        if places.suffix:
            suffixes = PrefixTable(places.suffix, _group)
            self._others.append(lambda resource: suffixes.find(resource[::-1]))
        if places.word:
            self._others.append(WordTable(places.word, _group).find)
        if places.piece:
            self._others.append(PieceTable(places.piece, _group).find)

    def find(self, action: str, resource: str) -> Sequence[Entry]:
        """Return the entries that may concern the lower-case `action` on `resource`."""
        if self.few:
            return self.few
        groups = [] if self._prefixes is None else self._prefixes.find(resource)
        if self._rest is not None:
            groups.append(self._rest)
        exact = self._exact.get(resource)
        if exact is not None:
            groups.append(exact)
        for find in self._others:
            groups += find(resource)
        found: list[Entry] = []
        for group in groups:
            if isinstance(group, ActionTable):
                found += group.find(action)
            else:
                found.append(group)
        return found


def _read(rules: Iterable[Rule]) -> tuple[list[Link], list[tuple[ResourcePattern, Rule]]]:
    """Return what must be found whatever the resource, and what can be found by a pattern."""
    rest: list[Link] = []
    patterns: list[tuple[ResourcePattern, Rule]] = []
    for rule in rules:
        if rule.resources is None:
            # Who says neither which resource nor, as trust policies do, whom, means nothing.
            if rule.principals is not None or rule.spared is not None:
                rest.append(_link(rule))
        elif rule.statement.not_resources is not None:
            rest.append(_link(rule, "", _none_of(rule.resources)))
        else:
            for pattern in rule.resources:
                if pattern.test is None and not pattern.prefix:
                    rest.append(_link(rule))
                else:
                    patterns.append((pattern, rule))
    return rest, patterns


class _Places:
    """Where each pattern goes: literals, and what is found under them.

    INVARIANT: what is not found by its prefix has a test of the whole text, for it has another literal than its prefix.
    """

    __slots__ = ("piece", "prefix", "suffix", "word")

    def __init__(self, patterns: Sequence[tuple[ResourcePattern, Rule]]) -> None:
        """Put each pattern in the first place where it has few neighbours, else where it has the fewest."""
        self.prefix: list[tuple[str, Link, Link]] = []
        self.suffix: list[tuple[str, Link, Link]] = []
        self.word: list[tuple[bytes, Link]] = []
        self.piece: list[tuple[str, Link]] = []
        prefixes = Counter([pattern.prefix for pattern, _ in patterns])
        suffixes = Counter([pattern.suffix for pattern, _ in patterns])
        crowded: list[tuple[ResourcePattern, Rule]] = []
        for pattern, rule in patterns:
            if prefixes[pattern.prefix] <= FEW:
                self._by_prefix(pattern, rule)
            elif pattern.suffix and suffixes[pattern.suffix] <= FEW:
                self._by_suffix(pattern, rule)
            else:
                crowded.append((pattern, rule))
        words = Counter([word for pattern, _ in crowded for word in pattern.words])
        middles = Counter([_middle(pattern) for pattern, _ in crowded])
        for pattern, rule in crowded:
            word, middle = min(pattern.words, key=words.__getitem__, default=b""), _middle(pattern)
            like_prefix = prefixes[pattern.prefix]
            like_suffix = suffixes[pattern.suffix] if pattern.suffix else like_prefix
            fewest = min(like_prefix, like_suffix, words[word] or like_prefix)
            if fewest > MANY and len(middle) >= TELLING and middles[middle] < fewest:
                self.piece.append((middle, _link(rule, "", pattern.test)))
            elif like_prefix == fewest:
                self._by_prefix(pattern, rule)
            elif like_suffix == fewest:
                self._by_suffix(pattern, rule)
            else:
                self.word.append((word, _link(rule, "", pattern.test)))

    def _by_prefix(self, pattern: ResourcePattern, rule: Rule) -> None:
        tried, taken = _link(rule, pattern.prefix, pattern.test), _link(rule, "", pattern.test)
        self.prefix.append((pattern.prefix, tried, taken))

    def _by_suffix(self, pattern: ResourcePattern, rule: Rule) -> None:
        link = _link(rule, "", pattern.test)
        self.suffix.append((pattern.suffix[::-1], link, link))


def _middle(pattern: ResourcePattern) -> str:
    return max(pattern.inner, key=len, default="")


def _link(rule: Rule, prefix: str = "", test: ResourceTest | None = None) -> Link:
    return rule.names, rule.others, prefix, test, rule


def _none_of(patterns: tuple[ResourcePattern, ...]) -> ResourceTest:
    return lambda resource, get: not any(pattern.matches(resource, get) for pattern in patterns)
