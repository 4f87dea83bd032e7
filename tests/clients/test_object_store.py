"""The S3 behind clients tells a session's requests from all others."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from object_store import ObjectStore
from places import Place, statement
from vestry.errors import InvalidClientTokenId


def put(objects: ObjectStore, bucket: str, keys: dict[str, Any]) -> None:
    """Store an object with these keys."""
    client = boto3.client(
        "s3",
        endpoint_url=objects.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )
    client.put_object(Bucket=bucket, Key="a key/with spaces", Body=b"content")


def test_what_a_session_signed_is_proven_and_nothing_else(place: Place, objects: ObjectStore) -> None:
    user = place.user("casey", statement("Allow", "sts:AssumeRole"))
    casey = place.client("sts", user)
    given = casey.assume_role(RoleArn=place.role("deploy"), RoleSessionName="one")["Credentials"]
    bucket = objects.bucket()
    put(objects, bucket, given)
    assert objects.sessions(place.server) == {place.session("deploy", "one")}
    other = casey.assume_role(RoleArn=place.arn("role/deploy"), RoleSessionName="two")["Credentials"]
    wrong = [
        user,  # a user's own key
        given | {"SecretAccessKey": "x" * 40},
        given | {"AccessKeyId": other["AccessKeyId"]},
        given | {"SessionToken": other["SessionToken"]},
        given | {"SessionToken": given["SessionToken"][:-4] + "AAAA"},
    ]
    for keys in wrong:
        objects.asked.clear()
        put(objects, bucket, keys)
        with pytest.raises((AssertionError, InvalidClientTokenId)):
            objects.sessions(place.server)
    objects.asked.clear()
    put(objects, bucket, given)
    (sent,) = objects.asked
    for altered in (
        sent._replace(method="POST"),
        sent._replace(target=sent.target + "?acl"),
        sent._replace(intact=False),
        sent._replace(headers=sent.headers | {"x-amz-acl": "public-read"}),
        sent._replace(headers=sent.headers | {"host": "elsewhere"}),
    ):
        objects.asked[:] = [sent, altered]
        with pytest.raises(AssertionError):
            objects.sessions(place.server)
