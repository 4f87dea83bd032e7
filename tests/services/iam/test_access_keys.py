"""Access keys: the secret is shown once, two at most, and whose they are."""

from __future__ import annotations

import pytest

from places import Place, refusal, statement


def test_the_secret_is_shown_once(place: Place) -> None:
    place.iam.create_user(UserName="casey")
    key = place.iam.create_access_key(UserName="casey")["AccessKey"]
    assert key.keys() == {"UserName", "AccessKeyId", "Status", "SecretAccessKey", "CreateDate"}
    (listed,) = place.iam.list_access_keys(UserName="casey")["AccessKeyMetadata"]
    assert listed == {name: value for name, value in key.items() if name != "SecretAccessKey"}


def test_two_keys_are_the_most(place: Place) -> None:
    place.user("casey")
    place.iam.create_access_key(UserName="casey")
    found = refusal(place.iam.create_access_key, UserName="casey")
    assert found == (409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")


def test_an_inactive_key_is_unknown_until_it_is_active_again(place: Place) -> None:
    key = place.user("casey")
    sts = place.client("sts", key)
    given = {"UserName": "casey", "AccessKeyId": key["AccessKeyId"]}
    place.iam.update_access_key(**given, Status="Inactive")
    assert refusal(sts.get_caller_identity)[:2] == (403, "InvalidClientTokenId")
    place.iam.update_access_key(**given, Status="Active")
    sts.get_caller_identity()
    place.iam.delete_access_key(**given)
    assert refusal(sts.get_caller_identity)[:2] == (403, "InvalidClientTokenId")


@pytest.mark.parametrize("name", ["delete_access_key", "update_access_key"])
def test_another_users_key_cannot_be_found(place: Place, name: str) -> None:
    key = place.user("casey")["AccessKeyId"]
    place.iam.create_user(UserName="alex")
    more = {"Status": "Inactive"} if name.startswith("update") else {}
    found = refusal(getattr(place.iam, name), UserName="alex", AccessKeyId=key, **more)
    assert found == (404, "NoSuchEntity", f"The Access Key with id {key} cannot be found.")


def test_a_status_that_aws_does_not_know(place: Place) -> None:
    key = place.user("casey")["AccessKeyId"]
    found = refusal(place.iam.update_access_key, UserName="casey", AccessKeyId=key, Status="Lost")
    assert found == (
        400,
        "ValidationError",
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum "
        "value set",
    )


def test_last_used(place: Place) -> None:
    key = place.user("casey", statement("Allow", "iam:ListRoles"))
    unused = place.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert unused["UserName"] == "casey"
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    place.client("iam", key).list_roles()
    used = place.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("iam", "us-east-1")
    assert "LastUsedDate" in used


def test_an_unknown_or_foreign_key_is_denied_to_everybody(place: Place) -> None:
    foreign = Place(place.server).keys["AccessKeyId"]
    for key in ("AKIAAAAAAAAAAAAAAAAA", foreign):
        text = (
            f"User: {place.arn('root')} is not authorized to perform iam:GetAccessKeyLastUsed on resource: "
            f"access key {key}"
        )
        assert refusal(place.iam.get_access_key_last_used, AccessKeyId=key) == (403, "AccessDenied", text)


def test_users_keep_their_own_keys(place: Place) -> None:
    key = place.user("casey", statement("Allow", "iam:*AccessKey*", place.arn("user/${aws:username}")))
    iam = place.client("iam", key)
    made = iam.create_access_key()["AccessKey"]
    assert made["UserName"] == "casey"
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 2
    iam.delete_access_key(AccessKeyId=made["AccessKeyId"])
    place.user("alex")
    assert refusal(iam.list_access_keys, UserName="alex")[1] == "AccessDenied"
