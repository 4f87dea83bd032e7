"""What a session carries with it, and what is looked up at each of its requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from places import Place, allowed, document, refusal, statement, tags, trusting

INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")


class Stage:
    """casey, who may assume roles, and the role `work`, which may do everything."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sts = place.client("sts", place.user("casey", statement("Allow", "sts:*")))
        self.role = place.role("work")
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())

    def session(self, **more: Any) -> dict[str, Any]:
        """Assume the role."""
        keys: dict[str, Any] = self.sts.assume_role(RoleArn=self.role, RoleSessionName="work", **more)[
            "Credentials"
        ]
        return keys


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(place)


@pytest.mark.parametrize("other", ["another session's", "nobody's", "a long-term key's"])
def test_a_session_is_known_by_its_own_access_key_only(stage: Stage, other: str) -> None:
    """Its own secret signs and its own token is sent: nothing but the key's id is somebody else's."""
    mine, theirs = stage.session(), stage.session()
    identifier = {
        "another session's": theirs["AccessKeyId"],
        "nobody's": mine["AccessKeyId"][:-1] + ("A" if mine["AccessKeyId"][-1] != "A" else "B"),
        "a long-term key's": stage.place.keys["AccessKeyId"],
    }[other]
    assert stage.place.client("sts", mine).get_caller_identity()
    borrowed = stage.place.client("sts", mine | {"AccessKeyId": identifier})
    assert refusal(borrowed.get_caller_identity) == INVALID


def test_policies_are_those_of_the_moment(stage: Stage) -> None:
    iam = stage.place.client("iam", stage.session())
    assert allowed(iam.list_users)
    deny = document(statement("Deny", "iam:ListUsers"))
    stage.place.iam.put_role_policy(RoleName="work", PolicyName="deny", PolicyDocument=deny)
    assert not allowed(iam.list_users)
    assert allowed(iam.list_roles)


def test_the_trust_policy_is_asked_once(stage: Stage) -> None:
    iam = stage.place.client("iam", stage.session())
    other = trusting(
        {"AWS": stage.place.arn("user/casey")}, Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    stage.place.iam.update_assume_role_policy(RoleName="work", PolicyDocument=other)
    assert allowed(iam.list_users)
    assert not allowed(stage.sts.assume_role, RoleArn=stage.role, RoleSessionName="work")


def test_a_session_ends_with_its_role_and_not_for_a_namesake(stage: Stage) -> None:
    keys = stage.session()
    iam = stage.place.iam
    iam.delete_role_policy(RoleName="work", PolicyName="p")
    iam.delete_role(RoleName="work")
    stage.place.role("work")
    assert refusal(stage.place.client("sts", keys).get_caller_identity) == INVALID


@pytest.mark.parametrize("of", ["role", "user"])
def test_older_sessions_are_revoked_by_their_issue_time(stage: Stage, of: str) -> None:
    """The console's "revoke active sessions", and the same for a user's own sessions (only EC2 admits those)."""
    if of == "role":
        keys = stage.session()
    else:
        user = stage.place.user("ann", statement("Allow", "*"))
        keys = stage.place.client("sts", user).get_session_token()["Credentials"]
    ec2 = stage.place.client("ec2", keys)
    ec2.describe_instances()
    moment = datetime.fromtimestamp(stage.place.server.clock.now() + 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = document(statement("Deny", "*", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}}))
    named = {"PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": older}
    if of == "role":
        stage.place.iam.put_role_policy(RoleName="work", **named)
    else:
        stage.place.iam.put_user_policy(UserName="ann", **named)
    assert refusal(ec2.describe_instances)[1] == "UnauthorizedOperation"
    stage.place.server.clock.offset += 2
    try:
        if of == "role":
            fresh = stage.session()
        else:
            fresh = stage.place.client("sts", user).get_session_token()["Credentials"]
        stage.place.client("ec2", fresh).describe_instances()
    finally:
        stage.place.server.clock.offset = 0


def test_it_expires(stage: Stage) -> None:
    keys = stage.session(DurationSeconds=900)
    stage.place.server.clock.offset += 900
    try:
        found = refusal(stage.place.client("sts", keys).get_caller_identity)
        assert found == (403, "ExpiredToken", "The security token included in the request is expired")
    finally:
        stage.place.server.clock.offset = 0


def test_the_arn_of_a_role_is_exact(stage: Stage) -> None:
    place = stage.place
    place.role("Deep", Path="/a/b/")
    exact = place.arn("role/a/b/Deep")
    answer = stage.sts.assume_role(RoleArn=exact, RoleSessionName="work")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{place.number}:assumed-role/Deep/work"
    for wrong in ("role/Deep", "role/a/b/deep", "role/a/Deep", "role/A/b/Deep"):
        who = place.arn("user/casey")
        text = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {place.arn(wrong)}"
        found = refusal(stage.sts.assume_role, RoleArn=place.arn(wrong), RoleSessionName="work")
        assert found == (403, "AccessDenied", text)


def test_ten_managed_session_policies_add_up_and_eleven_are_too_many(stage: Stage) -> None:
    actions = ["ListUsers", "ListRoles", "ListPolicies", *(f"Get{number}" for number in range(8))]
    arns = [
        {"arn": stage.place.policy(f"p{number}", document(statement("Allow", f"iam:{action}")))}
        for number, action in enumerate(actions)
    ]
    inline = document(statement("Allow", "iam:ListInstanceProfiles"))
    iam = stage.place.client("iam", stage.session(PolicyArns=arns[:10], Policy=inline))
    assert [allowed(call) for call in (iam.list_users, iam.list_roles, iam.list_policies)] == [True] * 3
    assert allowed(iam.list_instance_profiles)
    assert not allowed(iam.list_open_id_connect_providers)
    found = refusal(stage.sts.assume_role, RoleArn=stage.role, RoleSessionName="work", PolicyArns=arns)
    assert found == (
        400,
        "ValidationError",
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
        "less than or equal to 10",
    )


def test_a_managed_session_policy_that_is_gone_allows_nothing(stage: Stage) -> None:
    arn = stage.place.policy("reading", document(statement("Allow", "iam:ListUsers")))
    iam = stage.place.client("iam", stage.session(PolicyArns=[{"arn": arn}]))
    assert allowed(iam.list_users)
    stage.place.iam.delete_policy(PolicyArn=arn)
    assert not allowed(iam.list_users)


def test_inherited_tags_stand_before_those_of_the_role_that_is_asked_for(stage: Stage) -> None:
    place = stage.place
    same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    far = place.role("far", trusting({"AWS": place.number}, Condition=same), Tags=tags(team="blue"))
    plain = stage.session(Tags=tags(team="red"))
    assert not allowed(place.client("sts", plain).assume_role, RoleArn=far, RoleSessionName="work")
    handed_on = stage.session(Tags=tags(team="red"), TransitiveTagKeys=["team"])
    assert allowed(place.client("sts", handed_on).assume_role, RoleArn=far, RoleSessionName="work")
