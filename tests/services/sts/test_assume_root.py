"""AssumeRoot: one task as another account's root user, where the operator said so; and the error of GetDelegatedAccessToken."""

from __future__ import annotations

import time
from typing import Any

import pytest

from authenticator import Authenticator
from places import Place, allowed, document, refusal, statement, trusting
from raw import Answer

AUDIT, PASSWORD, DELETE, BUCKET, QUEUE = (
    {"arn": f"arn:aws:iam::aws:policy/root-task/{name}"}
    for name in (
        "IAMAuditRootUserCredentials",
        "IAMCreateRootUserPassword",
        "IAMDeleteRootUserCredentials",
        "S3UnlockBucketPolicy",
        "SQSUnlockQueuePolicy",
    )
)


class Stage:
    """A managing account with ann in it, who may assume root users, and a member account that it manages."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.member = Place(place.server)
        self.manage(place.number)
        self.ann = place.client("sts", place.user("ann", statement("Allow", "sts:*")))

    def manage(self, by: str) -> None:
        """Say who manages the member account's root user."""
        self.place.server.operator("account.set", account=self.member.number, root_manager=by)

    def root(self, task: dict[str, str] = AUDIT, **more: Any) -> dict[str, Any]:
        """Assume the member's root user for a task."""
        answer = self.ann.assume_root(TargetPrincipal=self.member.number, TaskPolicyArn=task, **more)
        credentials: dict[str, Any] = answer["Credentials"]
        return credentials

    def refused(self, sts: Any = None, **more: Any) -> tuple[int, str, str]:
        given = {"TargetPrincipal": self.member.number, "TaskPolicyArn": AUDIT} | more
        return refusal((sts or self.ann).assume_root, **given)

    def denied(self, who: str) -> tuple[int, str, str]:
        text = (
            f"User: {who} is not authorized to perform: sts:AssumeRoot on resource: {self.member.arn('root')}"
        )
        return 403, "AccessDenied", text


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(place)


def test_the_session_is_the_members_root_user(stage: Stage) -> None:
    identity = stage.place.client("sts", stage.root()).get_caller_identity()
    assert identity["Arn"] == stage.member.arn("root")
    assert (identity["UserId"], identity["Account"]) == (stage.member.number, stage.member.number)


@pytest.mark.parametrize("port", ["", ":443"])
def test_aws_offers_it_at_regional_endpoints_only(stage: Stage, port: str) -> None:
    keys = stage.place.user("bob", statement("Allow", "sts:*"))
    asked = {"TargetPrincipal": stage.member.number, "TaskPolicyArn.arn": AUDIT["arn"]}

    def ask(host: str) -> Answer:
        return stage.place.query(keys, "sts", "AssumeRoot", asked, Host=host + port)

    refused = ask("STS.amazonaws.com")
    assert refused.status == 400
    assert "<Code>InvalidAction</Code>" in refused.text
    assert "<Message>Unknown Operation</Message>" in refused.text
    for host in ("sts.us-east-1.amazonaws.com", "vestry.internal"):
        assert ask(host).status == 200
    other = stage.place.query(keys, "sts", "GetCallerIdentity", {}, Host="sts.amazonaws.com")
    assert other.status == 200


def test_the_target_may_be_named_by_its_arn(stage: Stage) -> None:
    stage.ann.assume_root(TargetPrincipal=stage.member.arn("root"), TaskPolicyArn=AUDIT)


def test_without_the_operators_word_it_is_denied_whatever_the_policies_allow(stage: Stage) -> None:
    ann = stage.place.arn("user/ann")
    stage.manage("none")
    assert stage.refused() == stage.denied(ann)
    stage.manage(Place(stage.place.server).number)
    assert stage.refused() == stage.denied(ann), "another account manages it"
    own = refusal(stage.ann.assume_root, TargetPrincipal=stage.place.number, TaskPolicyArn=AUDIT)
    assert own[:2] == (403, "AccessDenied")
    nowhere = refusal(stage.ann.assume_root, TargetPrincipal="000000000001", TaskPolicyArn=AUDIT)
    assert nowhere[:2] == (403, "AccessDenied")


