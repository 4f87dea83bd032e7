"""boto3 with `signature_version="v4a"`: AWS's C library signs, over a real socket, with long-term and temporary keys."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.crt.auth import CrtSigV4AsymAuth, CrtSigV4AsymQueryAuth

from places import Place, document, refusal, statement, trusting
from raw import FORM, Answer, send


def client(place: Place, service: str, keys: dict[str, Any], regions: str = "*") -> Any:
    """A client that signs with a set of regions."""
    return boto3.client(
        service,
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(
            signature_version="v4a", sigv4a_signing_region_set=regions, retries={"max_attempts": 0}
        ),
    )


@pytest.fixture
def session(place: Place) -> dict[str, Any]:
    """Temporary credentials, themselves obtained with SigV4A."""
    key = place.user("ann")
    role = place.role("r", trusting({"AWS": place.arn("user/ann")}, "sts:AssumeRole"))
    permitted = statement("Allow", "iam:GetRole")
    place.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(permitted))
    found: dict[str, Any] = client(place, "sts", key).assume_role(RoleArn=role, RoleSessionName="work")
    return dict(found["Credentials"])


def test_long_term_and_temporary_keys(place: Place, session: dict[str, Any]) -> None:
    assert (
        client(place, "sts", place.keys).get_caller_identity()["Arn"] == f"arn:aws:iam::{place.number}:root"
    )
    assert client(place, "sts", session).get_caller_identity()["Arn"].endswith(":assumed-role/r/work")
    assert client(place, "iam", session, "us-*").get_role(RoleName="r")["Role"]["RoleName"] == "r"
    assert refusal(client(place, "iam", session).list_users)[1] == "AccessDenied"


def test_a_wrong_secret_and_an_unknown_key(place: Place, session: dict[str, Any]) -> None:
    for keys in (place.keys, session):
        wrong = client(place, "sts", keys | {"SecretAccessKey": "x" * 40})
        assert refusal(wrong.get_caller_identity)[:2] == (403, "SignatureDoesNotMatch")
    unknown = client(place, "sts", place.keys | {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})
    assert refusal(unknown.get_caller_identity)[:2] == (403, "InvalidClientTokenId")


def raw(place: Place, signer: Any, host: str, regions: str) -> Answer:
    """Send a GetCallerIdentity as if it had come to `host`."""
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    signing = signer(Credentials(place.keys["AccessKeyId"], place.keys["SecretAccessKey"]), "sts", regions)
    if signer is CrtSigV4AsymQueryAuth:
        request = AWSRequest("GET", f"https://{host}/?{query}")
        signing.add_auth(request)
        return send(place.server.endpoint, "GET", request.url.partition(host)[2], {"Host": host})
    request = AWSRequest("POST", f"https://{host}/", {"Content-Type": FORM}, query)
    signing.add_auth(request)
    headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
    return send(place.server.endpoint, "POST", "/", headers | {"Host": host}, query.encode())


@pytest.mark.parametrize("signer", [CrtSigV4AsymAuth, CrtSigV4AsymQueryAuth], ids=["header", "query"])
@pytest.mark.parametrize(
    ("host", "regions", "fits"),
    [
        ("sts.eu-west-1.amazonaws.com", "eu-west-1", True),
        ("sts.eu-west-1.amazonaws.com", "eu-*", True),
        ("sts.eu-west-1.amazonaws.com", "us-*", False),
        ("sts.amazonaws.com", "*", True),
        ("sts.amazonaws.com", "eu-west-1", False),
        ("127.0.0.1:4566", "eu-*", True),
    ],
)
def test_under_awss_names_the_set_must_cover_their_region(
    place: Place, signer: Any, host: str, regions: str, fits: bool
) -> None:
    answer = raw(place, signer, host, regions)
    assert answer.status == (200 if fits else 403), answer.text
    assert ("Credential should be scoped to a valid region. " in answer.text) is not fits


@pytest.mark.parametrize(("regions", "expected"), [("eu-west-1", "eu-west-1"), ("eu-*", "us-east-1")])
def test_the_requested_region(place: Place, regions: str, expected: str) -> None:
    key = place.user(f"bob-{expected}")
    condition = {"StringEquals": {"aws:RequestedRegion": expected}}
    name = f"regional-{expected}"
    role = place.role(
        name, trusting({"AWS": place.arn(f"user/bob-{expected}")}, "sts:AssumeRole", Condition=condition)
    )
    client(place, "sts", key, regions).assume_role(RoleArn=role, RoleSessionName="work")


def test_a_service_that_is_not_offered_is_named(place: Place) -> None:
    sqs = client(place, "sqs", place.keys)
    code, message = refusal(sqs.list_queues)[1:]
    assert "does not offer the service" in message, (code, message)
