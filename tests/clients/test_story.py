"""The main story with boto3 and with the AWS CLI v1, over a real socket: a role in one account, assumed from another."""

from __future__ import annotations

import itertools
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_cli import CliClient
from serving import Server

NUMBERS = itertools.count(1)

#: What depends on the session clock is told by the AWS CLI in test_story_clock_cli, with a clock that a person can move.
boto3_only = pytest.mark.parametrize("world", ["boto3"], indirect=True)
READS = ["iam:GetRole", "iam:ListRoles", "iam:GetUser"]


def policy(effect: str, action: Any, resource: Any, **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refused(code: str, message: str | None, call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert error["Message"] == message


class World:
    """Two accounts, casey in one, UpdateApp in the other."""

    def __init__(self, server: Server, name: str, home: Path | None) -> None:
        self.server = server
        self.home = home  # where the AWS CLI's configuration goes; None: boto3
        self.production = server.account(f"production-{name}")
        self.development = server.account(f"development-{name}")
        self.prod = self.client("iam", self.production)
        self.dev = self.client("iam", self.development)
        self.dev.create_user(UserName="casey")
        self.casey = self.dev.create_access_key(UserName="casey")["AccessKey"]
        self.prod.create_role(
            RoleName="UpdateApp",
            AssumeRolePolicyDocument=trust({"AWS": self.development["AccountId"]}),
        )
        self.prod.put_role_policy(
            RoleName="UpdateApp", PolicyName="reads", PolicyDocument=policy("Allow", READS, "*")
        )
        self.role = f"arn:aws:iam::{self.production['AccountId']}:role/UpdateApp"
        self.sts = self.client("sts", self.casey)

    def client(self, service: str, keys: dict[str, Any]) -> Any:
        if self.home is None:
            return self.server.client(service, keys, parameter_validation=False)
        return CliClient(self.server.endpoint, self.home, service, keys)

    def let_casey(self) -> None:
        self.dev.put_user_policy(
            UserName="casey",
            PolicyName="assume",
            PolicyDocument=policy("Allow", "sts:AssumeRole", self.role),
        )

    def assume(self, **more: Any) -> dict[str, Any]:
        answer = self.sts.assume_role(RoleArn=self.role, RoleSessionName="work", **more)
        credentials: dict[str, Any] = answer["Credentials"]
        return credentials


@pytest.fixture(params=["boto3", "aws-cli"])
def world(server: Server, request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(server, f"{next(NUMBERS)}", tmp_path if request.param == "aws-cli" else None)


def test_a_root_user_may_assume_no_role(world: World) -> None:
    sts = world.client("sts", world.development)
    refused(
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
        sts.assume_role,
        RoleArn=world.role,
        RoleSessionName="root",
    )


def test_a_new_user_may_only_ask_who_they_are(world: World) -> None:
    arn = f"arn:aws:iam::{world.development['AccountId']}:user/casey"
    assert world.sts.get_caller_identity()["Arn"] == arn
    iam = world.client("iam", world.casey)
    refused(
        "AccessDenied",
        f"User: {arn} is not authorized to perform: iam:GetUser on resource: user casey because no identity-based "
        "policy allows the iam:GetUser action",
        iam.get_user,
    )


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("principal", "shown"),
    [
        ("*", "*"),
        ({"AWS": "*"}, "*"),
        ({"AWS": ["*"]}, "*"),
        ({"AWS": "arn:aws:iam::111122223333:user/*"}, "arn:aws:iam::111122223333:user/*"),
    ],
)
def test_a_wildcard_is_no_principal_of_a_trust_policy(
    world: World, principal: Any, shown: str, effect: str
) -> None:
    refused(
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{shown}"',
        world.prod.create_role,
        RoleName="everybody",
        AssumeRolePolicyDocument=trust(principal, Effect=effect),
    )


def test_the_account_setting_restores_what_aws_tolerates(world: World) -> None:
    world.server.operator(
        "account.set", account=world.production["AccountId"], allow_wildcard_principals=True
    )
    world.prod.create_role(RoleName="everybody", AssumeRolePolicyDocument=trust({"AWS": "*"}))
    refused(
        "MalformedPolicyDocument",
        None,
        world.prod.create_role,
        RoleName="bare",
        AssumeRolePolicyDocument=trust("*"),
    )


def test_both_halves_are_needed_across_accounts(world: World) -> None:
    denial = (
        f"User: arn:aws:iam::{world.development['AccountId']}:user/casey is not authorized to perform: "
        f"sts:AssumeRole on resource: {world.role}"
    )
    refused("AccessDenied", denial, world.sts.assume_role, RoleArn=world.role, RoleSessionName="work")
    world.let_casey()
    world.assume()
    world.prod.update_assume_role_policy(
        RoleName="UpdateApp", PolicyDocument=trust({"AWS": world.production["AccountId"]})
    )
    refused("AccessDenied", denial, world.sts.assume_role, RoleArn=world.role, RoleSessionName="work")


def test_a_session_may_do_what_the_role_may_and_nothing_else(world: World) -> None:
    world.let_casey()
    session = world.assume()
    iam = world.client("iam", session)
    assert iam.get_role(RoleName="UpdateApp")["Role"]["Arn"] == world.role
    me = world.client("sts", session).get_caller_identity()
    account = world.production["AccountId"]
    assert me["Arn"] == f"arn:aws:sts::{account}:assumed-role/UpdateApp/work"
    assert me["UserId"].startswith("AROA")
    assert me["UserId"].endswith(":work")
    refused(
        "AccessDenied",
        f"User: {me['Arn']} is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{account}:user/x because no identity-based policy allows the iam:CreateUser action",
        iam.create_user,
        UserName="x",
    )


@boto3_only
def test_a_session_expires_by_itself(world: World) -> None:
    world.let_casey()
    session = world.assume(DurationSeconds=900)
    sts = world.client("sts", session)
    sts.get_caller_identity()
    try:
        world.server.clock.offset = 700
        sts.get_caller_identity()
        world.server.clock.offset = 901
        refused(
            "ExpiredToken", "The security token included in the request is expired", sts.get_caller_identity
        )
    finally:
        world.server.clock.offset = 0


@boto3_only
@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (
            899,
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must "
            "have value greater than or equal to 900",
        ),
        (3601, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ],
)
def test_a_session_keeps_to_its_bounds(world: World, seconds: int, message: str) -> None:
    world.let_casey()
    sts = world.client("sts", world.casey)
    refused(
        "ValidationError",
        message,
        sts.assume_role,
        RoleArn=world.role,
        RoleSessionName="work",
        DurationSeconds=seconds,
    )


@boto3_only
def test_the_longest_session_is_the_roles(world: World) -> None:
    world.let_casey()
    world.prod.update_role(RoleName="UpdateApp", MaxSessionDuration=7200)
    end = world.assume(DurationSeconds=7200)["Expiration"]
    left = (end if isinstance(end, datetime) else datetime.fromisoformat(end)).timestamp() - time.time()
    assert 7100 < left <= 7201


@boto3_only
def test_changed_permissions_take_effect_at_the_next_request(world: World) -> None:
    world.let_casey()
    iam = world.client("iam", world.assume())
    iam.list_roles()
    world.prod.put_role_policy(
        RoleName="UpdateApp", PolicyName="no", PolicyDocument=policy("Deny", "iam:ListRoles", "*")
    )
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        iam.list_roles()
    world.prod.delete_role_policy(RoleName="UpdateApp", PolicyName="no")
    iam.list_roles()


@boto3_only
def test_a_detached_policy_takes_effect_at_the_next_request(world: World) -> None:
    world.let_casey()
    made = world.prod.create_policy(PolicyName="more", PolicyDocument=policy("Allow", "iam:ListUsers", "*"))
    arn = made["Policy"]["Arn"]
    iam = world.client("iam", world.assume())
    refused("AccessDenied", None, iam.list_users)
    world.prod.attach_role_policy(RoleName="UpdateApp", PolicyArn=arn)
    iam.list_users()
    world.prod.detach_role_policy(RoleName="UpdateApp", PolicyArn=arn)
    refused("AccessDenied", None, iam.list_users)


@boto3_only
def test_a_deactivated_key_stops_at_the_next_request(world: World) -> None:
    key = world.casey["AccessKeyId"]
    world.sts.get_caller_identity()
    world.dev.update_access_key(UserName="casey", AccessKeyId=key, Status="Inactive")
    refused(
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        world.sts.get_caller_identity,
    )


@boto3_only
def test_sessions_of_a_deleted_role_stay_dead_when_it_is_created_again(world: World) -> None:
    world.let_casey()
    sts = world.client("sts", world.assume())
    world.prod.delete_role_policy(RoleName="UpdateApp", PolicyName="reads")
    world.prod.delete_role(RoleName="UpdateApp")
    refused("InvalidClientTokenId", None, sts.get_caller_identity)
    world.prod.create_role(
        RoleName="UpdateApp", AssumeRolePolicyDocument=trust({"AWS": world.development["AccountId"]})
    )
    refused("InvalidClientTokenId", None, sts.get_caller_identity)
    world.assume()


@boto3_only
def test_revoked_sessions_are_denied_and_newer_ones_are_not(world: World) -> None:
    world.let_casey()
    old = world.client("iam", world.assume())
    try:
        world.server.clock.offset = 60
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30))
        world.prod.put_role_policy(
            RoleName="UpdateApp",
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=policy(
                "Deny", "*", "*", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}}
            ),
        )
        with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
            old.list_roles()
        world.client("iam", world.assume()).list_roles()
    finally:
        world.server.clock.offset = 0


