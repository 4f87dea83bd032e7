"""EC2's own protocol: its errors in its envelope, whoever is refused and why."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from botocore.auth import SigV4Auth

from launching import ONE, ec2_client, launch
from places import Place, refusal
from raw import FORM, Answer, send, signed

ENVELOPE = re.compile(
    r'<\?xml version="1\.0" encoding="UTF-8"\?>\n<Response><Errors><Error><Code>([^<]*)</Code>'
    r"<Message>([^<]*)</Message></Error></Errors><RequestID>[0-9a-f-]{36}</RequestID></Response>"
)


def fault(answer: Answer) -> tuple[int, str, str]:
    """Return status, code and message of a refusal, which must be in EC2's envelope."""
    found = ENVELOPE.fullmatch(answer.text)
    assert found is not None, answer.text
    assert answer.headers["content-type"] == "text/xml;charset=UTF-8"
    return answer.status, found[1], found[2]


def query(
    place: Place, keys: dict[str, Any], action: str, parameters: dict[str, str] | None = None
) -> Answer:
    """Send a signed request."""
    return place.query(keys, "ec2", action, parameters or {})


NOT_VALIDATED = (401, "AuthFailure", "AWS was not able to validate the provided access credentials")


def test_an_unknown_key(place: Place) -> None:
    keys = place.keys | {"AccessKeyId": "AKIA" + "X" * 16}
    assert fault(query(place, keys, "DescribeInstances")) == NOT_VALIDATED


def test_a_wrong_secret(place: Place) -> None:
    keys = place.keys | {"SecretAccessKey": "x" * 40}
    assert fault(query(place, keys, "DescribeInstances")) == NOT_VALIDATED


def test_a_signature_for_another_service(place: Place) -> None:
    head, body = signed(place.server.endpoint, place.keys, "ec2", "DescribeInstances", scope="sts")
    assert fault(send(place.server.endpoint, "POST", "/", head, body)) == NOT_VALIDATED


def test_a_signature_of_another_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    original = SigV4Auth.add_auth

    def late(self: SigV4Auth, request: Any) -> None:
        monkeypatch.setattr("botocore.auth.get_current_datetime", _an_hour_ago)
        original(self, request)

    monkeypatch.setattr(SigV4Auth, "add_auth", late)
    assert fault(query(place, place.keys, "DescribeInstances")) == NOT_VALIDATED


def _an_hour_ago(**_: Any) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time.time() - 3600, UTC)


def test_an_expired_session(place: Place) -> None:
    role = place.role("app")
    session = place.client("sts", place.user("ann", {"Effect": "Allow", "Action": "*", "Resource": "*"}))
    keys = session.assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    place.server.clock.offset += 4000
    assert fault(query(place, keys, "DescribeInstances")) == (400, "RequestExpired", "Request has expired.")


def test_no_signature_at_all(place: Place) -> None:
    form = b"Action=DescribeInstances&Version=2016-11-15"
    answer = send(place.server.endpoint, "POST", "/", {"Content-Type": FORM}, form)
    assert fault(answer) == (
        400,
        "MissingParameter",
        "The request must contain the parameter AWSAccessKeyId",
    )


def test_an_operation_that_ec2_does_not_have(place: Place) -> None:
    assert fault(query(place, place.keys, "DescribeEverything")) == (
        400,
        "InvalidAction",
        "The action DescribeEverything is not valid for this web service.",
    )


def test_an_operation_that_is_not_offered(place: Place) -> None:
    assert fault(query(place, place.keys, "DescribeVpcs")) == (
        400,
        "UnsupportedOperation",
        "Vestry does not offer ec2:DescribeVpcs.",
    )


def test_a_parameter_that_the_operation_does_not_have(place: Place) -> None:
    assert fault(query(place, place.keys, "DescribeInstances", {"InstanceIds.1": "i-00000000"})) == (
        400,
        "UnknownParameter",
        "The parameter InstanceIds is not recognized",
    )


def test_what_cannot_be_read_as_its_type(place: Place) -> None:
    assert fault(query(place, place.keys, "DescribeInstances", {"MaxResults": "many"})) == (
        400,
        "MalformedQueryString",
        "The query string contains a syntax error.",
    )


def test_an_answer_has_ec2s_shape(place: Place) -> None:
    made = launch(ec2_client(place))
    answer = query(place, place.keys, "DescribeInstances", {"InstanceId.1": made["InstanceId"]})
    assert answer.status == 200
    head = '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15">\n  <requestId>'
    assert answer.text.startswith(head)
    assert f"<instanceId>{made['InstanceId']}</instanceId>" in answer.text
    assert re.search(r"<launchTime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z</launchTime>", answer.text)


def test_a_request_may_be_a_presigned_get(place: Place) -> None:
    made = launch(ec2_client(place))["InstanceId"]
    url = ec2_client(place).generate_presigned_url("describe_instances", HttpMethod="GET")
    target = url.removeprefix(place.server.endpoint)
    assert made in send(place.server.endpoint, "GET", target).text


@pytest.mark.parametrize(
    ("host", "region", "status"),
    [
        ("ec2.eu-west-1.amazonaws.com", "eu-west-1", 200),
        ("ec2.eu-west-1.api.aws", "eu-west-1", 200),
        ("ec2-fips.us-west-2.amazonaws.com", "us-west-2", 200),
        ("ec2.eu-west-1.amazonaws.com", "us-east-1", 401),
        ("sts.eu-west-1.amazonaws.com", "us-east-1", 200),
    ],
)
def test_under_awss_own_names_the_region_is_enforced(
    place: Place, host: str, region: str, status: int
) -> None:
    head, body = signed(
        place.server.endpoint,
        place.keys,
        "ec2",
        "DescribeInstances",
        region=region,
        headers={"Host": host},
    )
    assert send(place.server.endpoint, "POST", "/", head, body).status == status


def test_the_same_version_of_another_service_is_not_ec2(place: Place) -> None:
    head, body = signed(place.server.endpoint, place.keys, "ec2", "CreateRole")
    assert fault(send(place.server.endpoint, "POST", "/", head, body))[1] == "InvalidAction"


def test_filters_are_read_in_ec2s_way(place: Place) -> None:
    ec2 = ec2_client(place)
    made = [one["InstanceId"] for one in ec2.run_instances(**(ONE | {"MaxCount": 2}))["Instances"]]
    given = {
        "Filter.1.Name": "instance-id",
        "Filter.1.Value.1": made[0],
        "Filter.1.Value.2": made[1],
        "Filter.2.Name": "launch-index",
        "Filter.2.Value.1": "1",
    }
    answer = query(place, place.keys, "DescribeInstances", given)
    assert made[1] in answer.text
    assert made[0] not in answer.text
    assert refusal(ec2.describe_instances, InstanceIds=["i-00000000"])[0] == 400
