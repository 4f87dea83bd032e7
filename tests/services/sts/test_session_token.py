"""GetSessionToken: a user or root user in temporary form, how long, and what such a session may not call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from places import Place, document, refusal, statement, trusting

INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
WITH_SESSION = (403, "AccessDenied", "Cannot call {} with session credentials")


def lasting(credentials: dict[str, Any]) -> int:
    """Return how many seconds credentials will last, give or take two."""
    seconds = (credentials["Expiration"] - datetime.now(UTC)).total_seconds()
    return round(seconds / 5) * 5


def test_the_session_is_the_user_itself(place: Place) -> None:
    casey = place.user("casey")
    keys = place.client("sts", casey).get_session_token()["Credentials"]
    identity = place.client("sts", keys).get_caller_identity()
    assert identity["Arn"] == place.arn("user/casey")
    assert identity["UserId"] == place.iam.get_user(UserName="casey")["User"]["UserId"]
    assert keys["AccessKeyId"].startswith("ASIA")


def test_no_policy_can_forbid_it(place: Place) -> None:
    casey = place.user("casey", statement("Deny", "*"))
    place.client("sts", casey).get_session_token()


@pytest.mark.parametrize(
    ("sentence", "asked", "lasts"),
    [
        ("half a day, when nothing is asked", {}, 43_200),
        ("as long as is asked", {"DurationSeconds": 900}, 900),
        ("a day and a half at most", {"DurationSeconds": 129_600}, 129_600),
    ],
)
def test_a_users_session_lasts(place: Place, sentence: str, asked: dict[str, int], lasts: int) -> None:
    sts = place.client("sts", place.user("casey"))
    assert lasting(sts.get_session_token(**asked)["Credentials"]) == lasts, sentence


@pytest.mark.parametrize(
    ("sentence", "asked", "lasts"),
    [
        ("an hour, when nothing is asked", {}, 3600),
        ("less, when less is asked", {"DurationSeconds": 900}, 900),
        ("an hour, when more is asked", {"DurationSeconds": 129_600}, 3600),
    ],
)
def test_a_root_users_session_lasts(place: Place, sentence: str, asked: dict[str, int], lasts: int) -> None:
    keys = place.sts.get_session_token(**asked)["Credentials"]
    assert lasting(keys) == lasts, sentence
    assert place.client("sts", keys).get_caller_identity()["Arn"] == place.arn("root")


@pytest.mark.parametrize(("seconds", "which"), [(899, "greater"), (129_601, "less")])
def test_durations_that_aws_refuses(place: Place, seconds: int, which: str) -> None:
    sts = place.client("sts", place.user("casey"))
    status, code, message = refusal(sts.get_session_token, DurationSeconds=seconds)
    assert (status, code) == (400, "ValidationError")
    assert f"at 'durationSeconds' failed to satisfy constraint: Member must have value {which}" in message


@pytest.mark.parametrize("least", [0, 1, 240, 1000, 4095, 4096])
def test_a_token_is_at_least_as_long_as_is_asked_for(place: Place, least: int) -> None:
    sts = place.client("sts", place.user("casey"))
    usual = sts.get_session_token()
    assert "SessionTokenSize" not in usual
    shortest = len(usual["Credentials"]["SessionToken"])
    answer = sts.get_session_token(MinimumSessionTokenSize=least)
    size = len(answer["Credentials"]["SessionToken"])
    assert max(least, shortest) <= size <= max(least, shortest) + 3
    assert answer["SessionTokenSize"] == size
    assert answer["SessionTokenUtilization"] == -(-100 * size // 4096)
    caller = place.client("sts", answer["Credentials"]).get_caller_identity()
    assert caller["Arn"] == place.arn("user/casey")


def test_no_token_is_made_longer_than_aws_makes_them(place: Place) -> None:
    sts = place.client("sts", place.user("casey"))
    code, text = refusal(sts.get_session_token, MinimumSessionTokenSize=4097)[1:]
    assert code == "ValidationError"
    assert "less than or equal to 4096" in text


def test_every_operation_that_gives_credentials_pads_their_token(place: Place) -> None:
    sts = place.client("sts", place.user("casey", statement("Allow", "sts:*")))
    role = place.role("app", trusting({"AWS": place.arn("user/casey")}))
    for answer in (
        sts.assume_role(RoleArn=role, RoleSessionName="job", MinimumSessionTokenSize=2000),
        sts.get_federation_token(Name="casey", MinimumSessionTokenSize=2000),
    ):
        assert 2000 <= len(answer["Credentials"]["SessionToken"]) == answer["SessionTokenSize"] < 2004


def test_iam_knows_no_session_without_mfa(place: Place) -> None:
    everything = place.user("casey", statement("Allow", "*"))
    for owner in (everything, place.keys):
        keys = place.client("sts", owner).get_session_token()["Credentials"]
        assert refusal(place.client("iam", keys).list_users) == INVALID


def test_of_sts_it_may_assume_roles_and_ask_who_it_is(place: Place) -> None:
    casey = place.user("casey", statement("Allow", "*"))
    role = place.role("work", MaxSessionDuration=7200)
    sts = place.client("sts", place.client("sts", casey).get_session_token()["Credentials"])
    sts.get_caller_identity()
    sts.assume_role(RoleArn=role, RoleSessionName="work")
    chained = refusal(sts.assume_role, RoleArn=role, RoleSessionName="work", DurationSeconds=3601)
    assert chained == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )
    who = place.arn("user/casey")
    denied = refusal(sts.get_access_key_info, AccessKeyId=casey["AccessKeyId"])
    assert denied == (403, "AccessDenied", f"User: {who} is not authorized to perform: sts:GetAccessKeyInfo")


@pytest.mark.parametrize(
    ("operation", "parameters"), [("GetSessionToken", {}), ("GetFederationToken", {"Name": "bob"})]
)
def test_no_session_gets_another_of_these(place: Place, operation: str, parameters: dict[str, Any]) -> None:
    casey = place.client("sts", place.user("casey", statement("Allow", "*")))
    role = place.role("work")
    place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    sessions = [
        casey.get_session_token()["Credentials"],
        casey.get_federation_token(Name="ann", Policy=document())["Credentials"],
        casey.assume_role(RoleArn=role, RoleSessionName="work")["Credentials"],
    ]
    status, code, text = WITH_SESSION
    for keys in sessions:
        sts = place.client("sts", keys)
        call = {"GetSessionToken": sts.get_session_token, "GetFederationToken": sts.get_federation_token}
        assert refusal(call[operation], **parameters) == (status, code, text.format(operation))


def test_it_ends_with_the_user_and_not_with_the_key(place: Place) -> None:
    casey = place.user("casey")
    keys = place.client("sts", casey).get_session_token()["Credentials"]
    place.iam.update_access_key(UserName="casey", AccessKeyId=casey["AccessKeyId"], Status="Inactive")
    place.client("sts", keys).get_caller_identity()
    place.iam.delete_access_key(UserName="casey", AccessKeyId=casey["AccessKeyId"])
    place.iam.delete_user(UserName="casey")
    place.iam.create_user(UserName="casey")
    assert refusal(place.client("sts", keys).get_caller_identity) == INVALID
