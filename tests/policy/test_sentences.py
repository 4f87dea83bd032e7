"""An explanation as sentences: every way to say what was asked, what failed and what would have helped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_report import ACTION, ALLOW_ALL, ANN, HERE, LAYERS, OBJECT, REQUEST, ask, policy

from vestry.policy.compile import compile_document
from vestry.policy.decide import Layers
from vestry.policy.document import DocumentKind, Principals, Statement, parse_document
from vestry.policy.explain import explain
from vestry.policy.outcome import Layer
from vestry.policy.remedy import AddStatement, RemoveStatement, SetKey
from vestry.policy.report import report
from vestry.policy.request import Kind, MappingContext, Principal, Request, Value
from vestry.policy.sentences import edit_sentence, sentences


def lines(request: Request, layers: Layers) -> list[str]:
    return list(sentences(explain(request, layers)))


def test_an_explicit_deny_in_words() -> None:
    assert lines(REQUEST, LAYERS) == [
        f'arn:aws:iam::{HERE}:user/ann is explicitly denied to {ACTION} on {OBJECT}: statement "Keep" (2) of the '
        "service control policies denies it.",
        "Service control policies, level 1: allows.",
        "  Statement 1 (Allow) matches.",
        "Service control policies, level 2: denies.",
        f'  Statement 1 (Allow) does not match: Action is ec2:*, the request has "{ACTION}".',
        '  Statement "Keep" (2) (Deny) matches.',
        "Identity policies: says nothing about this.",
        '  Statement "Own" (1) (Allow) does not match: Resource is arn:aws:s3:::b/${aws:username}/*, '
        f'the request has "{OBJECT}".',
        "Permissions boundary: allows.",
        "  Statement 1 (Allow) matches.",
        "The smallest change that would allow it:",
        '  Make the request with "true" for the key aws:securetransport.',
        f"  Add to the service control policies, level 2: allow {ACTION} on {OBJECT}.",
        f"  Add to the identity policies: allow {ACTION} on {OBJECT}.",
    ]


def test_root_and_nobody_in_words() -> None:
    root = Principal(Kind.ROOT, HERE, f"arn:aws:iam::{HERE}:root")
    assert lines(ask("*", {}, root), Layers()) == [
        f"arn:aws:iam::{HERE}:root may {ACTION} on *: it is the root user of the account.",
        "Identity policies: there is none.",
    ]
    everyone = Layers(resource=policy(ALLOW_ALL | {"Principal": "*"}))
    assert lines(ask("*", {}, Principal(Kind.ANONYMOUS)), everyone) == [
        f"An anonymous caller may {ACTION} on *: allowed by the resource policy.",
        "Resource policy: allows.",
        "  Statement 1 (Allow) matches.",
    ]


def test_statements_about_other_actions_are_counted_where_there_are_many() -> None:
    others = [{"Effect": "Allow", "Action": f"s3:Do{number}", "Resource": "*"} for number in range(99)]
    named = ALLOW_ALL | {"Action": ACTION}
    hundred = Layers(identity=(policy(named, *others),))
    more = Layers(identity=(policy(named, *others, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}),))
    assert len(lines(ask("*", {}), hundred)) == 2 + 100
    assert lines(ask("*", {}), more)[1:] == [
        "Identity policies: allows.",
        "  Statement 1 (Allow) matches.",
        "  100 more statements are about other actions.",
    ]
    assert report(explain(ask("*", {}), more), more)["layers"][0]["otherStatements"] == 100


@pytest.mark.parametrize(
    ("condition", "context", "said"),
    [
        ({"StringEquals": {"aws:username": ["a", "b", "c", "d"]}}, {}, "StringEquals aws:username wants a, b, c, d, the request has nothing."),
        ({"StringEquals": {"aws:username": ["a", "b", "c", "d", "e", "f"]}}, {}, "StringEquals aws:username wants a, b, c, d and 2 more, the request has nothing."),
        ({"StringEquals": {"aws:username": []}}, {"aws:username": ""}, 'StringEquals aws:username wants nothing, the request has "".'),
        ({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:TagKeys": ("a", "b")}, "StringEquals aws:TagKeys wants a, the request has [a, b] (the key has several values, which only ForAllValues and ForAnyValue can test)."),
        ({"Null": {"aws:TagKeys": "true"}}, {"aws:TagKeys": ("a",)}, "Null aws:TagKeys wants true, the request has [a]."),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, {"aws:TagKeys": ("b",)}, "ForAllValues:StringEquals aws:TagKeys wants a, the request has [b]."),
        ({"StringEquals": {"our:key": "a"}}, {}, "StringEquals our:key wants a, the request has nothing (our:key is no key that is known here; it is always absent)."),
        ({"StringEquals": {"our:key": "a"}}, {"our:key": "b"}, 'StringEquals our:key wants a, the request has "b".'),
    ],
)  # fmt: skip
def test_a_condition_that_fails_in_words(condition: Any, context: dict[str, Value], said: str) -> None:
    layers = Layers(identity=(policy(ALLOW_ALL | {"Condition": condition}),))
    assert lines(ask("*", context), layers)[2] == f"  Statement 1 (Allow) does not match: {said}"


ROLE = f"arn:aws:iam::{HERE}:role/dev"
SESSION = Principal(Kind.ROLE, HERE, f"arn:aws:sts::{HERE}:assumed-role/dev/s", ROLE, "AROADEV")
NAMESAKE = " (names someone who had this name when the policy was written; write the policy again to mean the caller)"
OTHER_ID = " (names a user or role by a unique id that is not the caller's)"


@pytest.mark.parametrize(
    ("caller", "element", "bound", "said"),
    [
        (ANN, {"Principal": {"AWS": "444455556666"}}, False, f'Principal is 444455556666, the request has "{ANN.arn}".'),
        (ANN, {"Principal": {"AWS": ANN.arn}}, True, f'Principal is {ANN.arn}, the request has "{ANN.arn}"{NAMESAKE}.'),
        (SESSION, {"Principal": {"AWS": ROLE}}, True, f'Principal is {ROLE}, the request has "{SESSION.arn}"{NAMESAKE}.'),
        (ANN, {"Principal": {"AWS": "AIDAOLD"}}, True, f'Principal is AIDAOLD, the request has "{ANN.arn}"{OTHER_ID}.'),
        (SESSION, {"Principal": {"AWS": ["AROAOLD", "444455556666"]}}, True, f'Principal is AROAOLD, 444455556666, the request has "{SESSION.arn}"{OTHER_ID}.'),
        (Principal(Kind.SERVICE, "", "x.y"), {"Principal": {"AWS": "AIDAOLD", "Service": "a.b", "Federated": "f", "CanonicalUser": "0"}}, False, 'Principal is AIDAOLD, a.b, f, 0, the request has "x.y".'),
        (ANN, {"NotPrincipal": {"AWS": ["444455556666", "111122223333", ANN.arn]}}, False, f'NotPrincipal lists 444455556666, 111122223333, {ANN.arn}, the request has "{ANN.arn}".'),
        (Principal(Kind.ANONYMOUS), {"Principal": {"AWS": HERE}}, False, f"Principal is {HERE}, the request has nothing."),
    ],
)  # fmt: skip
def test_a_principal_that_fails_in_words(caller: Principal, element: Any, bound: bool, said: str) -> None:
    effect = "Deny" if "NotPrincipal" in element else "Allow"
    text = json.dumps({"Statement": {"Effect": effect, "Action": "*", "Resource": "*"} | element})
    layers = Layers(resource=compile_document(parse_document(text, DocumentKind.LIBRARY), bound=bound))
    assert f"  Statement 1 ({effect}) does not match: {said}" in lines(ask("*", {}, caller), layers)


def test_allow_with_not_principal_is_said_not_to_work() -> None:
    layers = Layers(resource=policy(ALLOW_ALL | {"NotPrincipal": {"AWS": "444455556666"}}))
    assert (
        "  Statement 1 (Allow) does not match: NotPrincipal lists 444455556666, "
        f'the request has "{ANN.arn}" (Allow with NotPrincipal is not supported).'
    ) in lines(ask("*", {}), layers)


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ({"Resource": "arn:aws:s3:::${aws:TagKeys}${aws:None}${aws:username}${aws:none}"}, "Resource is arn:aws:s3:::${aws:TagKeys}${aws:None}${aws:username}${aws:none}, the request has \"arn:aws:s3:::x\" (without a single value: aws:tagkeys, aws:none)."),
        ({"NotResource": "arn:aws:s3:::*"}, 'NotResource lists arn:aws:s3:::*, the request has "arn:aws:s3:::x".'),
        ({}, 'Resource is nothing, the request has "arn:aws:s3:::x" (the element is missing).'),
    ],
)  # fmt: skip
def test_a_resource_that_fails_in_words(element: dict[str, str], said: str) -> None:
    layers = Layers(identity=(policy({"Effect": "Allow", "Action": "*"} | element),))
    told = lines(ask("arn:aws:s3:::x", {"aws:TagKeys": ("a",), "aws:username": "ann"}), layers)
    assert told[2] == f"  Statement 1 (Allow) does not match: {said}"


def test_edits_in_words() -> None:
    rule = policy(ALLOW_ALL | {"Sid": "All"}).rules[0]
    whom = Principals(aws=("a",), service=("s",), federated=("f",))
    some = Statement(True, actions=("x:A", "x:B"), resources=("r", "t"), principals=whom)
    anyone = Statement(True, actions=("x:A",), principals=Principals(everyone=True))
    assert [
        edit_sentence(edit)
        for edit in (
            AddStatement(Layer.RESOURCE, some),
            AddStatement(Layer.TRUST, anyone, 1),
            AddStatement(Layer.RESOURCE_CONTROL, anyone, 1),
            RemoveStatement(Layer.SESSION, rule),
            RemoveStatement(Layer.SERVICE_CONTROL, rule, 2),
            SetKey("aws:username", None),
            SetKey("aws:username", "ann"),
            SetKey("aws:tagkeys", ("a", "b")),
        )
    ] == [
        "Add to the resource policy: allow a, s, f to x:A, x:B on r, t.",
        "Add to the role trust policy: allow everyone to x:A.",
        "Add to the resource control policies, level 2: allow everyone to x:A.",
        'Remove or narrow statement "All" (1) of the session policies.',
        'Remove or narrow statement "All" (1) of the service control policies, level 3.',
        "Make the request without the key aws:username.",
        'Make the request with "ann" for the key aws:username.',
        "Make the request with [a, b] for the key aws:tagkeys.",
    ]


def test_layers_that_are_not_there_are_named() -> None:
    role = f"arn:aws:iam::{HERE}:role/x"
    assume = Request(ANN, "sts:AssumeRole", role, MappingContext({}), HERE)
    assert lines(assume, Layers(resource_is_trust=True))[1:3] == [
        "Role trust policy: there is none.",
        "Identity policies: there is none.",
    ]
    abroad = Request(ANN, "s3:GetObject", "arn:aws:s3:::b/k", MappingContext({}), "444455556666")
    assert lines(abroad, Layers())[1:3] == [
        "Resource policy: there is none.",
        "Identity policies: there is none.",
    ]
    guest = Principal(Kind.FEDERATED_USER, HERE, f"arn:aws:sts::{HERE}:federated-user/f", ANN.arn)
    assert lines(ask("*", {}, guest), Layers(identity=(policy(ALLOW_ALL),)))[:4] == [
        f"arn:aws:sts::{HERE}:federated-user/f may not {ACTION} on *: nothing in the session policies allows it.",
        "Identity policies: allows.",
        "  Statement 1 (Allow) matches.",
        "Session policies: there is none.",
    ]