def test_the_caller_needs_an_allow_too(stage: Stage) -> None:
    eve = stage.place.client("sts", stage.place.user("eve"))
    assert stage.refused(eve) == stage.denied(stage.place.arn("user/eve"))


def test_members_of_the_member_may_not(stage: Stage) -> None:
    bob = stage.member.client("sts", stage.member.user("bob", statement("Allow", "*")))
    assert stage.refused(bob)[:2] == (403, "AccessDenied")


def test_root_users_may_not(stage: Stage) -> None:
    text = f"User: {stage.place.arn('root')} is not authorized to perform: sts:AssumeRoot"
    assert stage.refused(stage.place.sts) == (403, "AccessDenied", text)


def test_the_task_is_a_condition_key(stage: Stage) -> None:
    only = {"ArnEquals": {"sts:TaskPolicyArn": DELETE["arn"]}}
    sts = stage.place.client(
        "sts", stage.place.user("eve", statement("Allow", "sts:AssumeRoot", Condition=only))
    )
    assert stage.refused(sts)[0] == 403
    sts.assume_root(TargetPrincipal=stage.member.number, TaskPolicyArn=DELETE)


def test_auditing_looks_and_changes_nothing(stage: Stage) -> None:
    iam = stage.place.client("iam", stage.root(AUDIT))
    (key,) = iam.list_access_keys()["AccessKeyMetadata"]
    assert key["AccessKeyId"] == stage.member.keys["AccessKeyId"]
    assert allowed(iam.get_access_key_last_used, AccessKeyId=key["AccessKeyId"])
    assert iam.get_user()["User"]["Arn"] == stage.member.arn("root")
    assert iam.list_mfa_devices()["MFADevices"] == []
    stage.member.user("bob")
    for call, given in (
        (iam.delete_access_key, {"AccessKeyId": key["AccessKeyId"]}),
        (iam.create_access_key, {}),
        (iam.list_users, {}),
        (iam.list_access_keys, {"UserName": "bob"}),
        (iam.create_user, {"UserName": "eve"}),
    ):
        assert not allowed(call, **given), call


def test_deleting_credentials_of_the_root_user_and_of_nobody_else(stage: Stage) -> None:
    device = Authenticator(stage.member, "root")
    device.enable("root")
    bob = stage.member.user("bob")
    iam = stage.place.client("iam", stage.root(DELETE))
    iam.deactivate_mfa_device(SerialNumber=device.serial)
    assert not allowed(iam.delete_access_key, UserName="bob", AccessKeyId=bob["AccessKeyId"])
    iam.delete_access_key(AccessKeyId=stage.member.keys["AccessKeyId"])
    assert iam.list_access_keys()["AccessKeyMetadata"] == []
    gone = refusal(stage.member.iam.list_users)
    assert gone[1] == "InvalidClientTokenId"


@pytest.mark.parametrize("task", [PASSWORD, BUCKET, QUEUE], ids=lambda task: task["arn"].rpartition("/")[2])
def test_other_tasks_open_sessions_that_do_nothing_here(stage: Stage, task: dict[str, str]) -> None:
    iam = stage.place.client("iam", stage.root(task))
    assert not allowed(iam.list_access_keys)
    assert not allowed(iam.list_users)


def test_what_such_a_session_may_not_do_in_sts(stage: Stage) -> None:
    sts = stage.place.client("sts", stage.root())
    role = stage.member.role("work", trusting({"AWS": stage.member.number}))
    assert refusal(sts.get_session_token)[2] == "Cannot call GetSessionToken with session credentials"
    assumed = refusal(sts.assume_role, RoleArn=role, RoleSessionName="work")
    assert assumed == (403, "AccessDenied", "Roles may not be assumed by root accounts.")
    assert stage.refused(sts)[0] == 403


