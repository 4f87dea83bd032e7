"""Denials can be asked about later, by the answer's request id; and so can the policies in force."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from commands import Vestry
from serving import Server
from vestry.access.replay import Asked
from vestry.server.decisions import Decisions

TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
}


@pytest.fixture(scope="module")
def house(server: Server) -> dict[str, Any]:
    """An account with user casey, who may read herself where a key is said that nobody has, and a role."""
    account = server.account("house")
    iam = server.client("iam", account)
    iam.create_user(UserName="casey")
    key = iam.create_access_key(UserName="casey")["AccessKey"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Self",
                "Effect": "Allow",
                "Action": "iam:GetUser",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:Nonsense": "1"}},
            },
            {"Sid": "List", "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
            {"Sid": "Never", "Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"},
        ],
    }
    iam.put_user_policy(UserName="casey", PolicyName="p", PolicyDocument=json.dumps(policy))
    trust = json.dumps(TRUST).replace('"*"', f'"{account["AccountId"]}"')
    iam.create_role(
        RoleName="r", Path="/team/", AssumeRolePolicyDocument=trust, Tags=[{"Key": "a", "Value": "b"}]
    )
    return {
        "account": account["AccountId"],
        "casey": server.client("iam", key),
        "sts": server.client("sts", key),
    }


def denied(call: Any, **parameters: Any) -> tuple[str, str]:
    """Return request id and message of a call that is denied."""
    with pytest.raises(ClientError) as found:
        call(**parameters)
    assert found.value.response["Error"]["Code"] == "AccessDenied"
    return found.value.response["ResponseMetadata"]["RequestId"], found.value.response["Error"]["Message"]


def test_a_denial_is_explained_by_its_request_id(
    server: Server, house: dict[str, Any], vestry: Vestry
) -> None:
    identifier, message = denied(house["casey"].get_user, UserName="casey")
    said = vestry("explain", identifier, "--data", str(server.data), "--json")
    told = json.loads(said.out)
    (question,) = told["questions"]
    assert (told["requestId"], told["operation"]) == (identifier, "iam:GetUser")
    assert (question["decision"], question["decidedBy"]) == ("implicitDeny", "identity")
    assert message.endswith(question["reason"])
    assert question["unknownKeys"] == ["aws:Nonsense"]
    shown = vestry("explain", identifier, "--data", str(server.data)).out
    assert "aws:Nonsense is no key that is known here" in shown
    assert "Beware: no request ever has the condition key aws:Nonsense" in shown


def test_the_log_names_the_layer_and_the_unknown_key(server: Server, house: dict[str, Any]) -> None:
    identifier, _ = denied(house["casey"].delete_user, UserName="casey")
    for _ in range(100):
        lines = [json.loads(line) for line in server.log.getvalue().splitlines() if identifier in line]
        if lines:
            break
        house["casey"].list_users()
    assert lines[0]["denied_by"] == "identity"
    assert lines[0]["unknown_condition_keys"] == ["aws:Nonsense"]


def test_the_explanation_is_of_the_policies_as_they_were(
    server: Server, house: dict[str, Any], vestry: Vestry
) -> None:
    identifier, _ = denied(house["casey"].delete_user, UserName="casey")
    (question,) = json.loads(vestry("explain", identifier, "--data", str(server.data), "--json").out)[
        "questions"
    ]
    assert question["decision"] == "explicitDeny"
    assert [one["sid"] for layer in question["layers"] for one in layer["statements"] if one["matched"]] == [
        "Never"
    ]
    assert {"edit": "removeStatement", "sid": "Never"}.items() <= question["change"][0].items()


def test_an_allowed_request_is_explained_too(server: Server, house: dict[str, Any], vestry: Vestry) -> None:
    identifier = house["casey"].list_users()["ResponseMetadata"]["RequestId"]
    (question,) = json.loads(vestry("explain", identifier, "--data", str(server.data), "--json").out)[
        "questions"
    ]
    assert (question["decision"], question["decidedBy"], question["change"]) == ("allowed", "identity", [])


def test_an_operation_that_asks_nothing_says_so(
    server: Server, house: dict[str, Any], vestry: Vestry
) -> None:
    identifier = house["sts"].get_caller_identity()["ResponseMetadata"]["RequestId"]
    said = vestry("explain", identifier, "--data", str(server.data))
    assert said.out == "sts:GetCallerIdentity asked no policy: every caller who is known may do it.\n"


def test_a_refusal_without_asking_says_so(server: Server, vestry: Vestry) -> None:
    account = server.account("refusing")
    role = f"arn:aws:iam::{account['AccountId']}:role/r"
    identifier, message = denied(
        server.client("sts", account).assume_role, RoleArn=role, RoleSessionName="root"
    )
    said = vestry("explain", identifier, "--data", str(server.data))
    assert said.out == f"sts:AssumeRole asked no policy: {message}\n"


def test_an_unknown_request_is_a_clear_error(server: Server, vestry: Vestry) -> None:
    said = vestry("explain", "00000000-0000-4000-8000-000000000000", "--data", str(server.data))
    assert said.code == 1
    assert "it is not, or no longer, remembered" in said.err


def test_without_a_server_nothing_is_remembered(data: Any, vestry: Vestry) -> None:
    said = vestry("explain", "00000000-0000-4000-8000-000000000000", "--data", str(data))
    assert said.code == 1
    assert "no server runs on this store" in said.err


@pytest.mark.parametrize(
    ("says", "principal", "action", "resource", "decision", "layer"),
    [
        ("the root user may", "root", "iam:GetUser", "user/casey", "allowed", "root"),
        ("casey may list", "user/casey", "iam:ListUsers", "user/x", "allowed", "identity"),
        ("casey may not create", "user/casey", "iam:CreateUser", "user/x", "implicitDeny", "identity"),
        ("casey is trusted by her account only", "user/casey", "sts:AssumeRole", "role/team/r", "implicitDeny", "identity"),
        ("a role that does not exist trusts nobody", "user/casey", "sts:AssumeRole", "role/none", "implicitDeny", "trust"),
        ("no trust policy is asked about a root session", "user/casey", "sts:AssumeRoot", "root", "implicitDeny", "identity"),
        ("a session of the role has nothing", "role/team/r", "iam:GetUser", "user/x", "implicitDeny", "identity"),
    ],
)  # fmt: skip
def test_the_policies_in_force_can_be_asked(
    server: Server, house: dict[str, Any], vestry: Vestry, says: str, principal: str, action: str, resource: str,
    decision: str, layer: str,
) -> None:  # fmt: skip
    start = f"arn:aws:iam::{house['account']}:"
    arguments = ("--principal", start + principal, "--action", action, "--resource", start + resource)
    said = vestry("explain", *arguments, "--data", str(server.data), "--json")
    (question,) = json.loads(said.out)["questions"]
    assert (question["decision"], question["decidedBy"]) == (decision, layer), says


def test_a_key_of_the_context_can_be_supposed(server: Server, house: dict[str, Any], vestry: Vestry) -> None:
    start = f"arn:aws:iam::{house['account']}:user/casey"
    arguments = ["explain", "--principal", start, "--action", "iam:GetUser", "--resource", start, "--json"]
    arguments += ["--data", str(server.data)]
    assert json.loads(vestry(*arguments).out)["questions"][0]["decision"] == "implicitDeny"
    told = json.loads(vestry(*arguments, "--context", "aws:Nonsense=1").out)
    assert told["questions"][0]["decision"] == "allowed"


@pytest.mark.parametrize(
    ("says", "principal", "error"),
    [
        ("a service is nobody's user", "backup.internal", ""),
        ("a user must exist", "arn:aws:iam::{}:user/nobody", "does not exist"),
        ("an account must exist", "arn:aws:iam::999999999999:root", "does not exist here"),
        ("a principal must be one", "casey", "is neither an ARN nor a service's name"),
    ],
)
def test_who_is_supposed_must_be_somebody(
    server: Server, house: dict[str, Any], vestry: Vestry, says: str, principal: str, error: str
) -> None:
    name = principal.format(house["account"])
    said = vestry("explain", "--principal", name, "--action", "iam:GetUser", "--data", str(server.data))
    assert said.code == (1 if error else 0), says
    assert error in said.err


def test_the_oldest_are_forgotten() -> None:
    known = Decisions(denied=2, allowed=1)
    asked = [Asked(str(number), None, ()) for number in range(5)]  # type: ignore[arg-type]
    for number in range(3):
        known.note(f"d{number}", asked[number], allowed=False)
    known.note("a", asked[3], allowed=True)
    assert [known.find(name) for name in ("d0", "d1", "d2", "a")] == [None, asked[1], asked[2], asked[3]]
