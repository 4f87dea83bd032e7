"""The index finds what matches, and little else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.policy.compile import EMPTY, Compiled, compile_document, compile_set
from vestry.policy.document import Document, Principals, Statement
from vestry.policy.index import PieceTable, PrefixTable, ResourceIndex
from vestry.policy.pattern import resource_pattern

TEXTS = st.text("ab", max_size=6)


@given(st.lists(TEXTS, max_size=30), TEXTS)
def test_a_prefix_table_finds_every_prefix(prefixes: list[str], text: str) -> None:
    table = PrefixTable({prefix: [prefix] for prefix in prefixes})
    assert sorted(table.find(text)) == sorted({prefix for prefix in prefixes if text.startswith(prefix)})


@given(st.lists(TEXTS.filter(bool), max_size=20), TEXTS)
def test_a_piece_table_finds_every_contained_literal(literals: list[str], text: str) -> None:
    table = PieceTable([(literal, literal) for literal in literals])
    assert {literal for literal in literals if literal in text} <= set(table.find(text))


@given(st.lists(st.text("ab:*?", max_size=8), max_size=40), st.text("ab:", max_size=8))
def test_a_resource_index_finds_every_match(patterns: list[str], text: str) -> None:
    compiled = [resource_pattern(pattern, variables=False) for pattern in patterns]
    index = ResourceIndex([(pattern, pattern.text) for pattern in compiled], [])
    found = {item for test, item in index.find(text) if test is None or test(text, {}.get)}
    assert found == {pattern.text for pattern in compiled if pattern.matches(text, {}.get)}


FAMILIES = {
    "exact": "arn:aws:s3:::bucket/{:05d}",
    "prefix": "arn:aws:s3:::bucket-{:05d}/*",
    "suffix": "arn:aws:s3:::*/{:05d}",
    "leading wildcard": "*:role/app-{:05d}",
    "middle": "arn:aws:s3:::*-{:05d}-*",
    "middle between colons": "*:{:05d}:*",
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
    entries = [entry for group in policy.candidates("s3:getobject", target) for entry in group]
    assert 1234 in {rule.number for _, rule in entries}
    assert len(entries) <= 12


def test_actions_are_found_without_trying_the_others() -> None:
    names = [f"s{n}:Get*" for n in range(2000)] + [f"x:Do{n}" for n in range(2000)]
    statements = tuple(Statement(True, actions=(name,), resources=("*",)) for name in names)
    policy = compile_document(Document("2012-10-17", statements))
    assert [rule.number for group in policy.candidates("s77:getx", "*") for _, rule in group] == [77]
    assert [rule.number for group in policy.candidates("x:do5", "*") for _, rule in group] == [2005]
    assert not policy.candidates("y:do5", "*")


def test_a_set_holds_the_rules_of_its_policies() -> None:
    one, two = (
        compile_document(Document("2012-10-17", (Statement(True, actions=(action,), resources=("*",)),)))
        for action in ("s3:Get*", "iam:*")
    )
    merged = compile_set((one, two))
    assert merged.rules == (*one.rules, *two.rules)
    assert merged.holds(two.rules[0])
    assert not one.holds(two.rules[0])
    assert [rule for group in merged.candidates("iam:getuser", "*") for _, rule in group] == [two.rules[0]]


def test_the_empty_policy_says_nothing() -> None:
    assert EMPTY.rules == ()
    assert not EMPTY.candidates("s3:getobject", "*")


def matching(policy: Compiled, action: str, resource: str) -> set[int]:
    groups = policy.candidates(action, resource)
    return {rule.number for group in groups for test, rule in group if test is None or test(resource, {}.get)}


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
