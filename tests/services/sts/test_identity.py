"""GetCallerIdentity in all its forms, and GetAccessKeyInfo."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from places import Place, refusal, statement
from raw import send

QUERY = "/?Action=GetCallerIdentity&Version=2011-06-15"


def presigned(place: Place, keys: dict[str, Any], headers: dict[str, str]) -> str:
    """Return the target of a presigned GetCallerIdentity, as token authenticators make it."""
    request = AWSRequest("GET", place.server.endpoint + QUERY, headers=headers)
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=60).add_auth(request)
    parts = urlsplit(str(request.url))
    return f"{parts.path}?{parts.query}"


def test_root_and_users_learn_who_they_are(place: Place) -> None:
    root = place.sts.get_caller_identity()
    assert (root["Arn"], root["UserId"], root["Account"]) == (place.arn("root"), place.number, place.number)
    place.iam.create_user(UserName="casey", Path="/team/")
    key = place.iam.create_access_key(UserName="casey")["AccessKey"]
    casey = place.client("sts", key).get_caller_identity()
    assert casey["Arn"] == place.arn("user/team/casey")
    assert casey["UserId"] == place.iam.get_user(UserName="casey")["User"]["UserId"]


def test_no_policy_denies_it(place: Place) -> None:
    key = place.user("casey", statement("Deny", "*"))
    assert place.client("sts", key).get_caller_identity()["Account"] == place.number


@pytest.mark.parametrize(
    "headers", [{}, {"x-k8s-aws-id": "cluster"}], ids=["bare", "with a signed header of the cluster"]
)
def test_a_presigned_url_tells_who_signed_it(place: Place, headers: dict[str, str]) -> None:
    key = place.user("casey")
    target = presigned(place, key, headers)
    answer = send(place.server.endpoint, "GET", target, headers)
    assert answer.status == 200, answer.text
    assert place.arn("user/casey") in answer.text
    wrong = dict.fromkeys(headers, "other") or {"host": "elsewhere"}
    assert send(place.server.endpoint, "GET", target, wrong).status == 403, "what is signed cannot be changed"


def test_json_for_those_who_accept_json(place: Place) -> None:
    key = place.user("casey")
    answer = place.query(key, "sts", "GetCallerIdentity", {}, Accept="application/json")
    assert answer.status == 200
    result = json.loads(answer.text)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
    assert result["Arn"] == place.arn("user/casey")
    failure = place.query(
        key, "sts", "GetAccessKeyInfo", {"AccessKeyId": key["AccessKeyId"]}, Accept="application/json"
    )
    error = json.loads(failure.text)["Error"]
    assert (failure.status, error["Code"], error["Type"]) == (403, "AccessDenied", "Sender")


def test_whose_key_is_this(place: Place) -> None:
    other = Place(place.server)
    assert place.sts.get_access_key_info(AccessKeyId=other.keys["AccessKeyId"])["Account"] == other.number
    assert place.sts.get_access_key_info(AccessKeyId=place.keys["AccessKeyId"])["Account"] == place.number


@pytest.mark.parametrize(
    ("sentence", "identifier"),
    [
        ("no account is in it", "AKIA1111111111111111"),
        ("it is a user's id", "AIDAAAAAAAAAAAAAAAAA"),
        ("it is a character too long", "AKIAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_what_is_no_key_has_no_account(place: Place, sentence: str, identifier: str) -> None:
    found = refusal(place.sts.get_access_key_info, AccessKeyId=identifier)
    assert found == (400, "ValidationError", f"Invalid AccessKeyId: {identifier}"), sentence
