"""Lines of requests, decided (`simulate.yaml`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vestry.policy.simulate import Simulator

FILE = yaml.safe_load(Path(__file__).with_name("simulate.yaml").read_text())
CASES = FILE["cases"]
POLICIES = ("identityPolicies", "resourcePolicy", "permissionsBoundary", "sessionPolicies")
CONTROL = ("serviceControlPolicies", "resourceControlPolicies")


def named(value: Any) -> Any:
    """Put the policies in the place of their names."""
    return [named(one) for one in value] if isinstance(value, list) else FILE["policies"][value]


def line(case: dict[str, Any], **more: Any) -> bytes:
    """Return a case's line."""
    request = {
        key: named(value) if key in POLICIES + CONTROL else value for key, value in case["line"].items()
    }
    return json.dumps(request | more).encode()


@pytest.mark.parametrize("case", CASES, ids=[case["says"] for case in CASES])
def test_a_line_is_answered(case: dict[str, Any]) -> None:
    answer = json.loads(Simulator().answer(line(case, id=[7])))
    assert answer.pop("id") == [7]
    if "error" in case:
        assert list(answer) == ["error"]
        assert case["error"] in answer["error"]
    else:
        assert answer == case["answer"]


def test_one_simulator_answers_all_lines_as_many_do() -> None:
    shared = Simulator()
    for case in CASES * 2:
        assert shared.answer(line(case)) == Simulator().answer(line(case)), case["says"]


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_comes_is_answered_by_one_line(data: bytes) -> None:
    answer = Simulator().answer(data)
    assert b"\n" not in answer
    assert "error" in json.loads(answer)


def test_deep_nesting_is_an_error() -> None:
    assert json.loads(Simulator().answer(b"[" * 100_000)) == {
        "id": None,
        "error": "Expected `object`, got `array`",
    }
    deep = line(CASES[0])[:-1] + b',"permissionsBoundary":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert json.loads(Simulator().answer(deep)) == {"id": None, "error": "the line is nested too deeply"}


