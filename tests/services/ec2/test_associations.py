"""One profile an instance: given, replaced, taken away, and what becomes of it when it is deleted."""

from __future__ import annotations

import re

from launching import association, described, ec2_client, launch, profile
from places import Place, refusal


def test_a_profile_is_given_to_a_running_or_stopped_instance(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    running, stopped = launch(ec2)["InstanceId"], launch(ec2)["InstanceId"]
    ec2.stop_instances(InstanceIds=[stopped])
    for identifier in (running, stopped):
        made = ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Name": "web"})[
            "IamInstanceProfileAssociation"
        ]
        assert re.fullmatch(r"iip-assoc-[0-9a-f]{17}", made["AssociationId"])
        assert made["State"] == "associating"
        assert made["InstanceId"] == identifier
        assert made["IamInstanceProfile"]["Arn"] == arn
        assert described(ec2, identifier)["IamInstanceProfile"] == made["IamInstanceProfile"]
        assert association(ec2, identifier) == made | {"State": "associated"}


def test_an_instance_has_one_association_at_a_time(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2, IamInstanceProfile={"Arn": arn})["InstanceId"]
    given = {"InstanceId": identifier, "IamInstanceProfile": {"Arn": arn}}
    assert refusal(ec2.associate_iam_instance_profile, **given) == (
        400,
        "IncorrectState",
        f"There is an existing association for instance {identifier}",
    )


def test_a_terminated_instance_gets_no_profile(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[identifier])
    assert refusal(
        ec2.associate_iam_instance_profile, InstanceId=identifier, IamInstanceProfile={"Arn": arn}
    ) == (
        400,
        "IncorrectInstanceState",
        f"The instance '{identifier}' is not in the 'running' or 'stopped' states.",
    )


def test_replacing_gives_a_new_association(place: Place) -> None:
    ec2, one, two = ec2_client(place), profile(place), profile(place, "other", "second")
    identifier = launch(ec2, IamInstanceProfile={"Arn": one})["InstanceId"]
    before = association(ec2, identifier)
    assert before is not None
    made = ec2.replace_iam_instance_profile_association(
        AssociationId=before["AssociationId"], IamInstanceProfile={"Arn": two}
    )["IamInstanceProfileAssociation"]
    assert made["AssociationId"] != before["AssociationId"]
    assert made["IamInstanceProfile"]["Arn"] == two
    after = association(ec2, identifier)
    assert after == made | {"State": "associated"}
    gone = {"AssociationId": before["AssociationId"]}
    said = (
        400,
        "InvalidAssociationID.NotFound",
        f"An invalid association-id of '{before['AssociationId']}' was given",
    )
    assert refusal(ec2.disassociate_iam_instance_profile, **gone) == said
    assert (
        refusal(ec2.replace_iam_instance_profile_association, IamInstanceProfile={"Arn": one}, **gone) == said
    )
    assert (
        refusal(ec2.describe_iam_instance_profile_associations, AssociationIds=[before["AssociationId"]])
        == said
    )


def test_replacing_wants_a_running_instance(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2, IamInstanceProfile={"Arn": arn})["InstanceId"]
    ec2.stop_instances(InstanceIds=[identifier])
    held = association(ec2, identifier)
    assert held is not None, "a stopped instance keeps its profile"
    assert refusal(
        ec2.replace_iam_instance_profile_association,
        AssociationId=held["AssociationId"],
        IamInstanceProfile={"Arn": arn},
    )[1:] == ("IncorrectInstanceState", f"The instance '{identifier}' is not in the 'running' state.")


def test_a_profile_is_taken_away(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2, IamInstanceProfile={"Arn": arn})["InstanceId"]
    held = association(ec2, identifier)
    assert held is not None
    gone = ec2.disassociate_iam_instance_profile(AssociationId=held["AssociationId"])
    assert gone["IamInstanceProfileAssociation"] == held | {"State": "disassociating"}
    assert "IamInstanceProfile" not in described(ec2, identifier)
    assert association(ec2, identifier) is None
    ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Arn": arn})


def test_a_profile_may_be_empty_or_deleted_while_instances_have_it(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    identifier = launch(ec2)["InstanceId"]
    place.iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Arn": arn})
    place.iam.delete_instance_profile(InstanceProfileName="web")
    assert described(ec2, identifier)["IamInstanceProfile"]["Arn"] == arn
    assert refusal(
        ec2.associate_iam_instance_profile,
        InstanceId=launch(ec2)["InstanceId"],
        IamInstanceProfile={"Arn": arn},
    )[1] == ("InvalidParameterValue")


def test_a_profile_of_another_account_is_not_one(place: Place) -> None:
    arn = profile(Place(place.server))
    ec2 = ec2_client(place)
    assert refusal(
        ec2.associate_iam_instance_profile,
        InstanceId=launch(ec2)["InstanceId"],
        IamInstanceProfile={"Arn": arn},
    )[1:] == (
        "InvalidParameterValue",
        f"Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
    )


def test_a_specification_that_names_nothing_is_refused(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    for given in ({"Name": ""}, None):
        assert (
            refusal(
                ec2.associate_iam_instance_profile,
                **({"InstanceId": identifier} | ({} if given is None else {"IamInstanceProfile": given})),
            )[1]
            == "MissingParameter"
        )


def test_an_association_is_of_its_own_region(place: Place) -> None:
    profile(place)
    held = association(
        ec2_client(place), launch(ec2_client(place), IamInstanceProfile={"Name": "web"})["InstanceId"]
    )
    assert held is not None
    abroad = ec2_client(place, region="eu-west-1").disassociate_iam_instance_profile
    assert refusal(abroad, AssociationId=held["AssociationId"]) == (
        400,
        "InvalidAssociationID.NotFound",
        f"An invalid association-id of '{held['AssociationId']}' was given",
    )


def test_an_empty_name_names_no_profile(place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2)["InstanceId"]
    for empty in ({"Arn": ""}, {"Name": ""}):
        assert refusal(ec2.associate_iam_instance_profile, InstanceId=identifier, IamInstanceProfile=empty)[
            :2
        ] == (
            400,
            "MissingParameter",
        )


def test_associations_are_listed_in_pages(place: Place) -> None:
    ec2, arn = ec2_client(place), profile(place)
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=7, MaxCount=7, IamInstanceProfile={"Arn": arn})[
        "Instances"
    ]
    pages = list(
        ec2.get_paginator("describe_iam_instance_profile_associations").paginate(
            Filters=[{"Name": "state", "Values": ["associated"]}], PaginationConfig={"PageSize": 5}
        )
    )
    found = [one["InstanceId"] for page in pages for one in page["IamInstanceProfileAssociations"]]
    assert [len(page["IamInstanceProfileAssociations"]) for page in pages] == [5, 2]
    assert sorted(found) == sorted(one["InstanceId"] for one in made)
    nothing = ec2.describe_iam_instance_profile_associations(
        Filters=[{"Name": "state", "Values": ["disassociated"]}]
    )
    assert nothing["IamInstanceProfileAssociations"] == []
    assert refusal(
        ec2.describe_iam_instance_profile_associations, Filters=[{"Name": "tag:x", "Values": ["y"]}]
    ) == (400, "InvalidParameterValue", "The filter 'tag:x' is invalid")
    said = "The parameter associationIdsSet cannot be used with the parameter maxResults"
    named = {"AssociationIds": [association(ec2, found[0])["AssociationId"]], "MaxResults": 5}
    assert refusal(ec2.describe_iam_instance_profile_associations, **named) == (
        400,
        "InvalidParameterCombination",
        said,
    )
