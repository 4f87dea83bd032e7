"""Starting, stopping, terminating: done when answered, refused in EC2's words, shown for as long as EC2 shows it."""

from __future__ import annotations

from typing import Any

import pytest

from launching import described, ec2_client, ids, launch, profile
from places import Place, refusal


def change(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the states before and after of each instance in an answer."""
    (listed,) = (value for name, value in answer.items() if name.endswith("ingInstances"))
    return [(one["PreviousState"]["Name"], one["CurrentState"]["Name"]) for one in listed]


def test_an_instance_is_stopped_and_started(place: Place) -> None:
    ec2 = ec2_client(place)
    made = launch(ec2)
    wanted = [made["InstanceId"]]
    assert change(ec2.stop_instances(InstanceIds=wanted, Force=True)) == [("running", "stopped")]
    told = described(ec2, wanted[0])
    assert told["State"] == {"Code": 80, "Name": "stopped"}
    assert told["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert told["StateTransitionReason"].startswith("User initiated (")
    assert told["PrivateIpAddress"] == made["PrivateIpAddress"]
    assert change(ec2.stop_instances(InstanceIds=wanted)) == [("stopped", "stopped")]
    place.server.clock.offset += 60
    assert change(ec2.start_instances(InstanceIds=wanted)) == [("stopped", "running")]
    told = described(ec2, wanted[0])
    assert told["LaunchTime"] > made["LaunchTime"]
    assert "StateReason" not in told
    assert change(ec2.start_instances(InstanceIds=wanted)) == [("running", "running")]


def test_several_at_once_each_once(place: Place) -> None:
    ec2 = ec2_client(place)
    one, two = launch(ec2)["InstanceId"], launch(ec2)["InstanceId"]
    ec2.stop_instances(InstanceIds=[two])
    answer = ec2.terminate_instances(InstanceIds=[one, two, one])
    assert change(answer) == [("running", "terminated"), ("stopped", "terminated")]


def test_a_terminated_instance_has_lost_its_place(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2, IamInstanceProfile={"Arn": arn})["InstanceId"]
    ec2.terminate_instances(InstanceIds=[identifier])
    told = described(ec2, identifier)
    assert told["State"] == {"Code": 48, "Name": "terminated"}
    assert told["NetworkInterfaces"] == told["SecurityGroups"] == []
    assert not {"IamInstanceProfile", "PrivateIpAddress", "SubnetId", "VpcId"} & set(told)
    assert ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"] == []
    assert change(ec2.terminate_instances(InstanceIds=[identifier])) == [("terminated", "terminated")]


def test_a_terminated_instance_is_neither_started_nor_stopped(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[identifier])
    assert refusal(ec2.start_instances, InstanceIds=[identifier]) == (
        400,
        "IncorrectInstanceState",
        f"The instance '{identifier}' is not in a state from which it can be started.",
    )
    assert refusal(ec2.stop_instances, InstanceIds=[identifier]) == (
        400,
        "IncorrectInstanceState",
        f"This instance '{identifier}' is not in a state from which it can be stopped.",
    )


def test_a_terminated_instance_is_shown_for_an_hour_and_then_gone(place: Place) -> None:
    ec2 = ec2_client(place)
    old, new = launch(ec2, ClientToken="once")["InstanceId"], launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[old])
    place.server.clock.offset += 3590
    third = launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[third])
    assert set(ids(ec2.describe_instances())) == {old, new, third}, "another's end is not theirs"
    place.server.clock.offset += 20
    assert set(ids(ec2.describe_instances())) == {new, third}
    assert refusal(ec2.describe_instances, InstanceIds=[old])[1] == "InvalidInstanceID.NotFound"
    assert launch(ec2, ClientToken="once")["InstanceId"] == old, "its token is still taken"
    ec2.terminate_instances(InstanceIds=[new])
    assert launch(ec2, ClientToken="once")["InstanceId"] != old, "its row is gone, and its token with it"


def test_none_at_all_is_a_missing_parameter_by_the_name_that_is_sent(place: Place) -> None:
    ec2 = ec2_client(place)
    for operation in (ec2.start_instances, ec2.stop_instances, ec2.terminate_instances):
        assert refusal(operation, InstanceIds=[]) == (
            400,
            "MissingParameter",
            "The request must contain the parameter InstanceId",
        )
    for operation in (ec2.create_tags, ec2.delete_tags):
        assert refusal(operation, Resources=[], Tags=[]) == (
            400,
            "MissingParameter",
            "The request must contain the parameter ResourceId",
        )
    some = {"Resources": ["i-00000000"], "Tags": []}
    assert refusal(ec2.create_tags, **some)[2] == "The request must contain the parameter Tag"


def test_one_that_is_not_there_changes_nothing(place: Place) -> None:
    ec2 = ec2_client(place)
    one = launch(ec2)["InstanceId"]
    missing = "i-00000000000000000"
    for operation in (ec2.start_instances, ec2.stop_instances, ec2.terminate_instances):
        assert refusal(operation, InstanceIds=[one, missing]) == (
            400,
            "InvalidInstanceID.NotFound",
            f"The instance ID '{missing}' does not exist",
        )
    assert described(ec2, one)["State"]["Name"] == "running"
    both = ["i-00000000", missing]
    assert refusal(ec2.stop_instances, InstanceIds=both)[2] == (
        f"The instance IDs 'i-00000000, {missing}' do not exist"
    )
    assert refusal(ec2.stop_instances, InstanceIds=["x"]) == (
        400,
        "InvalidInstanceID.Malformed",
        'Invalid id: "x"',
    )


@pytest.mark.parametrize("operation", ["start_instances", "stop_instances", "terminate_instances"])
def test_a_dry_run_leaves_the_state(place: Place, operation: str) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    assert refusal(getattr(ec2, operation), InstanceIds=[identifier], DryRun=True)[:2] == (
        412,
        "DryRunOperation",
    )
    assert described(ec2, identifier)["State"]["Name"] == "running"
    assert refusal(getattr(ec2, operation), InstanceIds=["i-00000000"], DryRun=True)[1] == (
        "InvalidInstanceID.NotFound"
    )


def test_what_a_machine_without_an_operating_system_cannot_do_is_refused_by_name(place: Place) -> None:
    ec2 = ec2_client(place)
    wanted = [launch(ec2)["InstanceId"]]
    assert refusal(ec2.stop_instances, InstanceIds=wanted, Hibernate=True) == (
        400,
        "UnsupportedOperation",
        "Vestry does not offer the parameter Hibernate of StopInstances.",
    )
    assert refusal(ec2.start_instances, InstanceIds=wanted, AdditionalInfo="x")[1] == "UnsupportedOperation"
