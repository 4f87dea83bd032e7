"""Where and when a signature was made for: `check_scope` and `check_time` by their numbers."""

from __future__ import annotations

import msgspec
import pytest
from botocore_signer import GOOD, WALL, caller_identity, fault, read

from vestry.credentials.sigv4 import check_scope, check_time, read_signature, signing_key
from vestry.errors import SignatureDoesNotMatch

REGION, SERVICE, TERMINATOR, DAY = (
    "Credential should be scoped to a valid region. ",
    "Credential should be scoped to correct service: 'sts'. ",
    "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'. ",
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261123' != "
    "'20261124', from '20261124T001500Z'.",
)
SCOPES = {
    "1 a region in capitals": ({"region": "US-EAST-1"}, None, REGION),
    "1 an empty region": ({"region": ""}, None, REGION),
    "1 a region with a line end": ({"region": "us-east-1\n"}, None, REGION),
    "1 every region of SigV4A": ({"region": "*"}, None, REGION),
    "1 a region too long for a name": ({"region": "a" * 64}, None, REGION),
    "1 another region than the one enforced": ({"region": "eu-west-1"}, "us-east-1", REGION),
    "2 another service": ({"service": "iam"}, None, SERVICE),
    "2 the service in capitals": ({"service": "STS"}, None, SERVICE),
    "3 another terminator": ({"terminator": "x"}, None, TERMINATOR),
    "4 yesterday's scope": ({"date": "20261123"}, None, DAY),
    "region and service together": ({"region": "eu-west-1", "service": "iam"}, "us-east-1", REGION + SERVICE),
    "everything together": (
        {"region": "?", "service": "iam", "terminator": "x", "date": "20261123"},
        None,
        REGION + SERVICE + TERMINATOR + DAY,
    ),
}


@pytest.mark.parametrize(("changes", "region", "text"), SCOPES.values(), ids=SCOPES)
def test_a_wrong_scope_is_refused_in_aws_words(changes, region, text):
    signed = msgspec.structs.replace(read(GOOD), **changes)
    assert fault(SignatureDoesNotMatch, check_scope, signed, "sts", region=region) == text


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-west-1", "aws-global", "us-iso-east-1", "local", "cn-north-1"]
)
def test_1_without_enforcement_every_well_formed_region_is_accepted(region):
    check_scope(msgspec.structs.replace(read(GOOD), region=region), "sts", region=None)


def test_1_the_region_enforced_is_accepted():
    check_scope(read(GOOD), "sts", region="us-east-1")


# ── check_time ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("age", [-900, -1, 0, 1, 899, 900])
def test_a_signature_holds_for_fifteen_minutes_either_way(age):
    check_time(read(GOOD), wall=WALL + age)


def test_1_an_older_one_is_expired():
    assert fault(SignatureDoesNotMatch, check_time, read(GOOD), wall=WALL + 901) == (
        "Signature expired: 20261124T001500Z is now earlier than 20261124T001501Z (20261124T003001Z - 15 min.)"
    )


def test_2_one_from_the_future_is_not_yet_current():
    assert fault(SignatureDoesNotMatch, check_time, read(GOOD), wall=WALL - 901) == (
        "Signature not yet current: 20261124T001500Z is still later than 20261124T001459Z "
        "(20261123T235959Z + 15 min.)"
    )


@pytest.mark.parametrize("expires", [b"1", b"60", b"604800"])
def test_1_a_presigned_request_holds_for_fifteen_minutes_whatever_it_says(expires):
    message = caller_identity()
    query = message.query.replace(b"X-Amz-Expires=3600", b"X-Amz-Expires=" + expires)
    signed = read_signature(query, message.headers)
    assert signed is not None
    assert signed.expires == int(expires)
    check_time(signed, wall=WALL + 900)
    assert fault(SignatureDoesNotMatch, check_time, signed, wall=WALL + 901).startswith("Signature expired: ")


def test_a_presigned_request_without_a_lifetime_is_read():
    message = caller_identity()
    signed = read_signature(message.query.replace(b"X-Amz-Expires=3600&", b""), message.headers)
    assert signed is not None
    assert signed.expires is None


def test_the_signing_key_depends_on_every_part_of_its_scope():
    parts = ("secret", "20261124", "us-east-1", "sts")
    keys = {signing_key(*parts)}
    for place in range(4):
        keys.add(signing_key(*(part + "x" if place == n else part for n, part in enumerate(parts))))
    assert len(keys) == 5
    assert all(len(key) == 32 for key in keys)
