"""What AWS's own front answers: redirects, unknown paths and actions, preflights, JSON, health."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raw import FORM, send, signed
from serving import Server
from vestry.server.settings import SERVICES
from vestry.services.registry import REGISTRY


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, Any]:
    """A root user's key."""
    return server.account("front")


OFFERED = ", ".join(SERVICES)
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIAX/20261124/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.mark.parametrize(
    ("method", "target", "body", "location"),
    [
        ("GET", "/", b"", "https://aws.amazon.com/iam"),
        ("GET", "/?Version=2011-06-15", b"", "https://aws.amazon.com/iam?Version=2011-06-15"),
        ("POST", "/", b"Version=2011-06-15", "https://aws.amazon.com/iam"),
    ],
)
def test_a_request_without_an_action_is_redirected(
    server: Server, method: str, target: str, body: bytes, location: str
) -> None:
    answer = send(server.endpoint, method, target, {"Content-Type": FORM}, body)
    assert (answer.status, answer.headers["location"], answer.text) == (302, location, "")


@pytest.mark.parametrize(
    ("says", "method", "target", "headers", "service"),
    [
        ("a bucket is read", "GET", "/bucket/key", {"Authorization": SIGNED.format("s3")}, "s3"),
        ("an object is written", "PUT", "/bucket/key", {"Authorization": SIGNED.format("s3")}, "s3"),
        ("buckets are listed", "GET", "/", {"Authorization": SIGNED.format("s3")}, "s3"),
        ("a presigned URL", "GET", "/b/k?X-Amz-Credential=AKIA%2F20261124%2Feu-west-1%2Fs3%2Faws4_request", {}, "s3"),
        ("functions are listed", "GET", "/2015-03-31/functions/", {"Authorization": SIGNED.format("lambda")}, "lambda"),
    ],
)  # fmt: skip
def test_a_service_that_is_not_offered_is_named(
    server: Server, says: str, method: str, target: str, headers: dict[str, str], service: str
) -> None:
    answer = send(server.endpoint, method, target, headers)
    assert (answer.status, "UnsupportedOperation" in answer.text) == (400, True), says
    assert f"Vestry does not offer the service {service}; it offers {OFFERED}." in answer.text


def test_a_target_that_is_not_offered_is_named_in_json(server: Server) -> None:
    headers = {
        "X-Amz-Target": "AWSOrganizationsV20161128.ListAccounts",
        "Content-Type": "application/x-amz-json-1.1",
    }
    answer = send(server.endpoint, "POST", "/", headers, b"{}")
    assert answer.status == 400
    assert json.loads(answer.text) == {
        "__type": "UnknownOperationException",
        "message": f"Vestry does not offer the service AWSOrganizationsV20161128; it offers {OFFERED}.",
    }


def test_an_unsigned_call_of_what_is_not_offered_is_refused_by_name(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(REGISTRY, ("sts", "AssumeRoleWithWebIdentity"))
    form = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    answer = send(server.endpoint, "POST", "/", {"Content-Type": FORM}, form)
    assert answer.status == 400
    assert "Vestry does not offer sts:AssumeRoleWithWebIdentity." in answer.text


def test_an_unknown_path_is_an_unknown_operation_before_any_signature(server: Server) -> None:
    answer = send(server.endpoint, "GET", "/somewhere")
    assert (answer.status, answer.text) == (404, "<UnknownOperationException/>\n")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Action=Nope&Version=2011-06-15", "Could not find operation Nope for version 2011-06-15"),
        ("Action=Nope", "Could not find operation Nope for version NO_VERSION_SPECIFIED"),
        ("Action=GetCallerIdentity&Version=", "Could not find operation GetCallerIdentity for version "),
        ("Action=GetCallerIdentity&Version=2010-05-08", "for version 2010-05-08"),
    ],
)
def test_an_unknown_action_or_version_is_named(server: Server, query: str, message: str) -> None:
    answer = send(server.endpoint, "GET", f"/?{query}")
    assert answer.status == 400
    assert "<Code>InvalidAction</Code>" in answer.text
    assert message in answer.text
    assert "http://webservices.amazon.com/AWSFault/2005-15-09" in answer.text


def test_a_preflight_is_allowed(server: Server) -> None:
    answer = send(server.endpoint, "OPTIONS", "/", {"Origin": "http://localhost"})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert answer.headers["access-control-max-age"] == "172800"


@pytest.mark.parametrize("path", ["/health", "/_localstack/health"])
def test_health_says_version_services_and_enforcement(server: Server, path: str) -> None:
    answer = send(server.endpoint, "GET", path)
    said = json.loads(answer.text)
    assert answer.status == 200
    assert said["enforcement"] == "always"
    assert set(said["services"]) == set(SERVICES) == {"ec2", "eks", "eks-auth", "iam", "rolesanywhere", "sts"}
    assert said["version"]


def test_the_request_id_is_in_header_body_and_log(server: Server, keys: dict[str, Any]) -> None:
    headers, body = signed(server.endpoint, keys, "sts", "GetCallerIdentity")
    answer = send(server.endpoint, "POST", "/", headers, body)
    request_id = answer.headers["x-amzn-requestid"]
    assert f"<RequestId>{request_id}</RequestId>" in answer.text


def test_the_identity_comes_as_json_to_who_asks_for_it(server: Server, keys: dict[str, Any]) -> None:
    headers, body = signed(
        server.endpoint, keys, "sts", "GetCallerIdentity", headers={"Accept": "application/json"}
    )
    answer = send(server.endpoint, "POST", "/", headers, body)
    said = json.loads(answer.text)["GetCallerIdentityResponse"]
    assert said["GetCallerIdentityResult"]["Account"] == keys["AccountId"]
    assert said["ResponseMetadata"]["RequestId"] == answer.headers["x-amzn-requestid"]


def test_a_body_over_ten_million_bytes_is_too_large(server: Server) -> None:
    answer = send(server.endpoint, "POST", "/", {"Content-Type": FORM}, b"a" * 10_000_001)
    assert (answer.status, answer.text) == (413, "")


def test_a_request_line_that_is_too_long_is_bad(server: Server) -> None:
    assert send(server.endpoint, "GET", "/?Action=" + "x" * 17_000).status == 400


def test_an_operation_that_is_not_offered_is_named_after_authentication(
    server: Server, keys: dict[str, Any]
) -> None:
    headers, body = signed(server.endpoint, keys, "iam", "CreateGroup", GroupName="g")
    answer = send(server.endpoint, "POST", "/", headers, body)
    assert answer.status == 400
    assert "iam:CreateGroup" in answer.text
