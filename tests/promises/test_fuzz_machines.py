"""Mutated requests of EC2, from somebody who may do everything, and of instances for their metadata: never a 500."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amounts import examples
from launching import EC2_TRUST, ec2_client, launch, profile
from machine import LIFE, TOKEN, Machine
from places import Place
from raw import send, signed
from serving import Server, serving
from vestry.metadata.imds import ISSUING_PATH, TREE
from vestry.server.metadata_places import read_place

RUN = {
    "Action": "RunInstances",
    "ImageId": "ami-12345678",
    "MinCount": "1",
    "MaxCount": "1",
    "PrivateIpAddress": "10.0.0.1",
    "IamInstanceProfile.Name": "web",
    "UserData": base64.b64encode(b"#!/bin/sh").decode(),
    "TagSpecification.1.ResourceType": "instance",
    "TagSpecification.1.Tag.1.Key": "k",
    "TagSpecification.1.Tag.1.Value": "v",
    "MetadataOptions.HttpTokens": "required",
    "Placement.AvailabilityZone": "us-east-1a",
    "ClientToken": "token",
}
REQUESTS: list[dict[str, str]] = [
    RUN,
    {"Action": "DescribeInstances", "Filter.1.Name": "tag:k", "Filter.1.Value.1": "*", "MaxResults": "5"},
    {"Action": "DescribeInstances", "Filter.1.Name": "instance-state-code", "Filter.1.Value.1": "16"},
    {"Action": "DescribeInstances", "InstanceId.1": "i-12345678", "NextToken": "x"},
    {"Action": "DescribeInstanceStatus", "IncludeAllInstances": "true", "DryRun": "true"},
    {"Action": "DescribeTags", "Filter.1.Name": "resource-type", "Filter.1.Value.1": "instance"},
    {"Action": "CreateTags", "ResourceId.1": "i-12345678", "Tag.1.Key": "k", "Tag.1.Value": "v"},
    {"Action": "DeleteTags", "ResourceId.1": "i-12345678", "Tag.1.Key": "k"},
    {"Action": "AssociateIamInstanceProfile", "InstanceId": "i-12345678", "IamInstanceProfile.Name": "web"},
    {"Action": "DescribeIamInstanceProfileAssociations", "AssociationId.1": "iip-assoc-1", "MaxResults": "5"},
    {"Action": "ModifyInstanceMetadataOptions", "InstanceId": "i-12345678", "HttpPutResponseHopLimit": "2"},
    {
        "Action": "ModifyInstanceMetadataDefaults",
        "HttpTokens": "no-preference",
        "HttpPutResponseHopLimit": "-1",
    },
    {"Action": "DescribeInstanceAttribute", "InstanceId": "i-12345678", "Attribute": "userData"},
    {"Action": "StopInstances", "InstanceId.1": "i-12345678", "Force": "true"},
]
#: Every path of metadata, and what begins them.
PATHS = [
    "",
    "latest",
    ISSUING_PATH.strip("/"),
    "2021-07-15/api/token",
    "1.0/meta-data",
    "latest/meta-data/iam/",
]
PATHS += [f"latest/{path}".replace("*", "app") for path in TREE.paths()]
NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\x00", "🙂" * 20, "%zz", "a" * 5000, "-1", "1e9", "9" * 30, "NaN", "*", "?" * 50, "[", "{"]),
    st.sampled_from(["i-0", "i-" + "f" * 17, "2026-01-01T00:00:00Z", "arn:aws:iam::1:instance-profile/x", "10.0.0.1"]),
)  # fmt: skip


#: How often each status was answered.
SEEN: Counter[str] = Counter()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data"), metadata=(read_place("127.0.0.1:0"),)) as running:
        yield running


@pytest.fixture(scope="module")
def account(server: Server) -> Place:
    """An account with a profile."""
    place = Place(server)
    profile(place)
    place.role("other", EC2_TRUST)
    return place


@pytest.fixture(scope="module")
def instance(account: Place) -> str:
    """The instance that stands for i-12345678."""
    identifier: str = launch(ec2_client(account))["InstanceId"]
    return identifier


@pytest.fixture(scope="module")
def machine(server: Server, account: Place) -> Machine:
    """An instance with everything that it may have."""
    launch(
        ec2_client(account),
        PrivateIpAddress="127.0.0.1",
        IamInstanceProfile={"Name": "web"},
        KeyName="key",
        UserData=base64.b64encode(b"data").decode(),
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "v"}]}],
        MetadataOptions={"InstanceMetadataTags": "enabled"},
    )
    return Machine(server.metadata[0])


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, str]:
    """A request of EC2 with up to three changes."""
    values = dict(draw(st.sampled_from(REQUESTS)))
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(values)))
        change = draw(st.sampled_from(["value", "drop", "index", "add"]))
        if change == "value" and name != "Action":
            values[name] = draw(NASTY)
        elif change == "drop" and name != "Action":
            values.pop(name)
        elif change == "index":
            values[f"{name}.{draw(st.integers(-1, 10**12))}"] = draw(NASTY)
        else:
            values[draw(NASTY) or "x"] = draw(NASTY)
    return values


@settings(max_examples=examples(600), deadline=None, suppress_health_check=list(HealthCheck))
@given(parameters=mutated())
def test_no_mutation_of_ec2_breaks_it(
    server: Server, account: Place, instance: str, parameters: dict[str, str]
) -> None:
    action = parameters.pop("Action")
    text = {name: instance if value == "i-12345678" else value for name, value in parameters.items()}
    head, body = signed(server.endpoint, account.keys, "ec2", action, **text)
    answer = send(server.endpoint, "POST", "/", head, body)
    assert answer.status < 500, (answer, parameters)
    assert answer.status == 200 or "<Code>" in answer.text
    SEEN[f"ec2 {answer.status}"] += 1


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers of a request for metadata."""
    path = draw(st.sampled_from(PATHS))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(path)))
        path = (
            path[:at]
            + draw(st.sampled_from(["/", "//", "..", "*", "%2f", "%ff", "%", "?", ";", "a", "é", ""]))
            + path[at:]
        )
    headers = draw(
        st.dictionaries(
            st.sampled_from([TOKEN, LIFE, "X-Forwarded-For", "Accept", "Range", "If-Modified-Since", "Host"]),
            st.one_of(st.sampled_from(["60", "0", "21600", "localhost", "bytes=0-", "AgAB" * 14]), NASTY),
            max_size=3,
        )
    )
    return (
        draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"])),
        path,
        headers,
    )


