"""A policy's text as statements: every element in the place where the engine looks for it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from policy_texts import sound_texts

from amounts import examples
from vestry.policy.document import Condition, Document, DocumentKind, Principals, Statement, parse_document
from vestry.policy.grammar import Fault, read_policy
from vestry.policy.json_reader import read_json

FULL = """{"Version": "2012-10-17", "Id": "Whole", "Statement": [
  {"Sid": "One", "Effect": "Allow", "Action": "a:B", "Resource": ["r", "s"],
   "Principal": {"AWS": ["*", "111122223333"], "Service": "x.y", "Federated": ["f", "g"], "CanonicalUser": "0a"},
   "Condition": {"StringEquals": {"k:A": "v", "k:B": ["w", 1, 2.50, true, false]}, "x": {},
                 "ForAnyValue:NumericLessThanIfExists": {"k:C": [], "k:D": -0.0, "k:E": true}}},
  {"Effect": "Deny", "NotAction": ["a:C"], "NotResource": [], "NotPrincipal": "*", "Condition": {}},
  {"Effect": "Deny", "Action": [], "Principal": {"Service": []}, "NotResource": "t"}
]}"""


def test_a_document_in_full() -> None:
    faults: list[Fault] = []
    tree, members = read_json(FULL)
    reading = read_policy(tree, faults)
    assert [(fault.rule, fault.path) for fault in faults] == [
        ("principal-none", ("Statement", 2, "Principal", "Service"))
    ]
    assert reading.members == members
    assert reading.version_given
    assert [draft.path() for draft in reading.drafts] == [("Statement", index) for index in range(3)]
    assert reading.document() == Document(
        "2012-10-17",
        (
            Statement(
                True,
                "One",
                Principals(True, ("111122223333",), ("x.y",), ("f", "g"), ("0a",)),
                actions=("a:B",),
                resources=("r", "s"),
                conditions=(
                    Condition("StringEquals", "k:A", ("v",)),
                    Condition("StringEquals", "k:B", ("w", "1", "2.50", "true", "false")),
                    Condition("NumericLessThan", "k:C", (), "ForAnyValue", True),
                    Condition("NumericLessThan", "k:D", ("-0.0",), "ForAnyValue", True),
                    Condition("NumericLessThan", "k:E", ("true",), "ForAnyValue", True),
                ),
            ),
            Statement(
                False, not_principals=Principals(True), not_actions=("a:C",), not_resources=(), conditions=()
            ),
            Statement(False, principals=Principals(), actions=(), not_resources=("t",)),
        ),
        "Whole",
    )


def test_one_statement_stands_for_a_list_of_one_and_versions_are_optional() -> None:
    document = parse_document('{"Statement": {"Effect": "Allow", "Action": "a:B"}}', DocumentKind.LIBRARY)
    assert document == Document("2008-10-17", (Statement(True, actions=("a:B",)),))
    faults: list[Fault] = []
    assert not read_policy({"Statement": {"Effect": "Allow"}}, faults).version_given
    assert faults == []


def test_what_could_not_be_read_is_left_out_and_named() -> None:
    faults: list[Fault] = []
    statement = {"Effect": "Allow", "Action": [1], "Resource": "r", "Condition": "x", "Sid": "s", "Extra": 0}
    (draft,) = read_policy({"Statement": statement}, faults).drafts
    assert draft.statement == Statement(True, "s", actions=(), resources=("r",))
    assert draft.bad == ("Extra", "Action", "Condition")
    assert draft.raw is statement


def count(tree: Any) -> int:
    if isinstance(tree, dict):
        return len(tree) + sum(map(count, tree.values()))
    return sum(map(count, tree)) if isinstance(tree, list) else 0


@given(sound_texts)
@settings(max_examples=examples(200))
def test_every_member_of_a_sound_document_is_counted(text: str) -> None:
    """So repeated names are looked for only where there are some: a text that is sound is read once."""
    tree = json.loads(text)
    assert read_policy(tree, []).members == count(tree)
