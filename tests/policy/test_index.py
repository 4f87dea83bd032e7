"""The index finds what matches, and little else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.policy.compile import EMPTY, Compiled, Rule, compile_document, compile_set
from vestry.policy.document import Document, Principals, Statement
from vestry.policy.index import MANY, Entry
from vestry.policy.pattern import resource_pattern, words
from vestry.policy.request import MappingContext
from vestry.policy.tables import FEW, PieceTable, PrefixTable, WordTable

WORDS = st.text("ab", min_size=1, max_size=3)
TEXTS = st.text("ab", max_size=6)
CONTEXT = MappingContext({"aws:username": "ann"})


def entries(policy: Compiled, action: str, resource: str) -> list[Entry]:
    chained = []
    for first in policy.candidates(action, resource):
        entry: Entry | None = first
        while entry is not None:
            chained.append(entry)
            entry = entry[5]
    return chained


def found(policy: Compiled, action: str, resource: str) -> list[Rule]:
    """What the index finds, whether it matches or not."""
    return [entry[4] for entry in entries(policy, action, resource)]


def matching(policy: Compiled, action: str, resource: str) -> set[int]:
    """The statements whose action and resource match, asked as the engine asks."""
    numbers = set()
    for names, others, prefix, test, rule, _ in entries(policy, action, resource):
        named = names is None or action in names or (others is not None and others(action))
        assert named is rule.names_action(action)
        if named and resource.startswith(prefix) and (test is None or test(resource, CONTEXT.get)):
            numbers.add(rule.number)
    return numbers


@given(st.lists(TEXTS, max_size=30), TEXTS)
def test_a_prefix_table_finds_every_prefix(prefixes: list[str], text: str) -> None:
    table = PrefixTable([(prefix, (prefix, False), (prefix, True)) for prefix in prefixes], list)
    found = [item for group in table.find(text) for item in group]
    assert {prefix for prefix in prefixes if text.startswith(prefix)} <= {prefix for prefix, _ in found}
    assert all(text.startswith(prefix) for prefix, compared in found if compared)
    assert sum(not compared for _, compared in found) <= FEW


@given(st.lists(TEXTS.filter(bool), max_size=20), TEXTS)
def test_a_piece_table_finds_every_contained_literal(literals: list[str], text: str) -> None:
    table = PieceTable([(literal, literal) for literal in literals], list)
    found = {item for group in table.find(text) for item in group}
    assert {literal for literal in literals if literal in text} <= found


@given(st.lists(WORDS, max_size=20), st.text("ab-/", max_size=12))
def test_a_word_table_finds_every_word_once(literals: list[str], text: str) -> None:
    table = WordTable([(literal.encode(), literal) for literal in literals], list)
    found = [item for group in table.find(text) for item in group]
    assert sorted(found) == sorted(literal for literal in literals if literal in re.split("[-/]", text))


@given(st.lists(st.tuples(st.text("a1-é\ud800", max_size=4), st.booleans()), max_size=6))
def test_every_match_has_the_words_of_its_pattern(parts: list[tuple[str, bool]]) -> None:
    pattern = resource_pattern("".join("*" if wild else text for text, wild in parts), variables=False)
    match = "".join(text for text, _ in parts)
    assert pattern.matches(match, CONTEXT.get)
    assert set(pattern.words) <= set(words(match))


def test_a_word_that_a_wildcard_touches_may_go_on() -> None:
    assert resource_pattern("arn:aws:s3:::*/one/two*three/four/*", variables=True).words == [b"one", b"four"]


@given(st.lists(st.text("ab:*?", max_size=8), max_size=40), st.text("ab:", max_size=8))
def test_the_index_finds_every_resource_that_matches(patterns: list[str], text: str) -> None:
    statements = tuple(Statement(True, actions=("s3:Get*",), resources=(pattern,)) for pattern in patterns)
    policy = compile_document(Document("2008-10-17", statements))
    compiled = [resource_pattern(pattern, variables=False) for pattern in patterns]
    expected = {n for n, pattern in enumerate(compiled) if pattern.matches(text, CONTEXT.get)}
    assert matching(policy, "s3:getobject", text) == expected
    assert matching(policy, "s3:putobject", text) == set()


ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*Object", "s3:?etObject", "*", "iam:*")
BEGINNINGS = ("", "", "arn:aws:s3:::", "arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:a?s:")
MIDDLES = ("-w/", "/v:", "xyzzy", "xyzz", "a", "/w/-v-", "?", "b/b", "${aws:username}")
ENDS = ("", "", "b", "/b", "/a/b")


def a_statement(chance: Random, beginnings: Sequence[str], ends: Sequence[str]) -> Statement:
    middle = "".join(f"*{chance.choice(MIDDLES)}" for _ in range(chance.randrange(3)))
    resource = chance.choice(beginnings) + middle + chance.choice(("*", "*", "")) + chance.choice(ends)
    actions = tuple(chance.choice(ACTIONS) for _ in range(chance.randrange(1, 3)))
    if chance.randrange(8) == 0:
        return Statement(True, not_actions=actions, resources=(resource,))
    return Statement(True, actions=actions, resources=(resource,))


def test_the_index_finds_what_matches_wherever_it_was_put() -> None:
    """Beginnings, middles and ends are so few that patterns crowd each place, and so many that they are told apart."""
    matched = 0
    for seed in range(300):
        chance = Random(seed)
        beginnings = chance.sample(BEGINNINGS, chance.randrange(1, 4))
        ends = chance.sample(ENDS, chance.randrange(1, 3))
        statements = [a_statement(chance, beginnings, ends) for _ in range(chance.choice((5, 20, 60, 120)))]
        policy = compile_document(Document("2012-10-17", tuple(statements)))
        for _ in range(10):
            pattern = (chance.choice(statements).resources or ("",))[0].replace("${aws:username}", "ann")
            resource = "".join(
                chance.choice(("", "x", "-w/", "a/", "/b")) if c == "*" else "w" if c == "?" else c
                for c in pattern
            )
            for action in ("s3:getobject", "s3:putobject", "iam:getuser"):
                expected = {
                    rule.number
                    for rule in policy.rules
                    if rule.names_action(action)
                    and any(one.matches(resource, CONTEXT.get) for one in rule.resources or ())
                }
                assert matching(policy, action, resource) == expected, (seed, action, resource)
                matched += len(expected)
    assert matched > 10_000


FAMILIES = {
    "exact": "arn:aws:s3:::bucket/{:05d}",
    "prefix": "arn:aws:s3:::bucket-{:05d}/*",
    "suffix": "arn:aws:s3:::*/{:05d}",
    "leading wildcard": "*:role/app-{:05d}",
    "middle": "arn:aws:s3:::*-{:05d}-*",
    "middle between colons": "*:{:05d}:*",
    "letters in the middle": "arn:aws:s3:::*x{:05d}y*",
    "a word in the middle": "arn:aws:s3:::*-{:05d}/*",
    "a word beside a common one": "arn:aws:s3:::*/00/{:05d}/*",
    "letters beside common ones": "arn:aws:s3:::*zz*x{:05d}y*",
    "with a variable": "arn:aws:s3:::home-{:05d}/${{aws:username}}/*",
    "variable first": "arn:aws:s3:::${{aws:username}}/{:05d}",
    "inner wildcard in a segment": "arn:aws:sqs:us-*-1:1*:queue-{:05d}",
}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_one_of_thousands_is_found_without_trying_the_others(family: str) -> None:
    size = 3000
    statements = tuple(
        Statement(True, actions=("s3:GetObject",), resources=(family.format(n),)) for n in range(size)
    )
    policy = compile_document(Document("2012-10-17", statements))
    target = family.format(1234).replace("*", "x").replace("${aws:username}", "ann")
    assert 1234 in matching(policy, "s3:getobject", target)
    assert len(found(policy, "s3:getobject", target)) <= 12


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_actions_tell_apart_what_resources_do_not(family: str) -> None:
    """A hundred statements on each resource, each about an action of its own."""
    statements = tuple(
        Statement(
            True, actions=(f"s3:Do{n % 100}", f"s3:Try{n % 100}x*"), resources=(family.format(n // 100),)
        )
        for n in range(3000)
    )
    policy = compile_document(Document("2012-10-17", statements))
    target = family.format(12).replace("*", "x").replace("${aws:username}", "ann")
    for action in ("s3:do34", "s3:try34xy"):
        assert 1234 in matching(policy, action, target)
        assert len(found(policy, action, target)) <= 12


def allowing(*resources: str, action: str = "s3:GetObject") -> Compiled:
    """A document with a statement for each resource."""
    statements = tuple(Statement(True, actions=(action,), resources=(resource,)) for resource in resources)
    return compile_document(Document("2012-10-17", statements))


def test_few_patterns_are_tried_as_they_are() -> None:
    some = [f"arn:aws:s3:::{n}/*" for n in range(FEW + 1)]
    assert len(found(allowing(*some[:FEW]), "s3:getobject", "*")) == FEW
    assert not found(allowing(*some), "s3:getobject", "*")


def test_an_index_is_made_once_and_few_entries_are_at_hand_from_then_on() -> None:
    few, many = allowing("*"), allowing(*[f"arn:aws:s3:::{n}" for n in range(FEW + 1)])
    assert few.candidates("s3:getobject", "*") is few.few
    assert (
        entries(many, "s3:getobject", "arn:aws:s3:::3")[0]
        is entries(many, "s3:getobject", "arn:aws:s3:::3")[0]
    )
    assert many.few == ()


def test_few_statements_on_one_resource_are_not_told_apart_by_action() -> None:
    others = [f"arn:aws:s3:::{n}" for n in range(FEW)]
    for number, expected in ((FEW, FEW), (FEW + 1, 0)):
        policy = allowing(*others, *["arn:aws:s3:::b"] * number)
        assert len(found(policy, "s3:putobject", "arn:aws:s3:::b")) == expected


@pytest.mark.parametrize(("number", "expected"), [(FEW, FEW), (FEW + 1, 1)])
def test_patterns_are_found_by_their_beginning_where_few_have_it_else_by_their_end(
    number: int, expected: int
) -> None:
    others = [f"arn:aws:s3:::{n}/*" for n in range(10)]
    policy = allowing(*others, *[f"arn:aws:s3:::b/*/{n}" for n in range(number)])
    assert len(found(policy, "s3:getobject", "arn:aws:s3:::b/x/3")) == expected


@pytest.mark.parametrize(("number", "expected"), [(FEW, FEW), (FEW + 1, 1)])
def test_patterns_are_found_by_their_end_where_few_have_it_else_by_a_word(number: int, expected: int) -> None:
    others = [f"arn:aws:s3:::*/{n}" for n in range(10)]
    policy = allowing(*others, *[f"arn:aws:s3:::*/{n}/*/b" for n in range(number)])
    assert len(found(policy, "s3:getobject", "arn:aws:s3:::a/3/c/b")) == expected


def test_crowded_patterns_are_found_by_what_fewest_have() -> None:
    by_beginning = allowing(*[f"arn:aws:s3:::b{n // 10}/*/common/*/end" for n in range(1000)])
    assert len(found(by_beginning, "s3:getobject", "arn:aws:s3:::b7/x/common/y/end")) == 10
    by_end = allowing(*[f"arn:aws:s3:::*/common/*/{n // 10}" for n in range(1000)])
    assert len(found(by_end, "s3:getobject", "arn:aws:s3:::x/common/y/7")) == 10
    by_short_word = allowing(*[f"arn:aws:s3:::*/{n}/*" for n in range(10)])
    assert len(found(by_short_word, "s3:getobject", "arn:aws:s3:::x/7/y")) == 1
    by_rarest_word = allowing(*[f"arn:aws:s3:::*/0/*/{n}/*" for n in range(1, 11)])
    assert len(found(by_rarest_word, "s3:getobject", "arn:aws:s3:::x/0/y/7/z")) == 1


def test_a_literal_is_looked_up_by_its_rarest_piece() -> None:
    literals = ["zz", *[f"0000{one}{other}" for one in "abcdefgh" for other in "stuvwxyz"]]
    table = PieceTable([(literal, literal) for literal in literals], list)
    found = [item for group in table.find("-0000cx-") for item in group]
    assert "0000cx" in found
    assert len(found) <= len("abcdefgh")


def test_an_action_that_was_found_is_not_compared_again() -> None:
    policy = compile_document(
        Document(
            "2012-10-17",
            tuple(Statement(True, actions=(f"x{n}:Get*", f"x{n}:Do"), resources=("*",)) for n in range(9)),
        )
    )
    for action in ("x7:getx", "x7:do"):
        assert [entry[0] for entry in entries(policy, action, "*")] == [None]


@pytest.mark.parametrize(("number", "expected"), [(MANY, MANY), (MANY + 1, 1)])
def test_pieces_are_looked_up_only_for_many(number: int, expected: int) -> None:
    policy = allowing(*[f"arn:aws:s3:::*x{n:02}y*" for n in range(number)])
    assert len(found(policy, "s3:getobject", "arn:aws:s3:::ax07yb")) == expected


def test_actions_are_found_without_trying_the_others() -> None:
    names = [f"s{n}:Get*" for n in range(2000)] + [f"x:Do{n}" for n in range(2000)]
    statements = tuple(Statement(True, actions=(name,), resources=("*",)) for name in names)
    policy = compile_document(Document("2012-10-17", statements))
    assert [rule.number for rule in found(policy, "s77:getx", "*")] == [77]
    assert [rule.number for rule in found(policy, "x:do5", "*")] == [2005]
    assert not found(policy, "y:do5", "*")


def test_a_set_holds_the_rules_of_its_policies() -> None:
    one, two = (
        compile_document(Document("2012-10-17", (Statement(True, actions=(action,), resources=("*",)),)))
        for action in ("s3:Get*", "iam:*")
    )
    merged = compile_set((one, two))
    assert merged.rules == (*one.rules, *two.rules)
    assert merged.holds(two.rules[0])
    assert not one.holds(two.rules[0])
    assert two.rules[0] in found(merged, "iam:getuser", "*")


def test_the_empty_policy_says_nothing() -> None:
    assert EMPTY.rules == ()
    assert not EMPTY.candidates("s3:getobject", "*")


def test_negated_elements_match_what_they_do_not_list() -> None:
    statements = (
        Statement(True, not_actions=("s3:*", "iam:GetUser"), resources=("*",)),
        Statement(True, actions=("*",), not_resources=("arn:aws:s3:::a*", "arn:aws:s3:::b")),
        Statement(True, not_actions=("s3:*",), not_resources=("*",)),
    )
    policy = compile_document(Document("2012-10-17", statements))
    assert matching(policy, "iam:getrole", "arn:aws:s3:::c") == {0, 1}
    assert matching(policy, "iam:getuser", "*") == {1}
    assert matching(policy, "s3:getobject", "arn:aws:s3:::ab") == set()


def test_a_statement_without_resource_speaks_of_what_it_is_attached_to_if_it_says_whom() -> None:
    statements = (
        Statement(True, actions=("sts:AssumeRole",), principals=Principals(everyone=True)),
        Statement(True, actions=("sts:AssumeRole",)),
    )
    policy = compile_document(Document("2012-10-17", statements))
    assert matching(policy, "sts:assumerole", "arn:aws:iam::1:role/x") == {0}
