"""AssumeRole and its company: what a session may do, what it inherits, how long it lasts, how it is refused."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from places import Place, allowed, document, many_tags, padded, refusal, statement, tags, trusting

MFA = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
    "and associated with this user."
)
CASELESS = "Please note that Tag keys are case insensitive."
SOURCE_PATTERN = (
    "1 validation error detected: Value '{}' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy "
    "regular expression pattern: [\\w+=,.@-]*"
)


class Stage:
    """casey, who may do everything, and the role `work`, which may do everything."""

    def __init__(self, place: Place, **more: Any) -> None:
        self.place = place
        self.casey = place.user("casey", statement("Allow", "*"))
        self.sts = place.client("sts", self.casey)
        self.work = place.role("work", **more)
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())

    def assume(self, keys: dict[str, Any] | None = None, role: str = "", **more: Any) -> dict[str, Any]:
        sts = self.sts if keys is None else self.place.client("sts", keys)
        answer: dict[str, Any] = sts.assume_role(RoleArn=role or self.work, RoleSessionName="s1", **more)
        return answer

    def refused(self, keys: dict[str, Any] | None = None, **more: Any) -> tuple[int, str, str]:
        sts = self.sts if keys is None else self.place.client("sts", keys)
        return refusal(sts.assume_role, **({"RoleArn": self.work, "RoleSessionName": "s1"} | more))


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(place)


def test_the_answer_names_the_session_and_says_no_more_than_was_asked(stage: Stage) -> None:
    answer = stage.assume()
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{stage.place.number}:assumed-role/work/s1"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":s1")
    assert answer.keys() - {"ResponseMetadata"} == {"AssumedRoleUser", "Credentials"}
    identity = stage.place.client("sts", answer["Credentials"]).get_caller_identity()
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


READ_USERS = document(statement("Allow", "iam:ListUsers"))
READ_ROLES = document(statement("Allow", "iam:ListRoles"))


@pytest.mark.parametrize(
    ("sentence", "inline", "managed", "users", "roles"),
    [
        ("without a session policy the role's own permissions hold", None, (), True, True),
        ("an inline session policy narrows", READ_USERS, (), True, False),
        ("a managed session policy narrows", None, (READ_ROLES,), False, True),
        ("inline and managed session policies add up", READ_USERS, (READ_ROLES,), True, True),
        (
            "a denial in a session policy wins",
            document(statement("Allow", "*"), statement("Deny", "iam:ListUsers")),
            (),
            False,
            True,
        ),
    ],
)
def test_session_policies_narrow(
    stage: Stage, sentence: str, inline: str | None, managed: tuple[str, ...], users: bool, roles: bool
) -> None:
    arns = [{"arn": stage.place.policy(f"session{number}", text)} for number, text in enumerate(managed)]
    more: dict[str, Any] = ({"Policy": inline} if inline else {}) | ({"PolicyArns": arns} if arns else {})
    answer = stage.assume(**more)
    assert ("PackedPolicySize" in answer) == bool(more), sentence
    iam = stage.place.client("iam", answer["Credentials"])
    assert allowed(iam.list_users) is users, sentence
    assert allowed(iam.list_roles) is roles, sentence


def test_a_session_policy_cannot_widen(place: Place) -> None:
    stage = Stage(place)
    place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=READ_USERS)
    iam = place.client("iam", stage.assume(Policy=document())["Credentials"])
    assert allowed(iam.list_users)
    assert not allowed(iam.list_roles)


def _noise(size: int) -> str:
    letters = random.Random(size).choices(string.ascii_letters + string.digits, k=size)
    return "".join(letters)


REFUSED: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    (
        "an MFA serial number that is not the caller's",
        {"SerialNumber": "arn:aws:iam::123456789012:mfa/casey", "TokenCode": "123456"},
        (403, "AccessDenied", MFA),
    ),
    (
        "a managed session policy that does not exist",
        {"PolicyArns": [{"arn": "arn:aws:iam::123456789012:policy/none"}]},
        (
            404,
            "NoSuchEntity",
            "Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        ),
    ),
    (
        "a session policy that is not JSON",
        {"Policy": "{"},
        (400, "MalformedPolicyDocument", "Syntax errors in policy."),
    ),
    (
        "a session policy over 2048 characters",
        {"Policy": padded(2049)},
        (
            400,
            "PackedPolicyTooLarge",
            "Packed policy consumes 101% of allotted space, please use smaller policy.",
        ),
    ),
    (
        "the same tag key twice, ignoring case",
        {"Tags": tags(Team="a", team="b")},
        (400, "InvalidParameterValue", f"Duplicate tag keys found. {CASELESS}"),
    ),
    (
        "a tag of AWS's own",
        {"Tags": [{"Key": "AWS:x", "Value": ""}]},
        (400, "InvalidParameterValue", "aws: prefixed tag key names are not allowed for external use."),
    ),
    (
        "a transitive key that is no tag",
        {"Tags": tags(team="a"), "TransitiveTagKeys": ["other"]},
        (
            400,
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
    ),
    (
        "a source identity that begins like AWS's own",
        {"SourceIdentity": "AWS:x"},
        (400, "ValidationError", SOURCE_PATTERN.format("AWS:x")),
    ),
    (
        "what is not a role's ARN",
        {"RoleArn": "arn:a::::something/test-role"},
        (400, "ValidationError", "arn:a::::something/test-role is invalid"),
    ),
    (
        "more seconds than the role's maximum",
        {"DurationSeconds": 3601},
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
    ),
    (
        "fewer seconds than AWS's minimum",
        {"DurationSeconds": 899},
        (
            400,
            "ValidationError",
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 900",
        ),
    ),
]


@pytest.mark.parametrize(("sentence", "parameters", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(
    stage: Stage, sentence: str, parameters: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert stage.refused(**parameters) == expected, sentence


def test_a_policy_descriptor_without_an_arn_is_refused(stage: Stage) -> None:
    parameters = {"RoleArn": stage.work, "RoleSessionName": "s1", "PolicyArns.member.1.other": "x"}
    answer = stage.place.query(stage.casey, "sts", "AssumeRole", parameters)
    assert answer.status == 400
    assert "<Code>ValidationError</Code>" in answer.text


def test_tags_that_do_not_pack_are_too_large(stage: Stage) -> None:
    fat = [{"Key": f"key{number}", "Value": _noise(255 - number)} for number in range(20)]
    status, code, message = stage.refused(Tags=fat)
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert message.startswith("Packed policy consumes ")
    assert message.endswith("% of allotted space, please use smaller policy.")


def test_fifty_tags_are_the_most(stage: Stage) -> None:
    assert 0 < stage.assume(Tags=many_tags(50))["PackedPolicySize"] <= 100
    status, code, message = stage.refused(Tags=many_tags(51))
    assert (status, code) == (400, "ValidationError")
    assert message.endswith(
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
    )


@pytest.mark.parametrize(
    ("sentence", "given", "permitted"),
    [
        ("the right external id opens", {"ExternalId": "secret"}, True),
        ("a wrong external id does not", {"ExternalId": "Secret"}, False),
        ("nor does none", {}, False),
    ],
)
def test_external_id(place: Place, sentence: str, given: dict[str, Any], permitted: bool) -> None:
    trust = trusting({"AWS": place.number}, Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    stage = Stage(place, trust=trust)
    if permitted:
        stage.assume(**given)
    else:
        arn = place.arn("user/casey")
        text = f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {stage.work}"
        assert stage.refused(**given) == (403, "AccessDenied", text), sentence


@pytest.mark.parametrize(
    ("action", "given"),
    [("sts:TagSession", {"Tags": tags(team="a")}), ("sts:SetSourceIdentity", {"SourceIdentity": "casey"})],
)
def test_tags_and_source_identity_ask_for_actions_of_their_own(
    place: Place, action: str, given: dict[str, Any]
) -> None:
    stage = Stage(place, trust=trusting({"AWS": place.number}, "sts:AssumeRole"))
    stage.assume()
    arn = place.arn("user/casey")
    text = f"User: {arn} is not authorized to perform: {action} on resource: {stage.work}"
    assert stage.refused(**given) == (403, "AccessDenied", text)
    place.iam.update_assume_role_policy(
        RoleName="work", PolicyDocument=trusting({"AWS": place.number}, ["sts:AssumeRole", action])
    )
    stage.assume(**given)


def test_transitive_tags_travel_and_others_stay_behind(stage: Stage) -> None:
    only = [
        statement("Allow", "iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
        statement("Allow", "iam:ListRoles", Condition={"StringEquals": {"aws:PrincipalTag/job": "dev"}}),
        statement("Allow", "sts:*"),
    ]
    far = stage.place.role("far")
    farther = stage.place.role("farther")
    for name in ("far", "farther"):
        stage.place.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*only))
    first = stage.assume(Tags=tags(Team="red", job="dev"), TransitiveTagKeys=["team"])["Credentials"]
    second = stage.assume(first, far)["Credentials"]
    third = stage.assume(second, farther)["Credentials"]
    for keys in (second, third):
        iam = stage.place.client("iam", keys)
        assert allowed(iam.list_users), "the transitive tag is inherited, and inherited again"
        assert not allowed(iam.list_roles), "a tag that is not transitive is not inherited"
    conflict = stage.refused(second, RoleArn=farther, Tags=tags(TEAM="blue"))
    assert conflict == (
        400,
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
        "from the calling session.",
    )
    new = stage.assume(second, farther, Tags=tags(job="dev"))["Credentials"]
    assert allowed(stage.place.client("iam", new).list_roles), "new keys may be added on the way"


def test_the_source_identity_sticks(stage: Stage) -> None:
    far = stage.place.role("far")
    first = stage.assume(SourceIdentity="casey")
    assert first["SourceIdentity"] == "casey"
    keys = first["Credentials"]
    assert stage.assume(keys, far)["SourceIdentity"] == "casey"
    assert stage.assume(keys, far, SourceIdentity="casey")["SourceIdentity"] == "casey"
    assert stage.refused(keys, RoleArn=far, SourceIdentity="somebody") == (
        400,
        "ValidationError",
        "The source identity is already set for this assume role session",
    )
    stage.place.iam.update_assume_role_policy(
        RoleName="far", PolicyDocument=trusting({"AWS": stage.place.number}, "sts:AssumeRole")
    )
    status, _, message = stage.refused(keys, RoleArn=far)
    assert status == 403
    assert "sts:SetSourceIdentity" in message, "an inherited identity needs the permission too"


def test_a_chained_session_lasts_an_hour_at_most(stage: Stage) -> None:
    far = stage.place.role("far", MaxSessionDuration=7200)
    stage.assume(role=far, DurationSeconds=7200)
    keys = stage.assume()["Credentials"]
    stage.assume(keys, far, DurationSeconds=3600)
    assert stage.refused(keys, RoleArn=far, DurationSeconds=3601) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )
    assert "MaxSessionDuration" in stage.refused(keys, RoleArn=far, DurationSeconds=7201)[2], "the role first"


def test_the_same_policy_takes_the_same_share(stage: Stage) -> None:
    shares = {stage.assume(Policy=READ_USERS)["PackedPolicySize"] for _ in range(2)}
    assert len(shares) == 1
    assert stage.assume(Policy=padded(2048))["PackedPolicySize"] <= 100
