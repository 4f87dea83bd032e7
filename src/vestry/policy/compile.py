"""Documents as rules that are found without trying them all.

`compile_document` turns every statement into a `Rule` (see `rule`); a `Compiled` policy finds those that can concern a
request (see `index`). Conditions come last, when a rule is asked.
The index is built when the first question comes: documents that are only ever part of a set need none of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vestry.policy.document import Document
from vestry.policy.index import Entry, RuleIndex
from vestry.policy.rule import Rule, compile_statement
from vestry.policy.variables import VARIABLE_VERSION

__all__ = ["EMPTY", "Compiled", "Rule", "compile_document", "compile_set"]


class Compiled:
    """A compiled policy, or several merged into one. Immutable; shared by all that carry the same document."""

    __slots__ = ("_index", "_keys", "few", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        #: What `candidates` returns where that is known without looking, else empty.
        self.few: tuple[Entry, ...] = ()
        self._index: RuleIndex | None = None
        self._keys: tuple[str, ...] | None = None

    @property
    def condition_keys(self) -> tuple[str, ...]:
        """The condition keys that the statements test, as written, each once."""
        if self._keys is None:
            conditions = (one for rule in self.rules for one in rule.statement.conditions)
            self._keys = tuple(dict.fromkeys(one.key for one in conditions))
        return self._keys

    def candidates(self, action: str, resource: str) -> Sequence[Entry]:
        """Return the rules that may concern the lower-case `action` on `resource`, in chains of entries.

        INVARIANT: every rule whose action and resource match is among them, once or more. What an entry asks before its
        rule is to be tested; whom the rule names and its conditions are, too.
        """
        index = self._index
        if index is None:
            index = self._index = RuleIndex(self.rules)
            self.few = index.few
        return index.find(action, resource)

    def holds(self, rule: Rule) -> bool:
        """Tell whether `rule` is a statement of this policy."""
        return any(rule is one for one in self.rules)


def compile_document(document: Document, *, bound: bool = False) -> Compiled:
    """Compile a document. `bound`: a stored trust policy, whose user and role principals are unique ids.

    Raises UnknownOperator for a condition operator that no parsed document can hold.
    """
    variables = document.version == VARIABLE_VERSION
    return Compiled(
        compile_statement(statement, number, variables=variables, bound=bound)
        for number, statement in enumerate(document.statements)
    )


def compile_set(policies: Sequence[Compiled]) -> Compiled:
    """Return one policy that holds the rules of all `policies`, which keep their identity.

    Use it for a layer of more than a few documents that many requests meet: its index is found once, whereas a tuple
    of documents is walked at every decision. Building the index costs microseconds per statement, so keep the result.
    """
    return Compiled(rule for policy in policies for rule in policy.rules)


#: A policy that allows nothing and denies nothing.
EMPTY = Compiled(())
