"""Forms and query strings: decoding, dotted names, and what is refused."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.errors import InvalidAction, MalformedInput
from vestry.limits import QUERY_PARAMETERS
from vestry.wire.json_values import read_json
from vestry.wire.model import Service, find_operation, find_target, load_service
from vestry.wire.parse import parse_parameters, read_query

IAM, STS, EC2 = load_service("iam"), load_service("sts"), load_service("ec2")

DECODED = [
    ("plus is a space, percent an escape", b"a=x+y%20z&b=%2B", {"a": "x y z", "b": "+"}),
    ("the first of a repeated name wins", b"a=1&a=2", {"a": "1"}),
    ("the first of a repeated name wins, escaped or not", b"%61=1&a=2", {"a": "1"}),
    ("a name without a value has an empty one", b"Action", {"Action": ""}),
    ("empty pieces and empty names are nothing", b"&&a=1&=x&", {"a": "1"}),
    ("an equals sign in a value stays", b"a=b=c", {"a": "b=c"}),
    (
        "half an escape stays as it stands",
        b"a=%&b=%2&c=%zz&d=100%25%",
        {"a": "%", "b": "%2", "c": "%zz", "d": "100%%"},
    ),
    ("an escaped escape is decoded once", b"a=%253A", {"a": "%3A"}),
    ("an escape cut by another escape", b"a=%2%3A1", {"a": "%2:1"}),
    ("UTF-8, escaped or raw", "a=%C3%A9&b=é".encode(), {"a": "é", "b": "é"}),
    ("what is not UTF-8 is replaced", b"a=%ff&b=\xff", {"a": "\ufffd", "b": "\ufffd"}),
    ("nothing", b"", {}),
]


@pytest.mark.parametrize(("raw", "expected"), [row[1:] for row in DECODED], ids=[row[0] for row in DECODED])
def test_a_query_is_decoded(raw: bytes, expected: dict[str, str]) -> None:
    assert read_query(raw) == expected


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=8)), max_size=6))
def test_what_was_encoded_is_decoded(pairs: list[tuple[str, str]]) -> None:
    pairs = [(n.encode(errors="replace").decode(), v.encode(errors="replace").decode()) for n, v in pairs]
    raw = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    expected: dict[str, str] = {}
    for name, value in pairs:
        expected.setdefault(name, value)
    assert read_query(raw.encode()) == expected


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_as_the_standard_library_does(raw: bytes) -> None:
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
    expected: dict[str, str] = {}
    for name, value in pairs:
        if name:
            expected.setdefault(name, value)
    assert read_query(raw) == expected


def test_there_is_an_end_to_parameters() -> None:
    assert len(read_query(b"&".join(b"a%d=" % n for n in range(QUERY_PARAMETERS)))) == QUERY_PARAMETERS
    with pytest.raises(MalformedInput):
        read_query(b"&" * QUERY_PARAMETERS)


PARSED = [
    (
        "unknown names are ignored",
        STS,
        "AssumeRole",
        "Nothing=1&Nothing.member.1=2&RoleArn=x",
        {"RoleArn": "x"},
    ),
    (
        "indexes only order: gaps, zero and leading zeros are fine",
        IAM,
        "UntagUser",
        "TagKeys.member.7=c&TagKeys.member.0=a&TagKeys.member.02=b",
        {"TagKeys": ["a", "b", "c"]},
    ),
    ("a huge index allocates nothing", IAM, "UntagUser", "TagKeys.member.999999999=a", {"TagKeys": ["a"]}),
    (
        "the flattened form is understood",
        IAM,
        "UntagUser",
        "TagKeys.1=a&TagKeys.2=b",
        {"TagKeys": ["a", "b"]},
    ),
    ("an empty list is sent as an empty text", IAM, "UntagUser", "TagKeys=", {"TagKeys": []}),
    (
        "the same element twice: the first wins",
        IAM,
        "UntagUser",
        "TagKeys.member.1=a&TagKeys.member.01=b",
        {"TagKeys": ["a"]},
    ),
    (
        "unknown names inside an element are ignored",
        IAM,
        "TagUser",
        "Tags.member.1.Key=a&Tags.member.1.Colour=b&Tags.member.1.Colour.x=c",
        {"Tags": [{"Key": "a"}]},
    ),
    ("an element may be empty", IAM, "TagUser", "Tags.member.1=", {"Tags": [{}]}),
    (
        "a map has entries; one without a value is none",
        IAM,
        "PutAccountProperties",
        "Properties.entry.1.key=a&Properties.entry.1.value=b&Properties.entry.2.key=c",
        {"Properties": {"a": "b"}},
    ),
    ("true and false in any case", IAM, "CreatePolicyVersion", "SetAsDefault=True", {"SetAsDefault": True}),
    (
        "EC2 lists have no label",
        EC2,
        "DescribeInstances",
        "Filter.1.Name=instance-id&Filter.1.Value.1=i-1&Filter.1.Value.2=i-2&InstanceId.1=i-3",
        {"Filters": [{"Name": "instance-id", "Values": ["i-1", "i-2"]}], "InstanceIds": ["i-3"]},
    ),
    (
        "EC2 capitalises the names of its locations",
        EC2,
        "AssociateIamInstanceProfile",
        "IamInstanceProfile.Name=p&InstanceId=i-1",
        {"IamInstanceProfile": {"Name": "p"}, "InstanceId": "i-1"},
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "query", "expected"), [row[1:] for row in PARSED], ids=[row[0] for row in PARSED]
)
def test_dotted_names_are_read(
    service: Service, operation: str, query: str, expected: dict[str, Any]
) -> None:
    assert parse_parameters(service.operations[operation], read_query(query.encode())) == expected


REFUSED = [
    ("a list sent as a text", "TagUser", "Tags=x", "Unexpected list element termination"),
    ("a structure sent as a text", "TagUser", "Tags.member.1=x", "Unexpected complex element termination"),
    ("a text sent as a list", "TagUser", "UserName.member.1=x", "Start of list found where not expected."),
    (
        "a text sent as a structure",
        "TagUser",
        "UserName.First=x",
        "Start of structure or map found where not expected.",
    ),
    (
        "an element's text sent as a structure",
        "UntagUser",
        "TagKeys.member.1.Key=x",
        "Start of structure or map found where not expected.",
    ),
    ("an index that is no number", "TagUser", "Tags.member.x.Key=a", None),
    ("an index below zero", "TagUser", "Tags.member.-1.Key=a", None),
    ("an index in another script's digits", "TagUser", "Tags.member.%D9%A3.Key=a", None),
    ("an index of very many digits", "TagUser", f"Tags.member.{'1' * 5000}.Key=a", None),
    ("no index at all", "TagUser", "Tags.member.Key=a", None),
    ("endless nesting", "TagUser", f"Tags{'.member.1' * 5000}=a", None),
    ("a truth that is none", "CreatePolicyVersion", "SetAsDefault=yes", None),
]


@pytest.mark.parametrize(
    ("operation", "query", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_read_is_malformed_input(operation: str, query: str, message: str | None) -> None:
    with pytest.raises(MalformedInput) as caught:
        parse_parameters(IAM.operations[operation], read_query(query.encode()))
    assert caught.value.message == message


UNKNOWN = [
    ("an unknown action", "2011-06-15", "NoSuchAction", "NoSuchAction for version 2011-06-15"),
    ("no version", None, "GetCallerIdentity", "GetCallerIdentity for version NO_VERSION_SPECIFIED"),
    ("an empty version", "", "GetCallerIdentity", "GetCallerIdentity for version "),
    ("an unknown version", "2000-01-01", "GetCallerIdentity", "GetCallerIdentity for version 2000-01-01"),
    ("another service's version", "2010-05-08", "AssumeRole", "AssumeRole for version 2010-05-08"),
    ("an empty action", "2011-06-15", "", " for version 2011-06-15"),
]


@pytest.mark.parametrize(
    ("version", "action", "end"), [row[1:] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN]
)
def test_an_operation_that_is_not_there(version: str | None, action: str, end: str) -> None:
    with pytest.raises(InvalidAction) as caught:
        find_operation([IAM, STS], version, action)
    assert caught.value.message == f"Could not find operation {end}"


def test_operations_are_found_by_version_and_action_or_by_target() -> None:
    assert find_operation([IAM, STS], "2011-06-15", "AssumeRole") is STS.operations["AssumeRole"]
    assert find_operation([IAM, STS], "2010-05-08", "CreateRole") is IAM.operations["CreateRole"]
    assert find_operation([IAM, STS], "2010-05-08", None) is None
    organizations = load_service("organizations")
    target = "AWSOrganizationsV20161128.ListRoots"
    assert find_target([IAM, organizations], target) is organizations.operations["ListRoots"]
    for unknown in ("AWSOrganizationsV20161128.Nothing", "Other.ListRoots", "ListRoots", ""):
        with pytest.raises(InvalidAction):
            find_target([IAM, organizations], unknown)


def test_json_bodies_are_objects_of_the_models_types() -> None:
    operation = load_service("organizations").operations["CreatePolicy"]
    assert read_json(b"") == {}
    body = b'{"Name":"n","Tags":[{"Key":"a","Value":null}],"Unknown":{"x":1},"Description":null}'
    assert parse_parameters(operation, read_json(body)) == {"Name": "n", "Tags": [{"Key": "a"}]}
    for raw in (b"[]", b"{", b"1", b'"x"', b"{" * 200_000, b'{"a":' * 100_000, b"\xff"):
        with pytest.raises(MalformedInput):
            read_json(raw)
    for wrong in ({"Name": 1}, {"Tags": {}}, {"Tags": [1]}, {"Tags": [{"Key": True}]}):
        with pytest.raises(MalformedInput):
            parse_parameters(operation, wrong)


def test_loading_iam_and_sts_takes_less_than_a_quarter_of_a_second() -> None:
    started = time.perf_counter()
    for name in ("iam", "sts"):
        load_service.__wrapped__(name)
    assert time.perf_counter() - started < 0.25


@pytest.mark.parametrize("name", ["nothing", "", "../sts", "iam/2010-05-08", ".."])
def test_a_service_that_botocore_does_not_have(name: str) -> None:
    with pytest.raises(LookupError):
        load_service(name)
