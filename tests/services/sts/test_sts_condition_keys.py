"""The condition keys of STS: present exactly where AWS has them. What a denied request had is read from its message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from places import Place, statement, tags, trusting

TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


def known(place: Place, call: Any, **parameters: Any) -> dict[str, list[str]]:
    """Let a request be denied, and return the condition keys that it had."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == "AccessDenied", caught.value
    identifier = caught.value.response["ResponseMetadata"]["RequestId"]
    encoded = place.server.operator("explain.request", request_id=identifier)["encodedMessage"]
    message = json.loads(place.sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    items = message["context"]["conditions"]["items"]
    return {item["key"]: [value["value"] for value in item["values"]["items"]] for item in items}


def own(keys: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those of STS, and of the tags that a request passes."""
    return {
        name: values
        for name, values in keys.items()
        if name.startswith(("sts:", "aws:requesttag/", "aws:tagkeys"))
    }


#: The request, and the keys that it has besides the global ones.
CASES: list[tuple[str, str, dict[str, Any], dict[str, list[str]]]] = [
    ("a bare AssumeRole", "assume_role", {}, {"sts:rolesessionname": ["work"]}),
    (
        "an external id",
        "assume_role",
        {"ExternalId": "secret"},
        {"sts:rolesessionname": ["work"], "sts:externalid": ["secret"]},
    ),
    (
        "a duration is no key of AssumeRole",
        "assume_role",
        {"DurationSeconds": 900},
        {"sts:rolesessionname": ["work"]},
    ),
    (
        "a source identity",
        "assume_role",
        {"SourceIdentity": "casey"},
        {"sts:rolesessionname": ["work"], "sts:sourceidentity": ["casey"]},
    ),
    (
        "tags, of which one is transitive",
        "assume_role",
        {"Tags": tags(Team="red", job="x"), "TransitiveTagKeys": ["Team"]},
        {
            "sts:rolesessionname": ["work"],
            "sts:transitivetagkeys": ["Team"],
            "aws:requesttag/team": ["red"],
            "aws:requesttag/job": ["x"],
            "aws:tagkeys": ["Team", "job"],
        },
    ),
    ("a bare GetFederationToken", "get_federation_token", {"Name": "bob"}, {}),
    (
        "GetFederationToken with tags",
        "get_federation_token",
        {"Name": "bob", "Tags": tags(team="red")},
        {"aws:requesttag/team": ["red"], "aws:tagkeys": ["team"]},
    ),
    (
        "GetWebIdentityToken",
        "get_web_identity_token",
        {"Audience": ["a", "b"], "SigningAlgorithm": "RS256", "DurationSeconds": 60},
        {
            "sts:identitytokenaudience": ["a", "b"],
            "sts:signingalgorithm": ["RS256"],
            "sts:durationseconds": ["60"],
        },
    ),
    (
        "AssumeRoot",
        "assume_root",
        {"TargetPrincipal": "000000000001", "TaskPolicyArn": {"arn": TASK}},
        {"sts:taskpolicyarn": [TASK]},
    ),
    ("GetAccessKeyInfo", "get_access_key_info", {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}, {}),
    ("DecodeAuthorizationMessage", "decode_authorization_message", {"EncodedMessage": "x"}, {}),
]


@pytest.mark.parametrize(("sentence", "name", "given", "expected"), CASES, ids=[row[0] for row in CASES])
def test_the_keys_of_a_request(
    place: Place, sentence: str, name: str, given: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    role = place.role("work", trusting({"AWS": place.number}))
    sts = place.client("sts", place.user("casey"))
    if name == "assume_role":
        given = {"RoleArn": role, "RoleSessionName": "work"} | given
    assert own(known(place, getattr(sts, name), **given)) == expected, sentence


def test_what_a_session_inherits_is_in_its_next_request(place: Place) -> None:
    casey = place.client("sts", place.user("casey", statement("Allow", "sts:*")))
    role = place.role("work")
    far = place.role("far")
    keys = casey.assume_role(
        RoleArn=role,
        RoleSessionName="one",
        SourceIdentity="casey",
        Tags=tags(team="red", job="x"),
        TransitiveTagKeys=["team"],
    )["Credentials"]
    found = known(place, place.client("sts", keys).assume_role, RoleArn=far, RoleSessionName="two")
    assert own(found) == {
        "sts:rolesessionname": ["two"],
        "sts:sourceidentity": ["casey"],
        "aws:requesttag/team": ["red"],
        "aws:tagkeys": ["team"],
    }
    assert found["aws:sourceidentity"] == ["casey"]
    assert found["aws:principaltype"] == ["AssumedRole"]
    assert found["aws:multifactorauthpresent"] == ["false"]
    assert "aws:multifactorauthage" not in found
    assert "aws:username" not in found


def test_the_role_that_is_asked_for_shows_its_tags(place: Place) -> None:
    role = place.role("work", trusting({"AWS": place.number}), Tags=tags(Site="a"))
    sts = place.client("sts", place.user("casey", Tags=tags(dept="x")))
    found = known(place, sts.assume_role, RoleArn=role, RoleSessionName="work")
    assert found["aws:resourcetag/site"] == ["a"]
    assert found["aws:resourceaccount"] == [place.number]
    assert found["aws:username"] == ["casey"]
    assert "aws:multifactorauthpresent" not in found, "a long-term key has no such key"
    assert "aws:tokenissuetime" not in found
    assert "aws:sourceidentity" not in found
    assert "aws:assumedroot" not in found
    assert "aws:federatedprovider" not in found