@pytest.mark.parametrize(
    ("asked", "lasts"), [({}, 900), ({"DurationSeconds": 60}, 60), ({"DurationSeconds": 900}, 900)]
)
def test_a_root_session_lasts_a_quarter_of_an_hour_at_most(
    stage: Stage, asked: dict[str, int], lasts: int
) -> None:
    ends = stage.root(**asked)["Expiration"].timestamp()
    assert abs(ends - time.time() - lasts) < 5
    status, code, message = stage.refused(DurationSeconds=901)
    assert (status, code) == (400, "ValidationError")
    assert message.endswith("Member must have value less than or equal to 900")


def test_a_session_of_no_seconds_is_expired_at_once(stage: Stage) -> None:
    keys = stage.root(DurationSeconds=0)
    assert refusal(stage.place.client("sts", keys).get_caller_identity)[1] == "ExpiredToken"


@pytest.mark.parametrize(
    ("sentence", "given", "text"),
    [
        ("no account", {"TargetPrincipal": "somebody-else"}, "somebody-else is invalid"),
        (
            "a user",
            {"TargetPrincipal": "arn:aws:iam::123456789012:user/x"},
            "arn:aws:iam::123456789012:user/x is invalid",
        ),
        (
            "a policy of one's own",
            {"TaskPolicyArn": {"arn": "arn:aws:iam::123456789012:policy/x"}},
            "arn:aws:iam::123456789012:policy/x is not a task policy of AssumeRoot.",
        ),
    ],
)
def test_refused_parameters(stage: Stage, sentence: str, given: dict[str, Any], text: str) -> None:
    assert stage.refused(**given) == (400, "ValidationError", text), sentence


def test_a_source_identity_comes_along(stage: Stage) -> None:
    role = stage.place.role("admins")
    stage.place.iam.put_role_policy(RoleName="admins", PolicyName="p", PolicyDocument=document())
    keys = stage.ann.assume_role(RoleArn=role, RoleSessionName="work", SourceIdentity="ann")["Credentials"]
    answer = stage.place.client("sts", keys).assume_root(
        TargetPrincipal=stage.member.number, TaskPolicyArn=AUDIT
    )
    assert answer["SourceIdentity"] == "ann"


def test_policies_can_tell_an_assumed_root_user(stage: Stage) -> None:
    """The key is there in such sessions only; no policy binds a root user here but its task's, so it is asked directly."""
    told = stage.place.server.operator
    iam = stage.place.client("iam", stage.root())
    with pytest.raises(Exception, match="AccessDenied") as caught:
        iam.list_users()
    identifier = caught.value.response["ResponseMetadata"]["RequestId"]  # type: ignore[attr-defined]
    encoded = told("explain.request", request_id=identifier)["encodedMessage"]
    said = stage.member.sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    assert '{"key":"aws:assumedroot","values":{"items":[{"value":"true"}]}}' in said


def test_the_operator_says_who_manages_whom(stage: Stage) -> None:
    server, number = stage.place.server, stage.member.number
    with pytest.raises(Exception, match="cannot manage its own"):
        server.operator("account.set", account=number, root_manager=number)
    with pytest.raises(Exception, match="cannot be found"):
        server.operator("account.set", account=number, root_manager="999999999999")
    other = Place(server)
    stage.manage(other.number)
    rows = {row["AccountId"]: row for row in server.operator("account.list")["Accounts"]}
    assert rows[number]["RootSessionsBy"] == other.number
    server.operator("account.delete", account=other.number)
    rows = {row["AccountId"]: row for row in server.operator("account.list")["Accounts"]}
    assert rows[number]["RootSessionsBy"] is None, "who manages nothing any more manages no successor either"


def test_a_trade_in_token_is_never_good(place: Place) -> None:
    assert refusal(place.sts.get_delegated_access_token, TradeInToken="anything") == (
        400,
        "ExpiredTradeInTokenException",
        "The trade-in token is invalid or has expired.",
    )
