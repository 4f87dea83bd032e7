"""How metadata is served: the launch before the account before EC2; changed later; enforced."""

from __future__ import annotations

from typing import Any

import pytest

from launching import ONE, described, ec2_client, launch
from places import Place, refusal, tags

EC2S_OWN = {
    "State": "applied",
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}
ENFORCED = (
    "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. Either launch the "
    "instance with httpTokens=required or contact your account owner to disable httpTokensEnforced using the "
    "ModifyInstanceMetadataDefaults API or the account settings in the EC2 console."
)


def test_ec2s_own_defaults(place: Place) -> None:
    assert launch(ec2_client(place))["MetadataOptions"] == EC2S_OWN


def test_the_launch_comes_before_the_account_and_that_before_ec2(place: Place) -> None:
    ec2 = ec2_client(place)
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=3)
    assert launch(ec2)["MetadataOptions"] == EC2S_OWN | {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 3,
    }
    given = {"HttpTokens": "optional", "HttpProtocolIpv6": "enabled", "InstanceMetadataTags": "enabled"}
    assert launch(ec2, MetadataOptions=given)["MetadataOptions"] == EC2S_OWN | given | {
        "HttpPutResponseHopLimit": 3
    }
    elsewhere = ec2_client(place, region="eu-west-1")
    assert launch(elsewhere)["MetadataOptions"] == EC2S_OWN


def test_the_accounts_defaults_are_told_and_taken_back(place: Place) -> None:
    ec2 = ec2_client(place)
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {}
    assert ec2.modify_instance_metadata_defaults(
        HttpTokens="required",
        HttpPutResponseHopLimit=2,
        HttpEndpoint="disabled",
        InstanceMetadataTags="enabled",
        HttpTokensEnforced="disabled",
    )["Return"]
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2,
        "HttpEndpoint": "disabled",
        "InstanceMetadataTags": "enabled",
        "HttpTokensEnforced": "disabled",
        "ManagedBy": "account",
    }
    assert launch(ec2)["MetadataOptions"]["HttpEndpoint"] == "disabled"
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert set(ec2.get_instance_metadata_defaults()["AccountLevel"]) == {
        "HttpEndpoint",
        "InstanceMetadataTags",
        "HttpTokensEnforced",
        "ManagedBy",
    }
    for name in ("HttpEndpoint", "InstanceMetadataTags", "HttpTokensEnforced"):
        ec2.modify_instance_metadata_defaults(**{name: "no-preference"})
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {}
    assert launch(ec2)["MetadataOptions"] == EC2S_OWN


def test_enforced_tokens_refuse_imdsv1(place: Place) -> None:
    ec2 = ec2_client(place)
    before = launch(ec2, MetadataOptions={"HttpTokens": "required"})["InstanceId"]
    change = {"InstanceId": before, "HttpTokens": "optional"}
    for enforced in (None, "disabled"):
        if enforced:
            ec2.modify_instance_metadata_defaults(HttpTokensEnforced=enforced)
        changed = ec2.modify_instance_metadata_options(**change)["InstanceMetadataOptions"]
        assert changed["HttpTokens"] == "optional"
    ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
    assert refusal(ec2.run_instances, **ONE) == (400, "UnsupportedOperation", ENFORCED)
    launch(ec2, MetadataOptions={"HttpTokens": "required"})
    assert refusal(ec2.modify_instance_metadata_options, **change) == (
        400,
        "UnsupportedOperation",
        "You can't set httpTokens to 'optional' because httpTokensEnforced is enabled for this account.",
    )
    ec2.modify_instance_metadata_options(InstanceId=before, HttpPutResponseHopLimit=2)
    ec2.modify_instance_metadata_defaults(HttpTokens="required")
    assert launch(ec2)["MetadataOptions"]["HttpTokens"] == "required"


def test_what_is_not_given_stays(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2, MetadataOptions={"HttpPutResponseHopLimit": 2})["InstanceId"]
    changed = ec2.modify_instance_metadata_options(InstanceId=identifier, HttpTokens="required")
    assert changed["InstanceId"] == identifier
    wanted = EC2S_OWN | {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    assert changed["InstanceMetadataOptions"] == wanted | {"State": "pending"}
    assert described(ec2, identifier)["MetadataOptions"] == wanted


@pytest.mark.parametrize("limit", [0, 65, -1])
def test_a_hop_limit_is_between_1_and_64(place: Place, limit: int) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    asked: list[tuple[Any, dict[str, Any]]] = [
        (ec2.modify_instance_metadata_options, {"InstanceId": identifier, "HttpPutResponseHopLimit": limit}),
        (ec2.run_instances, ONE | {"MetadataOptions": {"HttpPutResponseHopLimit": limit}}),
    ]
    if limit != -1:
        asked.append((ec2.modify_instance_metadata_defaults, {"HttpPutResponseHopLimit": limit}))
    for call, given in asked:
        status, code, said = refusal(call, **given)
        assert (status, code) == (400, "InvalidParameterValue")
        assert f"Value ({limit}) for parameter HttpPutResponseHopLimit is invalid." in said
    for fine in (1, 64):
        ec2.modify_instance_metadata_options(InstanceId=identifier, HttpPutResponseHopLimit=fine)


def test_a_change_of_nothing_is_refused(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    said = (400, "InvalidParameterCombination", "No attributes specified.")
    assert refusal(ec2.modify_instance_metadata_options, InstanceId=identifier) == said
    assert refusal(ec2.modify_instance_metadata_defaults) == said


def test_values_are_those_of_the_model(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    assert refusal(ec2.modify_instance_metadata_options, InstanceId=identifier, HttpTokens="never") == (
        400,
        "InvalidParameterValue",
        "Value (never) for parameter httpTokens is invalid.",
    )


def test_a_terminated_instance_is_not_changed(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[identifier])
    change = {"InstanceId": identifier, "HttpTokens": "required"}
    assert refusal(ec2.modify_instance_metadata_options, **change)[1] == "IncorrectInstanceState"


def test_dry_runs_change_nothing(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    change = {"InstanceId": identifier, "HttpTokens": "required", "DryRun": True}
    assert refusal(ec2.modify_instance_metadata_options, **change)[:2] == (412, "DryRunOperation")
    assert refusal(ec2.modify_instance_metadata_defaults, HttpTokens="required", DryRun=True)[0] == 412
    assert refusal(ec2.get_instance_metadata_defaults, DryRun=True)[0] == 412
    assert described(ec2, identifier)["MetadataOptions"] == EC2S_OWN
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {}


# ── Tags in metadata ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("key", ["a b", "a/b", ".", "..", "_index", "ä"])
def test_tags_that_are_no_paths_of_metadata(place: Place, key: str) -> None:
    ec2 = ec2_client(place)
    said = (
        f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
        "and must not be a reserved name ('.', '..', '_index')"
    )
    specification = [{"ResourceType": "instance", "Tags": tags(**{key: "v"})}]
    on = {"MetadataOptions": {"InstanceMetadataTags": "enabled"}}
    assert refusal(ec2.run_instances, **ONE, TagSpecifications=specification, **on)[1:] == (
        "InvalidParameterValue",
        said,
    )
    tagged = launch(ec2, TagSpecifications=specification)["InstanceId"]
    change = {"InstanceId": tagged, "InstanceMetadataTags": "enabled"}
    assert refusal(ec2.modify_instance_metadata_options, **change)[2] == said
    bare = launch(ec2, **on)["InstanceId"]
    assert refusal(ec2.create_tags, Resources=[bare], Tags=tags(**{key: "v"}))[2] == said
