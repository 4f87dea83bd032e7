"""REST services on the wire: who signs is known before the path is looked at, and every refusal is AWS's."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from places import Place
from raw import Answer, send
from serving import Server

ANCHOR = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/6f8e6a40-1c0a-4f3b-9d1c-2f6a1a1b2c3d"


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, Any]:
    """A root user's key."""
    return server.account("rest")


def refused(server: Server, keys: dict[str, Any], **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        server.client("rolesanywhere", keys, parameter_validation=False).get_trust_anchor(**arguments)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


def send_signed(
    server: Server,
    keys: dict[str, Any],
    method: str,
    target: str,
    *,
    service: str = "rolesanywhere",
    presigned: bool = False,
) -> Answer:
    request = AWSRequest(method, server.endpoint + target)
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    (SigV4QueryAuth if presigned else SigV4Auth)(credentials, service, "eu-west-1").add_auth(request)
    return send(
        server.endpoint,
        method,
        request.prepare().url.removeprefix(server.endpoint),
        dict(request.headers.items()),
    )


def test_a_path_with_escapes_is_signed_as_it_is_sent(server: Server, keys: dict[str, Any]) -> None:
    code, _, _ = refused(server, keys, trustAnchorId=ANCHOR)
    assert code not in ("InvalidSignatureException", "UnknownOperationException")


def test_a_wrong_secret_and_an_unknown_key_are_refused_in_aws_words(
    server: Server, keys: dict[str, Any]
) -> None:
    wrong = keys | {"SecretAccessKey": "no"}
    code, status, message = refused(server, wrong, trustAnchorId=ANCHOR)
    assert (code, status) == ("InvalidSignatureException", 403)
    assert message.startswith("The request signature we calculated does not match")
    unknown = keys | {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}
    assert refused(server, unknown, trustAnchorId=ANCHOR) == (
        "UnrecognizedClientException",
        403,
        "The security token included in the request is invalid.",
    )


def test_a_scope_of_another_service_proves_nothing_here(server: Server, keys: dict[str, Any]) -> None:
    answer = send_signed(server, keys, "GET", "/trustanchors", service="sts")
    assert (answer.status, answer.headers["content-type"]) == (400, "text/xml")


@pytest.mark.parametrize("target", ["/nowhere", "/", "/trustanchors/"])
@pytest.mark.parametrize("presigned", [False, True])
def test_a_path_of_no_operation_is_an_unknown_operation(
    server: Server, keys: dict[str, Any], target: str, presigned: bool
) -> None:
    answer = send_signed(server, keys, "GET", target, presigned=presigned)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert (answer.headers["content-type"], json.loads(answer.text)) == ("application/json", {})


def test_a_request_that_nobody_signed_is_known_by_its_path(server: Server) -> None:
    answer = send(server.endpoint, "GET", "/trustanchors")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(answer.text) == {"message": "Missing Authentication Token"}
    assert answer.headers["x-amzn-requestid"]


def test_a_signature_in_the_query_is_as_good_as_one_in_the_header(
    server: Server, keys: dict[str, Any]
) -> None:
    answer = send_signed(server, keys, "GET", "/trustanchors", presigned=True)
    assert answer.headers.get("x-amzn-errortype") not in (
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnknownOperationException",
    )


NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "..", ".", "%", "%2F", "%zz", "a" * 3000, "arn:" + ":" * 900, "\x00", "é", "//"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), NASTY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NASTY, inner, max_size=4),
    max_leaves=12,
)
MEMBERS = [
    "name",
    "source",
    "sourceData",
    "tags",
    "roleArns",
    "notificationSettings",
    "crlData",
    "durationSeconds",
]
BODIES = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(MEMBERS) | NASTY, VALUES, max_size=5).map(
        lambda body: json.dumps(body).encode()
    ),
)
PLACES = [
    "trustanchors",
    "trustanchor",
    "profiles",
    "profile",
    "crls",
    "crl",
    "subject",
    "sessions",
    "TagResource",
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    pieces=st.lists(st.sampled_from(PLACES) | NASTY, min_size=1, max_size=4),
    query=st.lists(
        st.tuples(st.sampled_from(["pageSize", "nextToken", "resourceArn"]) | NASTY, NASTY), max_size=3
    ),
    body=BODIES,
)
def test_whatever_is_sent_is_refused_in_good_form(
    server: Server, nobody: dict[str, Any], method: str, pieces: list[str], query: list[Any], body: bytes
) -> None:
    target = (
        "/" + "/".join(quote(piece, safe="") for piece in pieces) + ("?" + urlencode(query) if query else "")
    )
    request = AWSRequest(method, server.endpoint + target, data=body)
    SigV4Auth(
        Credentials(nobody["AccessKeyId"], nobody["SecretAccessKey"]), "rolesanywhere", "us-east-1"
    ).add_auth(request)
    answer = send(server.endpoint, method, target, dict(request.headers.items()), body)
    assert 400 <= answer.status < 500, answer
    assert answer.headers["x-amzn-errortype"], answer
    assert set(json.loads(answer.text)) <= {"message"}


@pytest.fixture(scope="module")
def nobody(server: Server) -> dict[str, Any]:
    """A key of a user without permissions."""
    key: dict[str, Any] = Place(server).user("nobody")
    return key
