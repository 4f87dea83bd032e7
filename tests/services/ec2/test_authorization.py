"""Who may do what to machines: every resource of a launch, condition keys, tags, and iam:PassRole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from launching import ONE, association, ec2_client, launch, profile
from places import Place, refusal, statement, tags

RUN = "ec2:RunInstances"
NAME = [{"ResourceType": "instance", "Tags": tags(team="blue")}]
#: Everything of a launch but the instances themselves.
REST = statement(
    "Allow",
    RUN,
    [f"arn:aws:ec2:*:*:{kind}/*" for kind in ("image", "network-interface", "security-group", "subnet")]
    + ["arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:key-pair/*"],
)


def may(call: Any, **parameters: Any) -> bool:
    """Tell whether a call is permitted; any refusal but UnauthorizedOperation fails the test."""
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "UnauthorizedOperation", error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return False
    return True


def user(place: Place, *statements: dict[str, Any], name: str = "ann") -> Any:
    """A client of a user with these permissions."""
    return ec2_client(place, place.user(name, *statements))


def on(place: Place, resource: str) -> str:
    """The ARN of a resource of the place in us-east-1."""
    return f"arn:aws:ec2:us-east-1:{place.number}:{resource}"


# ── Launches ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "missing",
    [
        *("instance/*", "image/ami-12345678", "network-interface/*", "security-group/sg-2"),
        *("subnet/subnet-1", "volume/*", "key-pair/ann"),
    ],
)
def test_a_launch_is_asked_on_everything_that_it_makes_or_uses(place: Place, missing: str) -> None:
    wanted = ONE | {"SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1", "sg-2"], "KeyName": "ann"}
    arn = f"arn:aws:ec2:us-east-1::{missing}" if "image" in missing else on(place, missing)
    assert may(user(place, statement("Allow", RUN)).run_instances, **wanted)
    denied = user(place, statement("Allow", RUN), statement("Deny", RUN, arn), name="bob")
    status, code, said = refusal(denied.run_instances, **wanted)
    assert (status, code) == (403, "UnauthorizedOperation")
    sentence = (
        "You are not authorized to perform this operation. "
        f"User: {place.arn('user/bob')} is not authorized to perform: ec2:RunInstances on resource: {arn} "
        "with an explicit deny in an identity-based policy. Encoded authorization failure message: "
    )
    assert said.startswith(sentence)


def test_the_encoded_message_tells_the_denial(place: Place) -> None:
    ann = user(place, REST)
    said = refusal(ann.run_instances, **ONE)[2]
    text, _, encoded = said.partition(" Encoded authorization failure message: ")
    assert text.endswith("because no identity-based policy allows the ec2:RunInstances action.")
    told = json.loads(place.sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert told["allowed"] is told["explicitDeny"] is False
    assert told["context"]["action"] == RUN
    assert told["context"]["resource"] == on(place, "instance/*")
    keys = {item["key"]: item["values"]["items"] for item in told["context"]["conditions"]["items"]}
    assert keys["ec2:metadatahttptokens"] == [{"value": "optional"}]


def test_a_denial_without_a_resource_names_none_and_encodes_nothing(place: Place) -> None:
    ann = user(place)
    for call, name in ((ann.describe_instances, "DescribeInstances"), (ann.describe_tags, "DescribeTags")):
        assert refusal(call) == (
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. "
            f"User: {place.arn('user/ann')} is not authorized to perform: ec2:{name} "
            f"because no identity-based policy allows the ec2:{name} action",
        )


LAUNCH_KEYS = [
    ("ec2:InstanceType", "t3.micro", {"InstanceType": "t3.micro"}, {"InstanceType": "t3.small"}),
    ("ec2:MetadataHttpTokens", "required", {"MetadataOptions": {"HttpTokens": "required"}}, {}),
    ("ec2:MetadataHttpEndpoint", "disabled", {"MetadataOptions": {"HttpEndpoint": "disabled"}}, {}),
    ("ec2:MetadataHttpPutResponseHopLimit", "2", {"MetadataOptions": {"HttpPutResponseHopLimit": 2}}, {}),
    ("ec2:InstanceMetadataTags", "enabled", {"MetadataOptions": {"InstanceMetadataTags": "enabled"}}, {}),
    ("ec2:AvailabilityZone", "us-east-1b", {"Placement": {"AvailabilityZone": "us-east-1b"}}, {}),
    ("ec2:AvailabilityZoneId", "use1-az2", {"Placement": {"AvailabilityZone": "us-east-1b"}}, {}),
    ("ec2:Tenancy", "dedicated", {"Placement": {"Tenancy": "dedicated"}}, {}),
    ("ec2:EbsOptimized", "true", {"EbsOptimized": True}, {}),
    ("ec2:InstanceAutoRecovery", "disabled", {"MaintenanceOptions": {"AutoRecovery": "disabled"}}, {}),
    ("ec2:RootDeviceType", "ebs", {}, None),
    ("ec2:Region", "us-east-1", {}, None),
    ("aws:RequestedRegion", "us-east-1", {}, None),
    ("aws:RequestTag/team", "blue", {"TagSpecifications": NAME}, {}),
]


@pytest.mark.parametrize(
    ("key", "value", "fits", "fits_not"), LAUNCH_KEYS, ids=[row[0] for row in LAUNCH_KEYS]
)
def test_condition_keys_of_a_launch(
    place: Place, key: str, value: str, fits: dict[str, Any], fits_not: dict[str, Any] | None
) -> None:
    operator = "NumericEquals" if key.endswith("HopLimit") else "StringEquals"
    condition = {operator: {key: value}}
    allowed = statement("Allow", RUN, "arn:aws:ec2:*:*:instance/*", Condition=condition)
    ann = user(place, REST, allowed, statement("Allow", "ec2:CreateTags"))
    assert may(ann.run_instances, **ONE, **fits)
    if fits_not is not None:
        assert not may(ann.run_instances, **ONE, **fits_not)
        made = launch(ec2_client(place), **fits)["InstanceId"]
        other = launch(ec2_client(place), **fits_not)["InstanceId"]
        stop = user(place, statement("Allow", "ec2:StopInstances", Condition=condition), name="bob")
        if key != "aws:RequestTag/team":
            assert may(stop.stop_instances, InstanceIds=[made])
            assert not may(stop.stop_instances, InstanceIds=[other])


USED_KEYS = [
    ("ec2:ImageID", "ami-12345678", "image/*", {"ImageId": "ami-00000001"}),
    ("ec2:SecurityGroupID", "sg-1", "security-group/*", {"SecurityGroupIds": ["sg-2"]}),
    ("ec2:SubnetID", "subnet-1", "subnet/*", {"SubnetId": "subnet-2"}),
    ("ec2:KeyPairName", "ann", "key-pair/*", {"KeyName": "bob"}),
]


@pytest.mark.parametrize(("key", "value", "kind", "other"), USED_KEYS, ids=[row[0] for row in USED_KEYS])
def test_condition_keys_of_what_a_launch_uses(
    place: Place, key: str, value: str, kind: str, other: dict[str, Any]
) -> None:
    wanted = ONE | {"SecurityGroupIds": ["sg-1"], "SubnetId": "subnet-1", "KeyName": "ann"}
    condition = {"StringNotEquals": {key: value}}
    denied = statement("Deny", RUN, f"arn:aws:ec2:*:*:{kind}", Condition=condition)
    ann = user(place, statement("Allow", RUN), denied)
    assert may(ann.run_instances, **wanted)
    assert not may(ann.run_instances, **(wanted | other))


def test_the_network_of_a_launch(place: Place) -> None:
    made = launch(ec2_client(place), SubnetId="subnet-1")
    keys = {"ec2:Vpc": on(place, f"vpc/{made['VpcId']}"), "ec2:Subnet": on(place, "subnet/subnet-1")}
    denied = statement("Deny", RUN, "arn:aws:ec2:*:*:network-interface/*", Condition={"ArnNotEquals": keys})
    ann = user(place, statement("Allow", RUN), denied)
    assert may(ann.run_instances, **ONE, SubnetId="subnet-1")
    both = statement("Deny", RUN, "arn:aws:ec2:*:*:network-interface/*", Condition={"ArnEquals": keys})
    bob = user(place, statement("Allow", RUN), both, name="bob")
    assert not may(bob.run_instances, **ONE, SubnetId="subnet-1")


def test_tags_at_launch_need_the_permission_to_tag_for_a_launch(place: Place) -> None:
    def tagging(action: str) -> dict[str, Any]:
        return statement("Allow", "ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": action}})

    run = statement("Allow", RUN)
    assert not may(user(place, run, name="a").run_instances, **ONE, TagSpecifications=NAME)
    assert not may(
        user(place, run, tagging("CreateVolume"), name="b").run_instances, **ONE, TagSpecifications=NAME
    )
    launching = user(place, run, tagging("RunInstances"), name="c")
    assert may(launching.run_instances, **ONE, TagSpecifications=NAME)
    made = launch(ec2_client(place))["InstanceId"]
    assert not may(launching.create_tags, Resources=[made], Tags=tags(k="v"))


def test_keys_of_tags_that_are_passed(place: Place) -> None:
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    tagging = statement("Allow", "ec2:CreateTags", Condition=only)
    ann = user(place, statement("Allow", RUN), tagging, statement("Allow", "ec2:DeleteTags", Condition=only))
    made = launch(ann, TagSpecifications=NAME)["InstanceId"]
    other = [{"ResourceType": "instance", "Tags": tags(cost="1")}]
    assert not may(ann.run_instances, **ONE, TagSpecifications=other)
    for call in (ann.create_tags, ann.delete_tags):
        assert may(call, Resources=[made], Tags=tags(team="red"))
        assert not may(call, Resources=[made], Tags=tags(team="red", cost="1"))


# ── Existing instances ───────────────────────────────────────────────────────────────────────────────────────────
ON_ONE = ["start_instances", "stop_instances", "terminate_instances"]


@pytest.mark.parametrize("operation", ON_ONE)
@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "ec2:ResourceTag/team"])
def test_every_instance_that_is_named_is_asked_about(place: Place, operation: str, key: str) -> None:
    root = ec2_client(place)
    blue = [launch(root, TagSpecifications=NAME)["InstanceId"] for _ in range(2)]
    plain = launch(root)["InstanceId"]
    ann = user(place, statement("Allow", "ec2:*", Condition={"StringEquals": {key: "blue"}}))
    assert not may(getattr(ann, operation), InstanceIds=[*blue, plain])
    assert may(getattr(ann, operation), InstanceIds=blue)


def test_a_tag_decides_wherever_one_instance_is_named(place: Place) -> None:
    root, arn = ec2_client(place), profile(place)
    blue = launch(root, TagSpecifications=NAME, IamInstanceProfile={"Arn": arn})["InstanceId"]
    plain = launch(root, IamInstanceProfile={"Arn": arn})["InstanceId"]
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    ann = user(place, statement("Allow", "ec2:*", Condition=condition), statement("Allow", "iam:PassRole"))
    for identifier, expected in ((plain, False), (blue, True)):
        held = association(root, identifier)
        assert held is not None
        number = {"AssociationId": held["AssociationId"]}
        change = {"InstanceId": identifier, "HttpTokens": "required"}
        assert may(ann.modify_instance_metadata_options, **change) is expected
        asked = {"InstanceId": identifier, "Attribute": "userData"}
        assert may(ann.describe_instance_attribute, **asked) is expected
        assert may(ann.create_tags, Resources=[identifier], Tags=tags(k="v")) is expected
        new = {"IamInstanceProfile": {"Arn": arn}}
        assert may(ann.replace_iam_instance_profile_association, **number, **new) is expected
        held = association(root, identifier)
        assert held is not None
        number = {"AssociationId": held["AssociationId"]}
        assert may(ann.disassociate_iam_instance_profile, **number) is expected
        if not expected:
            root.disassociate_iam_instance_profile(**number)
        assert may(ann.associate_iam_instance_profile, InstanceId=identifier, **new) is expected


def test_an_instance_that_is_not_there_is_denied_before_it_is_missed(place: Place) -> None:
    ann = user(place)
    status, code, said = refusal(ann.stop_instances, InstanceIds=["i-00000000000000000"])
    assert (status, code) == (403, "UnauthorizedOperation")
    assert on(place, "instance/i-00000000000000000") in said
    assert refusal(ann.disassociate_iam_instance_profile, AssociationId="iip-assoc-1")[0] == 403


def test_instances_may_be_named_by_their_arn_and_id(place: Place) -> None:
    one, two = launch(ec2_client(place))["InstanceId"], launch(ec2_client(place))["InstanceId"]
    ann = user(place, statement("Allow", "ec2:StopInstances", on(place, f"instance/{one}")))
    assert may(ann.stop_instances, InstanceIds=[one])
    assert not may(ann.stop_instances, InstanceIds=[two])
    condition = {"StringEquals": {"ec2:InstanceID": one}}
    bob = user(place, statement("Allow", "ec2:StopInstances", Condition=condition), name="bob")
    assert may(bob.stop_instances, InstanceIds=[one])
    assert not may(bob.stop_instances, InstanceIds=[two])


def test_attributes_of_metadata_that_are_changed(place: Place) -> None:
    identifier = launch(ec2_client(place))["InstanceId"]
    condition = {"StringEquals": {"ec2:Attribute/HttpTokens": "optional"}}
    denied = statement("Deny", "ec2:Modify*", Condition=condition)
    ann = user(place, statement("Allow", "ec2:*"), denied)
    change = ann.modify_instance_metadata_options
    assert not may(change, InstanceId=identifier, HttpTokens="optional")
    assert may(change, InstanceId=identifier, HttpTokens="required")
    assert not may(ann.modify_instance_metadata_defaults, HttpTokens="optional")
    assert may(ann.modify_instance_metadata_defaults, HttpTokens="required")


def test_other_regions_can_be_forbidden(place: Place) -> None:
    keys = place.user(
        "ann", statement("Allow", "ec2:*", Condition={"StringEquals": {"ec2:Region": "eu-west-1"}})
    )
    assert may(ec2_client(place, keys, region="eu-west-1").describe_instances)
    assert not may(ec2_client(place, keys).describe_instances)


# ── Profiles and roles ───────────────────────────────────────────────────────────────────────────────────────────
def test_instance_profiles_decide(place: Place) -> None:
    root, web, other = ec2_client(place), profile(place), profile(place, "other", "second")
    run = statement(
        "Allow", RUN, "arn:aws:ec2:*:*:instance/*", Condition={"ArnEquals": {"ec2:InstanceProfile": web}}
    )
    new = statement("Allow", "ec2:*Profile*", Condition={"ArnEquals": {"ec2:NewInstanceProfile": web}})
    ann = user(place, REST, run, new, statement("Allow", "iam:PassRole"))
    assert may(ann.run_instances, **ONE, IamInstanceProfile={"Arn": web})
    assert not may(ann.run_instances, **ONE, IamInstanceProfile={"Arn": other})
    assert not may(ann.run_instances, **ONE)
    identifier = launch(root)["InstanceId"]
    assert not may(
        ann.associate_iam_instance_profile, InstanceId=identifier, IamInstanceProfile={"Arn": other}
    )
    assert may(ann.associate_iam_instance_profile, InstanceId=identifier, IamInstanceProfile={"Name": "web"})
    present = {"ArnEquals": {"ec2:InstanceProfile": web}}
    bob = user(place, statement("Allow", "ec2:StopInstances", Condition=present), name="bob")
    assert may(bob.stop_instances, InstanceIds=[identifier])
    assert not may(bob.stop_instances, InstanceIds=[launch(root)["InstanceId"]])


def test_an_association_is_asked_about_as_the_instance_of_its_own_region(place: Place) -> None:
    """Elsewhere it names no instance, so that only who may do it to all is told that it is not there."""
    profile(place)
    machine = launch(ec2_client(place), IamInstanceProfile={"Name": "web"})["InstanceId"]
    held = association(ec2_client(place), machine)
    assert held is not None
    mine = f"arn:aws:ec2:*:{place.number}:instance/{machine}"
    keys = place.user("ann", statement("Allow", "ec2:DisassociateIamInstanceProfile", mine))
    abroad = ec2_client(place, keys, region="eu-west-1").disassociate_iam_instance_profile
    assert not may(abroad, AssociationId=held["AssociationId"])
    assert may(ec2_client(place, keys).disassociate_iam_instance_profile, AssociationId=held["AssociationId"])


def test_handing_a_role_over_needs_pass_role(place: Place) -> None:
    root, arn = ec2_client(place), profile(place)
    role = place.arn("role/app")
    ann = user(place, statement("Allow", "ec2:*"))
    given = {"IamInstanceProfile": {"Arn": arn}}
    identifier = launch(root, **given)["InstanceId"]
    held = association(root, identifier)
    assert held is not None
    bare = launch(root)["InstanceId"]
    for call, parameters in (
        (ann.run_instances, ONE | given),
        (ann.associate_iam_instance_profile, {"InstanceId": bare} | given),
        (ann.replace_iam_instance_profile_association, {"AssociationId": held["AssociationId"]} | given),
    ):
        status, code, said = refusal(call, **parameters)
        assert (status, code) == (403, "UnauthorizedOperation")
        assert said.startswith(
            "You are not authorized to perform this operation. "
            f"User: {place.arn('user/ann')} is not authorized to perform: iam:PassRole on resource: {role} "
            "because no identity-based policy allows the iam:PassRole action. "
            "Encoded authorization failure message: "
        )
    assert may(ann.run_instances, **ONE), "without a profile no role is handed over"
    assert may(ann.disassociate_iam_instance_profile, AssociationId=held["AssociationId"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, True),
        ({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}, False),
        ({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:us-east-1:*:instance/*"}}, True),
        ({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:eu-west-1:*:instance/*"}}, False),
    ],
)
def test_pass_role_says_to_whom_and_for_what(place: Place, condition: dict[str, Any], expected: bool) -> None:
    arn = profile(place)
    ann = user(place, statement("Allow", "ec2:*"), statement("Allow", "iam:PassRole", Condition=condition))
    assert may(ann.run_instances, **ONE, IamInstanceProfile={"Arn": arn}) is expected
    identifier = launch(ec2_client(place))["InstanceId"]
    given = {"InstanceId": identifier, "IamInstanceProfile": {"Arn": arn}}
    assert may(ann.associate_iam_instance_profile, **given) is expected


def test_a_dry_run_is_denied_as_the_run_would_be(place: Place) -> None:
    assert refusal(user(place).run_instances, **ONE, DryRun=True)[:2] == (403, "UnauthorizedOperation")
