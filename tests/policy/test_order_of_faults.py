"""Which fault of a policy is answered where it has several: what AWS looks at first."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from test_language import laid_over

from vestry.errors import MalformedPolicyDocument
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.identity_rules import ACTION_VENDOR, SID_LETTERS
from vestry.policy.trust_rules import COGNITO_CONDITION, FEDERATED

#: What is wrong with a statement, or with two, and IAM's answer: from the first that it looks for to the last.
RANKS: list[tuple[str, list[dict[str, Any]]]] = [
    ("Syntax errors in policy.", [{"Extra": 1}]),
    ("Policy document should not specify a principal.", [{"Principal": "*"}]),
    ("Policy document should not specify a principal.", [{"Principal": {"AWS": 1}}]),
    ("The policy failed legacy parsing", [{"Effect": "allow"}]),
    ("The policy failed legacy parsing", [{"Condition": {"DateEquals": {"aws:CurrentTime": "soon"}}}]),
    ("The policy failed legacy parsing", [{"Resource": "arn:aws:s3::b"}]),
    ("Statement IDs (SID) in a single policy must be unique.", [{"Sid": "One"}, {"Sid": "One"}]),
    (SID_LETTERS, [{"Sid": "a-b"}]),
    ("Policy statement must contain actions.", [{"Action": None}]),
    ('Resource x must be in ARN format or "*".', [{"Resource": "x"}]),
    (ACTION_VENDOR, [{"Action": "x"}]),
    ("Policy statement must contain resources.", [{"Resource": None}]),
]
SOUND = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}


def answered(version: str, changes: list[dict[str, Any]]) -> str:
    statements = [laid_over(SOUND, change) for change in changes]
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_document(json.dumps({"Version": version, "Statement": statements}), DocumentKind.MANAGED)
    return refused.value.message


def test_iam_answers_what_it_looks_for_first_wherever_it_stands() -> None:
    for (answer, first), (_, second) in combinations(RANKS, 2):
        if {"Resource": "arn:aws:s3::b"} in first and {"Resource": "x"} in second:
            continue  # the older parser only looks while the newer has found nothing
        assert answered("2012-10-17", first + second) == answer, (first, second)
        assert answered("2012-10-17", second + first) == answer, (second, first)


def test_iam_looks_at_the_version_after_the_syntax() -> None:
    for answer, changes in RANKS:
        expected = (
            answer if changes == [{"Extra": 1}] else "Policy document must be version 2012-10-17 or greater."
        )
        assert answered("2008-10-17", changes) == expected, changes


TRUST = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
#: The same for the validator of trust policies, which goes through a statement once.
PLACES: list[tuple[str, str, dict[str, Any]]] = [
    ("Effect", "Invalid effect: Grant", {"Effect": "Grant"}),
    ("Effect", "Syntax error in policy.", {"Extra": 1}),
    ("Principal", "Missing required field Principal", {"Principal": None}),
    ("Principal", 'Invalid principal in policy: "AWS":"x"', {"Principal": {"AWS": "x"}}),
    ("Principal", 'Invalid principal in policy: "SERVICE":"*"', {"Principal": {"Service": "*"}}),
    ("Principal", 'Invalid principal in policy: "CanonicalUser"', {"Principal": {"CanonicalUser": "0a"}}),
    ("Principal", "Principal must be a JSON object.", {"Principal": "*"}),
    ("Principal", FEDERATED, {"Principal": {"Federated": "x"}}),
    ("Principal", COGNITO_CONDITION, {"Principal": {"Federated": "cognito-identity.amazonaws.com"}}),
    (
        "Principal",
        "Shared identity provider in policy requires a condition on gitlab.com:sub: gitlab.com",
        {"Principal": {"Federated": "gitlab.com"}},
    ),
    ("Condition", "Syntax error in policy.", {"Condition": {"x": 1}}),
    ("Action", "Missing required field Action", {"Action": None}),
    ("Action", "AssumeRole policy may only specify STS AssumeRole actions.", {"Action": "s3:x"}),
    ("Resource", "Has prohibited field Resource", {"Resource": "*"}),
    ("Sid", "The Statement Ids in the policy are not unique", {"Sid": "One"}),
]


def answered_trust(changes: list[dict[str, Any]]) -> str:
    statements = [laid_over(TRUST, change) for change in changes]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_document(text, DocumentKind.TRUST, allow_wildcard_principals=True)
    return refused.value.message


def test_a_trust_policy_is_looked_at_from_effect_to_sid() -> None:
    for (place, answer, first), (other, _, second) in combinations(PLACES, 2):
        # A condition that can't be read may hold what a provider needs.
        controlled = answer in (COGNITO_CONDITION, PLACES[9][1]) and other == "Condition"
        if place != other and not controlled:
            assert answered_trust([{"Sid": "One"}, first | second]) == answer, (first, second)


def test_a_trust_policy_is_looked_at_statement_by_statement() -> None:
    for (_, answer, first), (_, other, second) in combinations(PLACES, 2):
        assert answered_trust([{"Sid": "One"}, first, second]) == answer, (first, second)
        if second != {"Sid": "One"}:
            assert answered_trust([second, first]) == other, (second, first)


def test_a_resource_policy_is_looked_at_in_the_same_order() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": ["1", "user/*"]}}
    for change, answer in (
        ({}, 'Invalid principal in policy: "AWS":"user/*"'),
        ({"Principal": None}, "Missing required field Principal"),
        ({"Principal": None, "NotPrincipal": {"AWS": "*x"}}, "Allow with NotPrincipal is not allowed."),
        (
            {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "*x"}},
            'Invalid principal in policy: "AWS":"*x"',
        ),
    ):
        with pytest.raises(MalformedPolicyDocument) as refused:
            parse_document(json.dumps({"Statement": laid_over(statement, change)}), DocumentKind.RESOURCE)
        assert refused.value.message == answer
