"""Who signed this? Each way in which a signature can be wrong, with AWS's own error, over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raw import send, signed
from serving import Server

INVALID = "The security token included in the request is invalid."


@pytest.fixture(scope="module")
def root(server: Server) -> dict[str, Any]:
    """A root user's key."""
    return server.account("signer")


@pytest.fixture(scope="module")
def session(server: Server, root: dict[str, Any]) -> dict[str, Any]:
    """Temporary credentials of a role."""
    iam = server.client("iam", root)
    user = iam.create_user(UserName="u")["User"]["Arn"]
    key = iam.create_access_key(UserName="u")["AccessKey"]
    statement = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    sts = server.client("sts", key)
    given: dict[str, Any] = sts.assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    return given


def refusal(server: Server, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
    answer = send(server.endpoint, "POST", "/", headers, body)
    code = answer.text.partition("<Code>")[2].partition("</Code>")[0]
    message = answer.text.partition("<Message>")[2].partition("</Message>")[0]
    return answer.status, code, message


def ask(server: Server, keys: dict[str, Any], **options: Any) -> tuple[int, str, str]:
    return refusal(server, *signed(server.endpoint, keys, "sts", "GetCallerIdentity", **options))


def test_no_signature(server: Server) -> None:
    found = refusal(
        server,
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
    )
    assert found == (403, "MissingAuthenticationToken", "Request is missing Authentication Token")


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "AKIA", "x", "test", "ASIAIOSFODNN7EXAMPLE"])
def test_an_unknown_key(server: Server, key: str) -> None:
    keys = {"AccessKeyId": key, "SecretAccessKey": "test"}
    assert ask(server, keys) == (403, "InvalidClientTokenId", INVALID)


def test_a_wrong_secret(server: Server, root: dict[str, Any]) -> None:
    status, code, message = ask(server, root | {"SecretAccessKey": "x" * 40})
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith("The request signature we calculated does not match")


def test_a_body_that_was_changed_on_the_way(server: Server, root: dict[str, Any]) -> None:
    headers, body = signed(server.endpoint, root, "iam", "GetUser")
    assert refusal(server, headers, body + b"&UserName=x")[1] == "SignatureDoesNotMatch"


def test_a_scope_for_another_service_comes_before_the_key(server: Server) -> None:
    keys = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x"}
    status, code, message = ask(server, keys, scope="s3")
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith("Credential should be scoped to correct service: 'sts'.")


@pytest.mark.parametrize("region", ["eu-west-1", "aws-global"])
def test_any_well_formed_region_will_do_on_an_endpoint_of_ones_own(
    server: Server, root: dict[str, Any], region: str
) -> None:
    assert ask(server, root, region=region)[0] == 200


def test_a_session_needs_its_own_token(server: Server, root: dict[str, Any], session: dict[str, Any]) -> None:
    assert ask(server, session)[0] == 200
    without = {name: value for name, value in session.items() if name != "SessionToken"}
    assert ask(server, without) == (403, "InvalidClientTokenId", INVALID)
    assert ask(server, root | {"SessionToken": session["SessionToken"]}) == (
        403,
        "InvalidClientTokenId",
        INVALID,
    )
    token = session["SessionToken"]
    altered = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    assert ask(server, session | {"SessionToken": altered}) == (403, "InvalidClientTokenId", INVALID)


def test_an_expired_session_says_so_even_with_a_bad_signature(
    server: Server, session: dict[str, Any]
) -> None:
    try:
        server.clock.offset = 3601
        found = ask(server, session | {"SecretAccessKey": "x" * 40})
    finally:
        server.clock.offset = 0
    assert found == (403, "ExpiredToken", "The security token included in the request is expired")


def test_a_signature_holds_for_fifteen_minutes(server: Server, root: dict[str, Any]) -> None:
    headers, body = signed(server.endpoint, root, "sts", "GetCallerIdentity")
    old = "20200101T000000Z"
    headers["X-Amz-Date"] = old
    headers["Authorization"] = headers["Authorization"].replace(
        headers["Authorization"].split("/")[1], "20200101"
    )
    status, code, message = refusal(server, headers, body)
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith(f"Signature expired: {old} is now earlier than ")
    assert message.endswith(" - 15 min.)")


def test_no_secret_is_ever_logged(server: Server, root: dict[str, Any], session: dict[str, Any]) -> None:
    ask(server, root | {"AccessKeyId": root["SecretAccessKey"]})
    ask(server, root)
    deadline = 200
    while '"event":"request"' not in server.log.getvalue() and deadline:
        deadline -= 1
    logged = server.log.getvalue()
    for secret in (root["SecretAccessKey"], session["SecretAccessKey"], session["SessionToken"]):
        assert secret not in logged
