"""Services that assume roles: by their name in a trust policy, with a key of their own, and for whom they say."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from places import Place, document, refusal, statement, trusting
from raw import send, signed
from serving import Server
from vestry.cli.failure import Failure

NUMBERS = itertools.count(1)
SOURCE = "arn:aws:s3:::reports"


class Registered:
    """A service, its key, and clients that speak for sources."""

    def __init__(self, server: Server, name: str | None = None) -> None:
        self.server = server
        self.name = name or f"backup-{next(NUMBERS)}.internal"
        self.keys = server.operator("service.create", name=self.name)

    def client(self, service: str = "sts", **sources: str) -> Any:
        """A client; `account` and `arn` say on whose behalf it calls."""
        client = self.server.client(service, self.keys, parameter_validation=False)

        def add(request: Any, **_: Any) -> None:
            for name, value in sources.items():
                request.headers[f"x-amz-source-{name}"] = value

        client.meta.events.register("before-sign.*.*", add)
        return client

    def may_assume(self, role: str, **sources: str) -> bool:
        """Tell whether the service may assume a role; only AccessDenied is a no."""
        try:
            self.client(**sources).assume_role(RoleArn=role, RoleSessionName="nightly")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", error
            return False
        return True


@pytest.fixture
def backup(server: Server) -> Registered:
    return Registered(server)


def test_it_says_its_name_and_belongs_to_no_account(backup: Registered) -> None:
    me = backup.client().get_caller_identity()
    assert me["Arn"] == f"arn:aws:iam:::service/{backup.name}"
    assert (me["UserId"], me["Account"]) == (backup.name, "")


def test_the_role_that_names_it_is_assumed_by_it_and_by_nobody_else(backup: Registered, place: Place) -> None:
    role = place.role("backup", trusting({"Service": backup.name}, "sts:AssumeRole"))
    place.iam.put_role_policy(
        RoleName="backup", PolicyName="p", PolicyDocument=document(statement("Allow", "iam:GetRole"))
    )
    session = backup.client().assume_role(RoleArn=role, RoleSessionName="nightly")
    iam = place.client("iam", session["Credentials"])
    shown = iam.get_role(RoleName="backup")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"Service": backup.name}
    me = place.client("sts", session["Credentials"]).get_caller_identity()["Arn"]
    assert me == f"arn:aws:sts::{place.number}:assumed-role/backup/nightly"
    admin = place.user("admin", statement("Allow", "*"))
    for stranger in (place.client("sts", admin), place.client("sts", session["Credentials"])):
        assert refusal(stranger.assume_role, RoleArn=role, RoleSessionName="once")[1] == "AccessDenied"
    assert refusal(place.sts.assume_role, RoleArn=role, RoleSessionName="once")[1] == "AccessDenied"
    other = Registered(backup.server)
    denial = f"User: {other.name} is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert refusal(other.client().assume_role, RoleArn=role, RoleSessionName="once") == (
        403,
        "AccessDenied",
        denial,
    )


def test_a_role_that_trusts_an_account_does_not_trust_services(backup: Registered, place: Place) -> None:
    assert not backup.may_assume(place.role("people"))
    assert not backup.may_assume(place.arn("role/none"))


def test_it_has_no_second_factor(backup: Registered, place: Place) -> None:
    role = place.role("backup", trusting({"Service": backup.name}))
    device = {"SerialNumber": place.arn("mfa/own"), "TokenCode": "123456"}
    call = backup.client().assume_role
    assert refusal(call, RoleArn=role, RoleSessionName="once", **device)[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"account": "here", "arn": SOURCE}, True),
        ({"account": "999999999999", "arn": SOURCE}, False),
        ({"account": "here", "arn": "arn:aws:s3:::other"}, False),
        ({"account": "here"}, False),
        ({"arn": SOURCE}, False),
        ({}, False),
    ],
)
def test_the_source_guards_against_the_confused_deputy(
    backup: Registered, place: Place, sources: dict[str, str], expected: bool
) -> None:
    condition = {
        "StringEquals": {"aws:SourceAccount": place.number},
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::report*"},
    }
    role = place.role("backup", trusting({"Service": backup.name}, "sts:AssumeRole", Condition=condition))
    said = {name: place.number if value == "here" else value for name, value in sources.items()}
    assert backup.may_assume(role, **said) is expected


def test_from_anybody_else_a_source_means_nothing(server: Server, place: Place) -> None:
    key = place.user("ann")
    condition = {"StringEquals": {"aws:SourceAccount": place.number}}
    role = place.role("r", trusting({"AWS": place.arn("user/ann")}, "sts:AssumeRole", Condition=condition))
    ann = Registered.__new__(Registered)
    ann.server, ann.name, ann.keys = server, "ann", key
    assert not ann.may_assume(role, account=place.number)
    condition = {"Null": {"aws:SourceAccount": "true"}}
    role = place.role("s", trusting({"AWS": place.arn("user/ann")}, "sts:AssumeRole", Condition=condition))
    assert ann.may_assume(role, account=place.number)


@pytest.mark.parametrize(
    "sources", [{"account": "12345"}, {"account": "production"}, {"arn": "reports"}, {"account": ""}]
)
def test_a_source_that_is_none_is_refused(backup: Registered, place: Place, sources: dict[str, str]) -> None:
    role = place.role("backup", trusting({"Service": backup.name}))
    call = backup.client(**sources).assume_role
    assert refusal(call, RoleArn=role, RoleSessionName="once")[1] == "ValidationError"


def test_a_source_that_is_not_signed_is_refused(backup: Registered) -> None:
    server = backup.server
    head, body = signed(server.endpoint, backup.keys, "sts", "GetCallerIdentity")
    answer = send(server.endpoint, "POST", "/", head | {"x-amz-source-account": "111122223333"}, body)
    assert answer.status == 403
    assert "'x-amz-source-account' must be a 'SignedHeader'" in answer.text


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, False),
        ({"StringEquals": {"aws:PrincipalServiceName": "NAME"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": ["NAME", "x"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": ["x"]}}, False),
        ({"Null": {"aws:PrincipalArn": "true", "aws:userid": "true", "aws:PrincipalAccount": "true"}}, True),
        ({"Null": {"aws:PrincipalType": "true", "aws:TokenIssueTime": "true"}}, True),
        ({"StringEquals": {"sts:RoleSessionName": "nightly"}}, True),
        ({"StringEquals": {"sts:RoleSessionName": "hourly"}}, False),
    ],
)
def test_the_condition_keys_of_a_service(
    backup: Registered, place: Place, condition: dict[str, Any], expected: bool
) -> None:
    condition = json.loads(json.dumps(condition).replace("NAME", backup.name))
    role = place.role("backup", trusting({"Service": backup.name}, "sts:AssumeRole", Condition=condition))
    assert backup.may_assume(role) is expected


def test_a_user_is_no_service(place: Place) -> None:
    key = place.user("ann")
    condition = {"Bool": {"aws:PrincipalIsAWSService": "false"}, "Null": {"aws:PrincipalServiceName": "true"}}
    role = place.role("r", trusting({"AWS": place.arn("user/ann")}, "sts:AssumeRole", Condition=condition))
    place.client("sts", key).assume_role(RoleArn=role, RoleSessionName="once")


@pytest.mark.parametrize("name", ["unknown.internal", "backup", "*", "*.internal", "ec2.amazonaws.org"])
def test_a_trust_policy_may_not_name_a_service_that_is_not_registered(place: Place, name: str) -> None:
    code, message = refusal(
        place.iam.create_role, RoleName="r", AssumeRolePolicyDocument=trusting({"Service": name})
    )[1:]
    assert code == "MalformedPolicyDocument"
    assert message.startswith("Invalid principal in policy")


@pytest.mark.parametrize(
    "name", ["ec2.amazonaws.com", "states.eu-west-1.amazonaws.com", "ec2.amazonaws.com.cn"]
)
def test_awss_own_names_need_no_registration(place: Place, name: str) -> None:
    place.role("r", trusting({"Service": name}))


def test_a_service_of_ones_own_may_play_awss_part(server: Server, place: Place) -> None:
    role = place.role("function", trusting({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole"))
    runner = Registered(server, "lambda.amazonaws.com")
    assert runner.may_assume(role)
    server.operator("service.delete", name=runner.name, force=True)


def test_keys_are_changed_without_a_gap(backup: Registered) -> None:
    second = backup.server.operator("service.new-key", name=backup.name)
    with pytest.raises(Failure, match="has 2 access keys"):
        backup.server.operator("service.new-key", name=backup.name)
    old, new = backup.client(), backup.server.client("sts", second)
    assert old.get_caller_identity()["UserId"] == new.get_caller_identity()["UserId"] == backup.name
    left = backup.server.operator("service.delete-key", name=backup.name, key=backup.keys["AccessKeyId"])
    assert left["AccessKeyIds"] == [second["AccessKeyId"]]
    invalid = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert refusal(old.get_caller_identity) == invalid
    assert new.get_caller_identity()["UserId"] == backup.name
    with pytest.raises(Failure, match="has no access key"):
        backup.server.operator("service.delete-key", name=backup.name, key=backup.keys["AccessKeyId"])


def test_a_wrong_secret_is_a_wrong_signature(backup: Registered) -> None:
    keys = backup.keys | {"SecretAccessKey": "x" * 40}
    client = backup.server.client("sts", keys)
    assert refusal(client.get_caller_identity)[:2] == (403, "SignatureDoesNotMatch")


def test_a_service_that_is_trusted_is_not_deleted_by_the_way(backup: Registered, place: Place) -> None:
    role = place.role("backup", trusting({"Service": [backup.name, "ec2.amazonaws.com"]}))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in backup.name)
    hidden = place.role("hidden", trusting({"Service": "NAME"}).replace("NAME", escaped))
    with pytest.raises(Failure) as refused:
        backup.server.operator("service.delete", name=backup.name)
    assert role in str(refused.value)
    assert hidden in str(refused.value)
    session = backup.client().assume_role(RoleArn=role, RoleSessionName="once")["Credentials"]
    backup.server.operator("service.delete", name=backup.name, force=True)
    assert refusal(backup.client().get_caller_identity)[1] == "InvalidClientTokenId"
    # As with any trust: live sessions go on.
    assert place.client("sts", session).get_caller_identity()["Account"] == place.number


@pytest.mark.parametrize(("trusting_roles", "end"), [(3, "."), (4, " and 1 more."), (6, " and 3 more.")])
def test_three_of_those_who_trust_a_service_are_named(
    backup: Registered, place: Place, trusting_roles: int, end: str
) -> None:
    place.role("another", trusting({"Service": "ec2.amazonaws.com"}))
    roles = [place.role(f"r{n}", trusting({"Service": backup.name})) for n in range(trusting_roles)]
    with pytest.raises(Failure) as refused:
        backup.server.operator("service.delete", name=backup.name)
    assert str(refused.value) == f"The service {backup.name} is trusted by {', '.join(roles[:3])}{end}"


def test_nobody_learns_an_account_from_its_key(backup: Registered, place: Place) -> None:
    found = refusal(place.sts.get_access_key_info, AccessKeyId=backup.keys["AccessKeyId"])
    assert found[1] == "ValidationError"


def test_why_is_explained(backup: Registered, place: Place) -> None:
    role = place.role("backup", trusting({"Service": backup.name}, "sts:AssumeRole"))
    asked = {"principal": backup.name, "action": "sts:AssumeRole", "resource": role}
    (told,) = backup.server.operator("explain.supposed", **asked)["questions"]
    assert told["decision"] == "allowed"
    (told,) = backup.server.operator("explain.supposed", **asked | {"principal": "x.internal"})["questions"]
    assert told["decision"] == "implicitDeny"


@pytest.mark.parametrize(
    "name",
    [
        "backup",
        "",
        "Backup.internal",
        "a b.c",
        "-a.b",
        "a-.b",
        "a..b",
        "a.b/",
        "accounts.google.com",
        "a." * 64 + "b",
    ],
)
def test_what_cannot_be_a_services_name(server: Server, name: str) -> None:
    with pytest.raises(Failure, match="cannot be the name of a service"):
        server.operator("service.create", name=name)


def test_a_name_is_taken_once(backup: Registered) -> None:
    with pytest.raises(Failure, match="already exists"):
        backup.server.operator("service.create", name=backup.name)
    with pytest.raises(Failure, match="does not exist"):
        backup.server.operator("service.delete", name="never.internal")