@boto3_only
def test_live_sessions_go_on_when_trust_is_removed(world: World) -> None:
    world.let_casey()
    iam = world.client("iam", world.assume())
    world.prod.update_assume_role_policy(
        RoleName="UpdateApp", PolicyDocument=trust({"AWS": world.production["AccountId"]})
    )
    refused("AccessDenied", None, world.sts.assume_role, RoleArn=world.role, RoleSessionName="work")
    iam.list_roles()


@boto3_only
def test_in_one_account_a_named_user_needs_no_policy_and_a_covered_one_does(world: World) -> None:
    account = world.development["AccountId"]
    user = f"arn:aws:iam::{account}:user/casey"
    world.dev.create_role(RoleName="named", AssumeRolePolicyDocument=trust({"AWS": user}))
    world.dev.create_role(RoleName="covered", AssumeRolePolicyDocument=trust({"AWS": account}))
    named, covered = (f"arn:aws:iam::{account}:role/{name}" for name in ("named", "covered"))
    world.sts.assume_role(RoleArn=named, RoleSessionName="work")
    refused(
        "AccessDenied",
        f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {covered} because no "
        "identity-based policy allows the sts:AssumeRole action",
        world.sts.assume_role,
        RoleArn=covered,
        RoleSessionName="work",
    )
    world.dev.put_user_policy(
        UserName="casey", PolicyName="p", PolicyDocument=policy("Allow", "sts:AssumeRole", covered)
    )
    world.sts.assume_role(RoleArn=covered, RoleSessionName="work")


@boto3_only
def test_a_recreated_user_is_not_trusted(world: World) -> None:
    account = world.development["AccountId"]
    user = f"arn:aws:iam::{account}:user/robin"
    first = world.dev.create_user(UserName="robin")["User"]["UserId"]
    world.dev.create_role(RoleName="for-robin", AssumeRolePolicyDocument=trust({"AWS": user}))
    world.dev.delete_user(UserName="robin")
    shown = world.dev.get_role(RoleName="for-robin")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": first}
    world.dev.create_user(UserName="robin")
    key = world.dev.create_access_key(UserName="robin")["AccessKey"]
    sts = world.client("sts", key)
    refused(
        "AccessDenied",
        None,
        sts.assume_role,
        RoleArn=f"arn:aws:iam::{account}:role/for-robin",
        RoleSessionName="work",
    )
