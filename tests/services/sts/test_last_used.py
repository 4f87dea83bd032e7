"""When a role or key was last used: noted beside the requests, shown by IAM, and never a change of the directory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from places import Place, allowed, document, refusal
from serving import serving
from vestry.server.usage import LastUsed
from vestry.store.database import Store


def last_used(place: Place) -> dict[str, Any]:
    """What GetRole tells of the role `work`."""
    found: dict[str, Any] = place.iam.get_role(RoleName="work")["Role"]["RoleLastUsed"]
    return found


def assumed(place: Place, *, permitted: bool = True) -> dict[str, Any]:
    """Make the role `work` and a session of it."""
    role = place.role("work")
    if permitted:
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    keys = place.user("casey", {"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    sts = place.client("sts", keys)
    credentials: dict[str, Any] = sts.assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    return credentials


def test_to_be_assumed_is_not_to_be_used(place: Place) -> None:
    assumed(place)
    assert last_used(place) == {}


@pytest.mark.parametrize("permitted", [True, False], ids=["allowed", "denied"])
def test_a_call_uses_the_role_whatever_comes_of_it(place: Place, permitted: bool) -> None:
    iam = place.client("iam", assumed(place, permitted=permitted))
    assert allowed(iam.list_users) is permitted
    used = last_used(place)
    assert used["Region"] == "us-east-1"
    assert abs((datetime.now(UTC) - used["LastUsedDate"]).total_seconds()) < 5


def test_a_request_that_is_not_the_roles_does_not_use_it(place: Place) -> None:
    keys = assumed(place)
    forged = place.client("iam", keys | {"SecretAccessKey": "x" * 40})
    assert refusal(forged.list_users)[1] == "SignatureDoesNotMatch"
    assert last_used(place) == {}


def test_the_region_is_that_of_the_last_call(place: Place) -> None:
    keys = assumed(place)
    place.query(keys, "sts", "GetCallerIdentity", {})
    assert last_used(place)["Region"] == "us-east-1"


def test_to_use_is_no_change(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = assumed(place)
    commits: list[Any] = []
    monkeypatch.setattr(Store, "commit", lambda *given: commits.append(given))
    place.client("iam", keys).list_users()
    assert last_used(place)
    assert not commits


def test_sessions_leave_nothing_behind_but_their_roles_use(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    note = LastUsed.note
    monkeypatch.setattr(
        LastUsed, "note", lambda self, name, *given: noted.append(name) or note(self, name, *given)
    )
    keys = assumed(place)
    noted.clear()
    place.client("iam", keys).list_users()
    place.client("sts", place.sts.get_session_token()["Credentials"]).get_caller_identity()
    role = place.iam.get_role(RoleName="work")["Role"]["RoleId"]
    assert set(noted) == {role, place.keys["AccessKeyId"]}, "what has no end must not grow with every session"


def test_it_outlasts_a_restart(data: Any) -> None:
    with serving(data) as server:
        place = Place(server)
        place.client("iam", assumed(place)).list_users()
        before = last_used(place)
    with serving(data) as server:
        iam = server.client("iam", place.keys)
        assert iam.get_role(RoleName="work")["Role"]["RoleLastUsed"] == before