@pytest.mark.parametrize(
    ("says", "policy", "error"),
    [
        ("a managed policy has no Principal", {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}, "Policy document should not specify a principal."),
        ("and not more than 6144 characters", {"Effect": "Allow", "Action": ["s3:" + "a" * 60] * 120, "Resource": "*"}, "Cannot exceed quota for PolicySize: 6144"),
        ("a Resource is an ARN", {"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}, 'Resource bucket must be in ARN format or "*".'),
    ],
)  # fmt: skip
def test_strictly_a_policy_keeps_all_rules_of_its_kind(says: str, policy: dict[str, Any], error: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [policy]}
    request = json.dumps(
        {
            "principal": "111122223333",
            "action": "s3:GetObject",
            "resource": "*",
            "identityPolicies": [document],
        }
    ).encode()
    assert "decision" in json.loads(Simulator().answer(request)), says
    assert json.loads(Simulator(strict=True).answer(request))["error"] == f"identityPolicies[0]: {error}"


ANN = "arn:aws:iam::111122223333:user/ann"
SESSION = "arn:aws:sts::111122223333:assumed-role/r/s"
ALL = FILE["policies"]["all"]
DENIES = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"},
}
#: The same for whoever a resource policy names.
REFUSES = {"Version": "2012-10-17", "Statement": DENIES["Statement"] | {"Principal": "*"}}


def ask(simulator: Simulator | None = None, **line: Any) -> dict[str, Any]:
    request = {
        "principal": SESSION,
        "action": "s3:GetObject",
        "resource": "*",
        "identityPolicies": [ALL],
    } | line
    answer: dict[str, Any] = json.loads((simulator or Simulator()).answer(json.dumps(request).encode()))
    return answer


@pytest.mark.parametrize(
    ("line", "layer", "name"),
    [
        ({"identityPolicies": [ALL, DENIES]}, "identity", "identityPolicies[1]"),
        ({"permissionsBoundary": DENIES}, "boundary", "permissionsBoundary"),
        ({"sessionPolicies": [ALL, DENIES]}, "session", "sessionPolicies[1]"),
        ({"resourcePolicy": REFUSES}, "resource", "resourcePolicy"),
        ({"resourcePolicy": REFUSES, "action": "sts:AssumeRole"}, "trust", "resourcePolicy"),
        (
            {"serviceControlPolicies": [[ALL], [ALL, DENIES]]},
            "service-control",
            "serviceControlPolicies[1][1]",
        ),
        ({"resourceControlPolicies": [[DENIES]]}, "resource-control", "resourceControlPolicies[0][0]"),
    ],
)
def test_a_statement_is_named_as_the_line_names_its_policy(
    line: dict[str, Any], layer: str, name: str
) -> None:
    answer = ask(**line)
    assert (answer["decision"], answer["decidedBy"]) == ("explicitDeny", layer)
    assert answer["statements"] == [{"policy": name, "statement": 0, "sid": "No", "effect": "Deny"}]
    # Where several layers hold the same text, the one that decided is named; so it is where it stands last.
    everywhere = {"permissionsBoundary": ALL, "sessionPolicies": [ALL], "serviceControlPolicies": [[ALL]]}
    assert ask(**(everywhere | line))["statements"][0]["policy"] == name


def test_the_deciding_layers_policy_is_named_where_several_hold_the_same_text() -> None:
    denied = ask(identityPolicies=[DENIES], permissionsBoundary=DENIES, serviceControlPolicies=[[DENIES]])
    assert denied["statements"][0]["policy"] == "serviceControlPolicies[0][0]"
    refused = ask(identityPolicies=[REFUSES], resourcePolicy=REFUSES)
    assert refused["statements"][0]["policy"] == "resourcePolicy"
    refused = ask(identityPolicies=[REFUSES], resourcePolicy=REFUSES, action="sts:AssumeRole")
    assert (refused["decidedBy"], refused["statements"][0]["policy"]) == ("trust", "resourcePolicy")
    refused = ask(identityPolicies=[REFUSES], resourceControlPolicies=[[REFUSES]])
    assert refused["statements"][0]["policy"] == "resourceControlPolicies[0][0]"
    allowed = ask(permissionsBoundary=ALL, sessionPolicies=[ALL], serviceControlPolicies=[[ALL]])
    assert [one["policy"] for one in allowed["statements"]] == ["identityPolicies[0]"] * 3


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"identityPolicies": [REFUSES]}, "identityPolicies[0]: Policy document should not specify a principal."),
        ({"permissionsBoundary": REFUSES}, "permissionsBoundary: Policy document should not specify a principal."),
        ({"permissionsBoundary": DENIES | {"Version": "2008-10-17"}}, "permissionsBoundary: Policy document must be version 2012-10-17 or greater."),
        ({"sessionPolicies": [REFUSES]}, "sessionPolicies[0]: Policy document should not specify a principal."),
        ({"sessionPolicies": [DENIES | {"Id": "x" * 2048}]}, "sessionPolicies[0]: the document has 2149 characters without white space; 2048 are allowed"),
        ({"resourcePolicy": DENIES}, "resourcePolicy: Missing required field Principal"),
        ({"resourcePolicy": REFUSES, "action": "sts:AssumeRole"}, "resourcePolicy: AssumeRole policy may only specify STS AssumeRole actions."),
        ({"serviceControlPolicies": [[ALL], [ALL, REFUSES]]}, "serviceControlPolicies[1][1]: The provided policy document does not meet the requirements of the specified policy type."),
        ({"resourceControlPolicies": [[REFUSES], [DENIES]]}, "resourceControlPolicies[0][0]: The provided policy document does not meet the requirements of the specified policy type."),
    ],
)  # fmt: skip
def test_strictly_every_policy_keeps_the_rules_of_its_own_kind(line: dict[str, Any], error: str) -> None:
    assert "decision" in ask(**line)
    assert ask(Simulator(strict=True), **line)["error"] == error


def test_strictly_sound_policies_are_decided() -> None:
    rcp = {"Version": "2012-10-17", "Statement": REFUSES["Statement"] | {"Action": "sqs:*"}}
    answer = ask(
        Simulator(strict=True),
        permissionsBoundary=ALL,
        sessionPolicies=[ALL | {"Version": "2008-10-17"}],
        resourcePolicy={"Statement": REFUSES["Statement"] | {"Effect": "Allow"}},
        serviceControlPolicies=[[ALL]],
        resourceControlPolicies=[[rcp]],
    )
    assert (answer["decision"], answer["decidedBy"]) == ("implicitDeny", "resource-control")


