"""Laws of reading and writing policies, for whatever text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_texts import any_texts, broken_texts, policy_texts, sound_texts

from amounts import examples
from vestry.errors import MalformedPolicyDocument
from vestry.policy.document import (
    Condition,
    Document,
    DocumentKind,
    Principals,
    Statement,
    document_size,
    examine,
    invalid_principal,
    map_principals,
    parse_document,
    render,
    rewrite_principals,
    wildcard_principals,
)

KINDS = st.sampled_from(DocumentKind)
LIBRARY = DocumentKind.LIBRARY


@given(any_texts, KINDS, st.booleans())
@settings(max_examples=examples(400))
def test_no_text_raises_anything_but_the_declared_fault(
    text: str, kind: DocumentKind, wildcards: bool
) -> None:
    document, findings = examine(text, kind, allow_wildcard_principals=wildcards)
    beside = ("characters", "size")
    errors = [finding for finding in findings if finding.severity == "error" and finding.rule not in beside]
    assert (document is None) == bool(errors)
    try:
        parsed = parse_document(text, kind, allow_wildcard_principals=wildcards)
    except MalformedPolicyDocument as refused:
        assert refused.message
        assert kind is LIBRARY or refused.message in [error.answer for error in errors]
        return
    assert parsed == document


@given(policy_texts | broken_texts(), st.sampled_from([kind for kind in DocumentKind if kind is not LIBRARY]))
@settings(max_examples=examples(200))
def test_what_any_kind_takes_the_library_takes_alike(text: str, kind: DocumentKind) -> None:
    try:
        parsed = parse_document(text, kind, allow_wildcard_principals=True)
    except MalformedPolicyDocument:
        return
    assert parse_document(text, LIBRARY) == parsed


@given(sound_texts)
@settings(max_examples=examples(200))
def test_parsing_what_was_rendered_is_identity(text: str) -> None:
    document = parse_document(text, LIBRARY)
    assert parse_document(render(document), LIBRARY) == document


@given(sound_texts)
def test_rendering_is_canonical(text: str) -> None:
    rendered = render(parse_document(text, LIBRARY))
    assert render(parse_document(rendered, LIBRARY)) == rendered
    assert render(parse_document(json.dumps(json.loads(rendered), indent=3), LIBRARY)) == rendered


@given(sound_texts)
def test_a_text_in_which_no_principal_changes_stays_as_it_was(text: str) -> None:
    assert rewrite_principals(text, lambda kind, value: value) == text


@given(sound_texts)
@settings(max_examples=examples(150))
def test_rewriting_the_text_is_rewriting_the_document(text: str) -> None:
    def replaced(kind: str, value: str) -> str:
        return f'{kind}"{value[::-1]}é'

    rewritten = parse_document(rewrite_principals(text, replaced), LIBRARY)
    assert rewritten == map_principals(parse_document(text, LIBRARY), replaced)


@given(sound_texts, st.sampled_from([" ", "\n", "\t", "\r\n  "]))
def test_white_space_between_elements_has_no_size(text: str, space: str) -> None:
    tree = json.loads(text)
    loose = (
        json.dumps(tree, indent=2, ensure_ascii=False).replace("\n", space) if space == "\n" else space + text
    )
    assert document_size(loose) == document_size(text)


def test_size_is_what_is_no_white_space() -> None:
    assert document_size('{"a b":\t1,\r\n"\u00a0":2}') == 14


def test_a_rewritten_policy_reads_back_as_it_was_written() -> None:
    text = """{ "Statement": {"Effect":"Allow",
      "Principal": {"AWS": [ "arn:aws:iam::111122223333:user/ann" , "111122223333", "*" ], "Service": "ec2.amazonaws.com"},
      "Action" : ["sts:AssumeRole"] , "Resource": "arn:aws:iam::111122223333:user/ann"},"Version":"2012-10-17"}"""
    seen: list[tuple[str, str]] = []

    def replaced(kind: str, value: str) -> str:
        seen.append((kind, value))
        return "AIDA1" if value.endswith("user/ann") else value

    changed = rewrite_principals(text, replaced)
    assert changed == text.replace("arn:aws:iam::111122223333:user/ann", "AIDA1", 1)
    assert seen == [
        ("AWS", "arn:aws:iam::111122223333:user/ann"),
        ("AWS", "111122223333"),
        ("Service", "ec2.amazonaws.com"),
    ]


def test_rewriting_lets_a_fault_through_and_refuses_what_is_not_json() -> None:
    def refuse(kind: str, value: str) -> str:
        raise MalformedPolicyDocument(invalid_principal(kind, value))

    text = '{"Statement":[{"Effect":"Allow","Principal":{"Service":"x"},"Action":"sts:AssumeRole"}]}'
    with pytest.raises(MalformedPolicyDocument, match='Invalid principal in policy: "SERVICE":"x"'):
        rewrite_principals(text, refuse)
    with pytest.raises(MalformedPolicyDocument) as refused:
        rewrite_principals("{", refuse)
    assert refused.value.message == "Syntax errors in policy."
    assert refused.value.hint == "expected a name in double quotes, found the end"


EVERY_KIND = Principals(False, ("a", "b"), ("s",), ("f",), ("c",))


def test_every_kind_of_principal_is_exchanged() -> None:
    statements = (
        Statement(True, "One", EVERY_KIND, actions=("a:B",)),
        Statement(False, "Two", None, Principals(True, ("a",)), actions=("a:B",)),
    )
    document = Document("2012-10-17", statements, "Id")
    changed = map_principals(document, lambda kind, value: f"{kind} {value}")
    exchanged = Principals(False, ("AWS a", "AWS b"), ("Service s",), ("Federated f",), ("CanonicalUser c",))
    assert changed == Document(
        "2012-10-17",
        (
            Statement(True, "One", exchanged, actions=("a:B",)),
            Statement(False, "Two", None, Principals(True, ("AWS a",)), actions=("a:B",)),
        ),
        "Id",
    )
    rewritten = rewrite_principals(render(document), lambda kind, value: f"{kind} {value}")
    assert parse_document(rewritten, LIBRARY) == changed


def test_a_document_is_rendered_in_the_usual_order() -> None:
    conditions = (
        Condition("StringLike", "k:A", ("v",), "ForAnyValue", True),
        Condition("Bool", "k:B", ("true", "false")),
        Condition("StringLike", "k:C", (), "ForAnyValue", True),
    )
    document = Document(
        "2012-10-17",
        (
            Statement(True, "", EVERY_KIND, actions=("a:B",), resources=("r", "s"), conditions=conditions),
            Statement(False, "Two", None, Principals(True), not_actions=("a:C",), not_resources=()),
        ),
        "Id",
    )
    assert render(document) == (
        '{"Version":"2012-10-17","Id":"Id","Statement":[{"Effect":"Allow",'
        '"Principal":{"AWS":["a","b"],"Service":"s","Federated":"f","CanonicalUser":"c"},'
        '"Action":"a:B","Resource":["r","s"],"Condition":'
        '{"ForAnyValue:StringLikeIfExists":{"k:A":"v","k:C":[]},"Bool":{"k:B":["true","false"]}}},'
        '{"Sid":"Two","Effect":"Deny","NotPrincipal":{"AWS":"*"},"NotAction":"a:C","NotResource":[]}]}'
    )
    assert render(Document("2008-10-17", ())) == '{"Version":"2008-10-17","Statement":[]}'


def document_with(**principal: Any) -> Document:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **principal}
    return parse_document(json.dumps({"Statement": statement}), LIBRARY)


@pytest.mark.parametrize(
    ("principal", "wild"),
    [
        ({}, False),
        ({"Principal": "*"}, True),
        ({"NotPrincipal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["111122223333", "*"]}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:user/?"}}, True),
        ({"Principal": {"Service": "*.amazonaws.com"}}, True),
        ({"Principal": {"Federated": "*"}}, True),
        ({"Principal": {"AWS": "111122223333", "Service": "ec2.amazonaws.com"}}, False),
    ],
)
def test_wildcard_principals_are_told(principal: dict[str, Any], wild: bool) -> None:
    assert wildcard_principals(document_with(**principal)) is wild


def test_everyone_is_kept_apart_from_the_principals_beside() -> None:
    document = document_with(Principal={"AWS": ["*", "111122223333"], "Service": "a"})
    assert document.statements[0].principals == Principals(True, ("111122223333",), ("a",))
    assert '"Principal":{"AWS":["*","111122223333"],"Service":"a"}' in render(document)


def test_a_refusal_says_what_is_wrong_and_where_in_its_hint() -> None:
    text = '{\n "Version": "2012-10-17",\n "Statement": [{"Effect": "Allow", "Action": ["s3:*", "S3"], "Resource": "*"}]\n}'
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_document(text, DocumentKind.INLINE)
    assert "Statement[0].Action[1]: 'S3' is no action" in refused.value.hint
    assert refused.value.hint.endswith("(line 3, column 55)")


def test_examine_finds_everything_in_the_order_of_the_text() -> None:
    text = '{"Statement": [\n{"Sid": "a b", "Effect": "allow", "Resource": "x",\n"Action": "y", "Extra": 1},\n{"Effect": "Deny"}]}'
    document, findings = examine(text, DocumentKind.MANAGED)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert document is None
    assert [(finding.rule, finding.line) for finding in errors] == [
        ("version-old", 1),
        ("sid-letters", 2),
        ("effect-case", 2),
        ("resource", 2),
        ("action", 3),
        ("element-unknown", 3),
        ("action-missing", 4),
        ("resource-missing", 4),
    ]
    assert errors[4].path == "Statement[0].Action[0]"
