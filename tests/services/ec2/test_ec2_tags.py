"""Tags of instances: put, replaced, taken off by key or by value, listed; and what EC2 does not take."""

from __future__ import annotations

from typing import Any

import pytest

from launching import ONE, described, ec2_client, launch
from places import Place, many_tags, refusal, tags


def test_tags_at_launch_and_later(place: Place) -> None:
    ec2 = ec2_client(place)
    specification = [
        {"ResourceType": "instance", "Tags": tags(b="1", a="")},
        {"ResourceType": "instance", "Tags": tags(c="3")},
    ]
    one = launch(ec2, TagSpecifications=specification)
    assert one["Tags"] == tags(a="", b="1", c="3")
    two = launch(ec2)
    assert "Tags" not in two
    both = [one["InstanceId"], two["InstanceId"]]
    ec2.create_tags(Resources=both, Tags=tags(b="2", B="3"))
    assert described(ec2, both[0])["Tags"] == tags(B="3", a="", b="2", c="3")
    assert described(ec2, both[1])["Tags"] == tags(B="3", b="2")


def test_tags_are_taken_off_by_key_by_value_or_all(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    wanted = [identifier]
    ec2.create_tags(Resources=wanted, Tags=tags(a="1", b="2", c="", d="4"))
    ec2.delete_tags(Resources=wanted, Tags=[{"Key": "a"}, {"Key": "b", "Value": "other"}, {"Key": "x"}])
    assert described(ec2, identifier)["Tags"] == tags(b="2", c="", d="4")
    ec2.delete_tags(Resources=wanted, Tags=[{"Key": "b", "Value": "2"}, {"Key": "d", "Value": ""}])
    assert described(ec2, identifier)["Tags"] == tags(c="", d="4")
    ec2.delete_tags(Resources=wanted)
    assert "Tags" not in described(ec2, identifier)


def test_tags_are_listed_by_resource_and_key(place: Place) -> None:
    ec2 = ec2_client(place)
    made = sorted(one["InstanceId"] for one in ec2.run_instances(**(ONE | {"MaxCount": 3}))["Instances"])
    ec2.create_tags(Resources=made, Tags=tags(b="2", a="1"))
    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Tags"]) for page in pages] == [5, 1]
    found = [(tag["ResourceId"], tag["Key"]) for page in pages for tag in page["Tags"]]
    assert found == [(identifier, key) for identifier in made for key in ("a", "b")]
    for filters, count in (
        ({"key": "a"}, 3),
        ({"value": "2"}, 3),
        ({"resource-id": made[0]}, 2),
        ({"resource-type": "instance"}, 6),
        ({"resource-type": "volume"}, 0),
        ({"tag:a": "1"}, 3),
        ({"tag:a": "2"}, 0),
        ({"resource-id": made[1], "key": "b"}, 1),
    ):
        asked = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        assert len(ec2.describe_tags(Filters=asked)["Tags"]) == count, filters
    (tag,) = ec2.describe_tags(
        Filters=[{"Name": "resource-id", "Values": made[:1]}, {"Name": "key", "Values": ["a"]}]
    )["Tags"]
    assert tag == {"ResourceId": made[0], "ResourceType": "instance", "Key": "a", "Value": "1"}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (tags(**{"aws:x": ""}), "InvalidParameterValue", "Tag keys starting with 'aws:'"),
        (tags(**{"AWS:x": ""}), "InvalidParameterValue", "Tag keys starting with 'aws:'"),
        (tags(**{"k" * 129: ""}), "InvalidParameterValue", "128"),
        (tags(k="v" * 257), "InvalidParameterValue", "256"),
        (tags(**{"": "v"}), "InvalidParameterValue", "null or empty"),
        ([*tags(k="1"), *tags(k="2")], "InvalidParameterValue", "Duplicate tag key 'k' specified."),
        (many_tags(51), "TagLimitExceeded", "The maximum number of Tags for a resource has been reached."),
    ],
)
def test_tags_that_ec2_does_not_take(place: Place, given: list[dict[str, str]], code: str, said: str) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    specification = [{"ResourceType": "instance", "Tags": given}]
    asked: list[tuple[Any, dict[str, Any]]] = [
        (ec2.create_tags, {"Resources": [identifier], "Tags": given}),
        (ec2.run_instances, ONE | {"TagSpecifications": specification}),
    ]
    for call, parameters in asked:
        status, found, message = refusal(call, **parameters)
        assert (status, found) == (400, code)
        assert said in message


def test_fifty_tags_are_the_most(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    ec2.create_tags(Resources=[identifier], Tags=many_tags(50))
    ec2.create_tags(Resources=[identifier], Tags=tags(key000="again"))
    assert refusal(ec2.create_tags, Resources=[identifier], Tags=tags(more=""))[1] == "TagLimitExceeded"


def test_nothing_but_instances_has_tags(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    for call in (ec2.create_tags, ec2.delete_tags):
        given = {"Tags": tags(k="v")}
        assert refusal(call, Resources=[identifier, "vpc-1"], **given) == (
            400,
            "InvalidID",
            "The ID 'vpc-1' is not valid",
        )
        assert refusal(call, Resources=["i-00000000"], **given)[1] == "InvalidInstanceID.NotFound"
        assert refusal(call, Resources=[identifier], DryRun=True, **given)[1] == "DryRunOperation"
    assert "Tags" not in described(ec2, identifier)
    volume = [{"ResourceType": "volume", "Tags": tags(k="v")}]
    assert refusal(ec2.run_instances, **ONE, TagSpecifications=volume) == (
        400,
        "UnsupportedOperation",
        "Vestry does not offer tags of the resource type volume at launch.",
    )


def test_what_names_nothing_is_refused(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    assert refusal(ec2.create_tags, Resources=[identifier])[1] == "MissingParameter"
    assert refusal(ec2.create_tags, Resources=[], Tags=tags(k="v"))[1] == "MissingParameter"
    many = [f"i-{number:08x}" for number in range(1001)]
    assert refusal(ec2.create_tags, Resources=many, Tags=tags(k="v"))[1] == "InvalidParameterValue"
