"""Policy tests: files that say what a principal may and may not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from vestry.policy.cases import CaseError, Result, run_file

POLICIES = yaml.safe_load(Path(__file__).with_name("simulate.yaml").read_text())["policies"]
ANN = "arn:aws:iam::111122223333:user/ann"
READS = {"principal": ANN, "identityPolicies": ["reads"]}
READ, WRITE = "s3:GetObject on arn:aws:s3:::b/k", "s3:PutObject on arn:aws:s3:::b/k"


def no_file(name: str) -> str:
    raise AssertionError(name)


def run(*tests: dict[str, Any], **more: Any) -> list[Result]:
    content = {
        "title": "Reading",
        "policies": {"reads": POLICIES["reads"], "all": POLICIES["all"]},
        "tests": list(tests),
    }
    return list(run_file(content | more, no_file))


def test_a_test_says_what_may_and_may_not_be_done() -> None:
    found = run(READS | {"name": "Ann reads", "may": [READ], "mayNot": WRITE})
    assert found == [
        Result("Reading", f"Ann reads: may {READ}", "", ()),
        Result("Reading", f"Ann reads: may not {WRITE}", "", ()),
    ]


def test_a_test_without_name_is_called_by_its_number() -> None:
    found = run(READS | {"may": READ}, READS | {"may": READ}, title=None)
    assert [(one.file_title, one.name) for one in found] == [("", f"test {n}: may {READ}") for n in (1, 2)]


def test_a_test_that_fails_says_why() -> None:
    (found,) = run(READS | {"may": WRITE})
    assert found.problem == "expected allowed, decided implicitDeny by identity"
    assert found.why[-1] == "  Add to the identity policies: allow s3:PutObject on arn:aws:s3:::b/k."
    (found,) = run(READS | {"mayNot": READ})
    assert found.problem == "expected denied, decided allowed by identity"
    assert found.why[0] == f"{ANN} may s3:GetObject on arn:aws:s3:::b/k: allowed by the identity policies."


def test_a_test_may_say_which_layer_decides() -> None:
    (found,) = run(READS | {"may": READ, "decidedBy": "boundary"})
    assert found.problem == "expected a decision by boundary, decided by identity"
    assert found.why
    assert run(READS | {"may": READ, "decidedBy": "identity"})[0].problem == ""
    (found,) = run(READS | {"may": WRITE, "decidedBy": "boundary"})
    assert found.problem == "expected allowed, decided implicitDeny by identity"


def test_an_action_without_resource_is_asked_of_all() -> None:
    allowed = {"principal": ANN, "identityPolicies": [POLICIES["all"]]}
    assert [
        one.problem
        for one in run(allowed | {"may": ["s3:ListAllMyBuckets", " s3:GetObject  on  arn:aws:s3:::b "]})
    ] == ["", ""]
    assert run(READS | {"mayNot": "s3:GetObject"})[0].problem == ""


def test_a_test_has_every_member_of_a_simulated_request() -> None:
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    secure = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition},
    }
    owned = {
        "principal": "arn:aws:sts::111122223333:assumed-role/r/s",
        "context": {"aws:SecureTransport": True},
        "resourceAccount": "444455556666",
        "identityPolicies": ["all"],
        "permissionsBoundary": secure,
        "sessionPolicies": ["all"],
        "resourcePolicy": POLICIES["everyone"],
        "serviceControlPolicies": [["all"], ["all", "reads"]],
        "resourceControlPolicies": [["all"]],
    }
    assert run(owned | {"may": READ, "decidedBy": "resource"})[0].problem == ""
    for change, by in (
        ({"context": {}}, "boundary"),
        ({"resourcePolicy": None}, "resource"),
        ({"identityPolicies": []}, "identity"),
        ({"sessionPolicies": []}, "session"),
        ({"serviceControlPolicies": [["all"], []]}, "service-control"),
        ({"resourceControlPolicies": [["all"], []]}, "resource-control"),
    ):
        (found,) = run(owned | change | {"mayNot": READ, "decidedBy": by})
        assert found.problem == "", change
    within = {"resourcePolicy": None, "resourceAccount": None, "permissionsBoundary": None, "context": {}}
    assert run(owned | within | {"may": READ, "decidedBy": "identity"})[0].problem == ""


def test_a_policy_is_written_out_or_named_or_a_file() -> None:
    text = json.dumps(POLICIES["reads"])
    file = {
        "policies": {"mine": POLICIES["reads"], "filed": "a.json", "listed": ["b.json", POLICIES["reads"]]},
        "tests": [
            {"principal": ANN, "identityPolicies": value, "may": READ}
            for value in (["mine"], ["filed"], "listed", [POLICIES["reads"]], ["c.json"], [" " + text])
        ],
    }
    read: list[str] = []

    def reader(name: str) -> str:
        read.append(name)
        return text

    assert [one.problem for one in run_file(file, reader)] == [""] * 6
    assert read == ["a.json", "b.json", "c.json"]


def test_a_name_in_a_named_policy_is_a_file() -> None:
    file = {
        "policies": {"one": "two", "two": POLICIES["reads"]},
        "tests": [READS | {"identityPolicies": ["one"], "may": READ}],
    }
    assert next(run_file(file, {"two": json.dumps(POLICIES["all"])}.__getitem__)).problem == ""


MEMBERS = (
    "context, decidedBy, identityPolicies, may, mayNot, name, permissionsBoundary, principal, resourceAccount, "
    "resourceControlPolicies, resourcePolicy, serviceControlPolicies, sessionPolicies"
)


@pytest.mark.parametrize(
    ("says", "content", "error"),
    [
        ("a file is a mapping", [], "the file is not a mapping"),
        ("its members are known", {"tests": [], "test": []}, "unknown member 'test' (known: title, policies, tests)"),
        ("policies are named", {"policies": ["x"], "tests": []}, "policies is not a mapping"),
        ("tests are a list", {"tests": {}}, "tests is not a list"),
        ("a file has tests", {}, "tests is not a list"),
        ("a test is a mapping", {"tests": [{"principal": None, "mayNot": "a:b"}, "x"]}, "test 2 is not a mapping"),
        ("a test's members are known", {"tests": [{"prinzipal": "x"}]}, f"test 1: unknown member 'prinzipal' (known: {MEMBERS})"),
        ("a test tests something", {"tests": [{"name": "n", "principal": None}]}, "n: says neither what the principal may nor what it may not do"),
        ("a wish is a text", {"tests": [{"principal": None, "may": [1]}]}, "test 1: may is not a list of actions"),
        ("so is one that is denied", {"tests": [{"principal": None, "mayNot": {"a": 1}}]}, "test 1: mayNot is not a list of actions"),
        ("a request must be one", {"tests": [{"principal": "x", "may": "s3:Get"}]}, "test 1: may s3:Get: principal 'x' is neither an ARN nor a service's name"),
        ("a request holds JSON", {"tests": [{"principal": {1j}, "may": "s3:Get"}]}, "test 1: may s3:Get: Encoding objects of type complex is unsupported"),
        ("a policy is one", {"tests": [{"principal": None, "may": "a:b", "resourcePolicy": 7}]}, "resourcePolicy: a policy is a mapping, a name or a file"),
        ("so is each of several", {"tests": [{"principal": None, "may": "a:b", "sessionPolicies": [7]}]}, "sessionPolicies: a policy is a mapping, a name or a file"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_tests_is_refused(says: str, content: object, error: str) -> None:
    with pytest.raises(CaseError) as refused:
        list(run_file(content, no_file))
    assert str(refused.value) == error
