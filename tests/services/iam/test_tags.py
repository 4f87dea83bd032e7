"""Tags of users, roles and policies: keys, limits, and the permissions they decide."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, allowed, document, many_tags, refusal, statement, tags, trusting


class Target:
    """Something with tags: the operations on it, and how they name it."""

    def __init__(self, place: Place, kind: str) -> None:
        self.place, self.kind = place, kind
        name = "PolicyArn" if kind == "policy" else f"{kind.title()}Name"
        self.named = {name: "work"}
        if kind == "user":
            place.iam.create_user(UserName="work")
        elif kind == "role":
            place.role("work")
        else:
            self.named = {name: place.policy("work")}

    def call(self, word: str) -> Any:
        return getattr(self.place.iam, f"{word}_{self.kind}")

    def tag(self, *given: dict[str, str]) -> None:
        self.call("tag")(**self.named, Tags=list(given))

    def tags(self) -> list[dict[str, str]]:
        answer = getattr(self.place.iam, f"list_{self.kind}_tags")(**self.named)
        found: list[dict[str, str]] = answer["Tags"]
        return found


@pytest.fixture(params=["user", "role", "policy"])
def target(place: Place, request: pytest.FixtureRequest) -> Target:
    return Target(place, request.param)


def test_tags_are_sorted_upper_case_first_and_replaced_by_key(target: Target) -> None:
    target.tag(*tags(b="1", a="2", C="3"))
    target.tag(*tags(a="4"))
    assert target.tags() == tags(C="3", a="4", b="1")
    target.call("untag")(**target.named, TagKeys=["b", "missing"])
    assert target.tags() == tags(C="3", a="4")


def test_the_case_of_keys_matters_for_policies_only(target: Target) -> None:
    target.tag(*tags(Key="1"))
    target.tag(*tags(key="2"))
    policy = target.kind == "policy"
    assert target.tags() == (tags(Key="1", key="2") if policy else tags(key="2"))
    if not policy:
        found = refusal(target.call("tag"), **target.named, Tags=tags(X="1", x="2"))
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        assert found == (400, "InvalidInput", text)
    twice = [*tags(x="1"), *tags(x="2")]
    assert refusal(target.call("tag"), **target.named, Tags=twice)[2].startswith("Duplicate tag keys found.")


def test_fifty_tags_are_the_most(target: Target) -> None:
    found = refusal(target.call("tag"), **target.named, Tags=many_tags(51))
    assert found[:2] == (400, "ValidationError")
    assert found[2].endswith("length less than or equal to 50")
    target.tag(*many_tags(50))
    found = refusal(target.call("tag"), **target.named, Tags=many_tags(1, "more"))
    assert found == (409, "LimitExceeded", "The number of tags has reached the maximum limit.")
    target.tag(*many_tags(50))


@pytest.mark.parametrize(
    ("sentence", "key", "value", "code", "text"),
    [
        (
            "a key of 129 characters",
            "k" * 129,
            "",
            "ValidationError",
            "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must "
            "have length less than or equal to 128",
        ),
        (
            "a value of 257 characters",
            "k",
            "v" * 257,
            "ValidationError",
            "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must "
            "have length less than or equal to 256",
        ),
        (
            "AWS's own prefix",
            "Aws:x",
            "",
            "InvalidInput",
            "aws: prefixed tag key names are not allowed for external use.",
        ),
    ],
)
def test_tags_that_are_refused(
    target: Target, sentence: str, key: str, value: str, code: str, text: str
) -> None:
    found = refusal(target.call("tag"), **target.named, Tags=[{"Key": key, "Value": value}])
    assert found == (400, code, text), sentence


def _create(iam: Any, kind: str, name: str, **more: Any) -> tuple[Any, dict[str, Any]]:
    given: dict[str, Any] = {f"{kind.title()}Name": name} | more
    if kind == "role":
        given["AssumeRolePolicyDocument"] = trusting({"AWS": "123456789012"})
    if kind == "policy":
        given["PolicyDocument"] = document()
    return getattr(iam, f"create_{kind}"), given


@pytest.mark.parametrize("kind", ["user", "role", "policy"])
def test_creating_with_tags_asks_for_tagging_too(place: Place, kind: str) -> None:
    word = kind.title()
    iam = place.client("iam", place.user("casey", statement("Allow", f"iam:Create{word}")))
    call, given = _create(iam, kind, "bare")
    call(**given)
    call, given = _create(iam, kind, "tagged", Tags=tags(a="b"))
    _, code, message = refusal(call, **given)
    assert (code, f"iam:Tag{word}" in message) == ("AccessDenied", True)
    iam = place.client("iam", place.user("alex", statement("Allow", [f"iam:Create{word}", f"iam:Tag{word}"])))
    call, given = _create(iam, kind, "tagged", Tags=tags(a="b"))
    call(**given)


@pytest.mark.parametrize("kind", ["user", "role", "policy"])
@pytest.mark.parametrize(
    ("sentence", "condition", "given", "permitted"),
    [
        ("the requested value", {"StringEquals": {"aws:RequestTag/team": "red"}}, {"Team": "red"}, True),
        ("another value", {"StringEquals": {"aws:RequestTag/team": "red"}}, {"Team": "blue"}, False),
        (
            "only known keys",
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
            {"a": "", "b": ""},
            True,
        ),
        ("an unknown key", {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"a": "", "c": ""}, False),
    ],
)
def test_conditions_on_the_tags_of_the_request(
    place: Place, kind: str, sentence: str, condition: Any, given: dict[str, str], permitted: bool
) -> None:
    iam = place.client("iam", place.user("casey", statement("Allow", "iam:*", Condition=condition)))
    call, parameters = _create(iam, kind, "made", Tags=tags(**given))
    assert allowed(call, **parameters) is permitted, sentence
    named = Target(place, kind).named
    assert allowed(getattr(iam, f"tag_{kind}"), **named, Tags=tags(**given)) is permitted, sentence


def test_untagging_asks_for_the_keys(target: Target) -> None:
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}
    key = target.place.user("casey", statement("Allow", "iam:Untag*", Condition=only))
    untag = getattr(target.place.client("iam", key), f"untag_{target.kind}")
    assert allowed(untag, **target.named, TagKeys=["a"])
    assert not allowed(untag, **target.named, TagKeys=["a", "b"])


@pytest.mark.parametrize("name", ["aws:ResourceTag/team", "iam:ResourceTag/Team"])
def test_conditions_on_the_tags_of_the_target(target: Target, name: str) -> None:
    only = {"StringEquals": {name: "red"}}
    key = target.place.user("casey", statement("Allow", "iam:Get*", Condition=only))
    get = getattr(target.place.client("iam", key), f"get_{target.kind}")
    assert not allowed(get, **target.named)
    target.tag(*tags(team="red"))
    assert allowed(get, **target.named)