@settings(max_examples=examples(600), deadline=None, suppress_health_check=list(HealthCheck))
@given(case=asked(), with_token=st.booleans())
def test_no_request_for_metadata_breaks_it(
    server: Server, machine: Machine, case: tuple[str, str, dict[str, str]], with_token: bool
) -> None:
    method, path, headers = case
    sent: dict[str, Any] = {
        name: value.encode("latin-1", "replace")
        .decode("latin-1")
        .replace("\r", "")
        .replace("\n", "")
        .replace("\x00", "")
        for name, value in headers.items()
    }
    if with_token:
        sent |= {TOKEN: machine.token()}
    target = "/" + path.encode().decode("latin-1").lstrip("/")
    answer = machine.send(
        method, target.encode("latin-1").decode("ascii", "replace").replace("\ufffd", "%ff"), sent
    )
    assert answer.status in (200, 400, 401, 403, 404, 405), answer
    assert method != "HEAD" or answer.text == ""
    SEEN[f"metadata {answer.status}"] += 1
    if answer.status == 200 and method not in ("PUT", "HEAD"):
        assert answer.headers["content-type"] in ("text/plain", "application/octet-stream")


def test_nothing_failed_inside_and_not_everything_was_refused(server: Server) -> None:
    assert "internal failure" not in server.log.getvalue()
    assert SEEN["ec2 200"], SEEN
    assert SEEN["metadata 200"], SEEN