@pytest.mark.parametrize(
    ("value", "texts"),
    [("a", "a"), (True, "true"), (False, "false"), (12, "12"), (2.5, "2.5"), (["a", 1, True, 2.5], ["a", "1", "true", "2.5"]), (["a"], ["a"])],
)  # fmt: skip
def test_the_context_is_texts(value: Any, texts: str | list[str]) -> None:
    operator = "StringEquals" if isinstance(texts, str) else "ForAllValues:StringEquals"
    conditions = {operator: {"k": texts}, "Null": {"k": "false"}}
    policy = {"Version": "2012-10-17", "Statement": ALL["Statement"] | {"Condition": conditions}}
    assert ask(identityPolicies=[policy], context={"K": value})["decision"] == "allowed"
    assert ask(identityPolicies=[policy], context={"K": "other"})["decision"] == "implicitDeny"
    single = {
        "Version": "2012-10-17",
        "Statement": ALL["Statement"] | {"Condition": {"StringEquals": {"k": "a"}}},
    }
    assert ask(identityPolicies=[single], context={"K": ["a"]})["decision"] == "implicitDeny"


@pytest.mark.parametrize(
    "action",
    [
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "TagSession",
        "SetSourceIdentity",
        "SetContext",
    ],
)
def test_whoever_assumes_a_role_is_asked_about_by_its_trust_policy(action: str) -> None:
    role = "arn:aws:iam::111122223333:role/x"
    assert ask(action=f"sts:{action}", resource=role)["decidedBy"] == "trust"


@pytest.mark.parametrize("action", ["sts:AssumeRoot", "sts:GetCallerIdentity", "iam:GetRole"])
def test_other_actions_ask_no_trust_policy(action: str) -> None:
    assert ask(action=action)["decidedBy"] == "identity"


def test_a_resource_belongs_to_the_account_in_its_arn() -> None:
    abroad = "arn:aws:sqs:us-east-1:444455556666:q"
    assert ask(resource=abroad)["decidedBy"] == "resource"
    assert ask(resource=abroad, resourceAccount="111122223333")["decidedBy"] == "identity"
    assert ask(resource="arn:aws:s3:::b/k")["decidedBy"] == "identity"


def test_policies_repeated_between_lines_compile_once() -> None:
    simulator = Simulator()
    line = json.dumps(
        {"principal": SESSION, "action": "a:B", "resource": "*", "identityPolicies": [ALL, ALL]}
    ).encode()
    first, again = simulator.question(line), simulator.question(line)
    assert first.layers.identity[0] is first.layers.identity[1] is again.layers.identity[0]
    assert first.id is None


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestry.policy.simulate._BUDGET", 100)

    def compiled(simulator: Simulator, text: str) -> Any:
        line = {"principal": SESSION, "action": "a:B", "resource": "*", "identityPolicies": [text]}
        return simulator.question(json.dumps(line).encode()).layers.identity[0]

    texts = [json.dumps({"Id": str(number), "Statement": []}) for number in range(4)]
    sound = [text.replace("[]", '{"Effect":"Allow","Action":"*"}') for text in texts]
    simulator = Simulator()
    one = compiled(simulator, sound[0])
    assert compiled(simulator, sound[0]) is one
    for text in sound[1:]:
        compiled(simulator, text)
    assert compiled(simulator, sound[0]) is not one


def test_a_policy_may_be_written_as_text() -> None:
    assert ask(identityPolicies=[json.dumps(ALL)])["decision"] == "allowed"
    assert ask(identityPolicies=["{"])["error"].startswith("identityPolicies[0]: the text is not JSON: ")


@pytest.mark.parametrize("action", ["s3:Get?bject", "s3:*", "GetObject", "*", ""])
def test_an_action_is_exactly_one(action: str) -> None:
    assert ask(action=action)["error"] == f"action {action!r} is not one action: service:Name"
