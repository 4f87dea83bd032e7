"""What a second factor proves: codes are good once, and open what policies keep for those who prove MFA."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from authenticator import Authenticator
from places import Place, allowed, document, refusal, statement, trusting
from serving import Server, serving
from vestry import limits
from vestry.store.database import Store, StoreError

WRONG = (403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
UNKNOWN = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
    "and associated with this user.",
)
HALF = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
)
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
FRESH = {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}


@pytest.fixture(autouse=True)
def the_clock_is_set_right_again(server: Server) -> Iterator[None]:
    yield
    vars(server.clock).pop("wall", None)
    server.clock.offset = 0


class Stage:
    """casey, who may do everything, with a device; and a role that wants MFA of whoever assumes it."""

    def __init__(self, place: Place, *statements: dict[str, Any], condition: Any = WITH_MFA) -> None:
        self.place = place
        self.casey = place.user("casey", *(statements or (statement("Allow", "*"),)))
        self.device = Authenticator(place, "casey")
        self.device.enable("casey")
        self.role = place.role("work", trusting({"AWS": place.number}, "sts:AssumeRole", Condition=condition))
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
        self.sts = place.client("sts", self.casey)

    def assume(self, **more: Any) -> dict[str, Any]:
        answer = self.sts.assume_role(RoleArn=self.role, RoleSessionName="work", **more)
        credentials: dict[str, Any] = answer["Credentials"]
        return credentials

    def refused(self, **more: Any) -> tuple[int, str, str]:
        return refusal(self.sts.assume_role, RoleArn=self.role, RoleSessionName="work", **more)


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(place)


def test_a_role_that_wants_mfa_opens_with_a_code(stage: Stage) -> None:
    arn = stage.place.arn("user/casey")
    text = f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {stage.role}"
    assert stage.refused() == (403, "AccessDenied", text)
    stage.assume(**stage.device.proof)


def test_the_age_of_a_proof_is_nothing_when_a_role_is_assumed(place: Place) -> None:
    stage = Stage(place, condition=FRESH | {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "0"}})
    assert stage.refused()[0] == 403
    stage.assume(**stage.device.proof)


def test_a_code_is_good_once(stage: Stage) -> None:
    proof = stage.device.proof
    stage.assume(**proof)
    assert stage.refused(**proof) == WRONG
    assert refusal(stage.sts.get_session_token, **proof) == WRONG, "for whatever it is used"
    stage.assume(**stage.device.proof)


def test_a_code_is_good_once_also_at_the_same_moment(stage: Stage) -> None:
    proof, outcomes = stage.device.proof, []

    def one() -> None:
        sts = stage.place.client("sts", stage.casey)
        outcomes.append(allowed(sts.assume_role, RoleArn=stage.role, RoleSessionName="work", **proof))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


def test_a_code_is_used_even_where_the_request_is_then_denied(place: Place) -> None:
    stage = Stage(place, condition={"StringEquals": {"sts:ExternalId": "secret"}})
    proof = stage.device.proof
    assert "sts:AssumeRole" in stage.refused(**proof)[2]
    assert stage.refused(**proof, ExternalId="secret") == WRONG


def test_a_code_used_before_a_restart_is_not_good_after_it(data: Any) -> None:
    with serving(data) as server:
        stage = Stage(Place(server))
        proof = stage.device.proof
        stage.assume(**proof)
        ahead = server.clock.wall
    with serving(data) as server:
        server.clock.wall = ahead  # type: ignore[method-assign]
        sts = server.client("sts", stage.casey)
        assert refusal(sts.assume_role, RoleArn=stage.role, RoleSessionName="work", **proof) == WRONG


def test_without_the_store_no_code_is_accepted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise StoreError("the disk is full")

    proof = stage.device.proof
    with monkeypatch.context() as broken:
        broken.setattr(Store, "commit", fails)
        assert stage.refused(**proof)[:2] == (503, "ServiceUnavailable")
        assert stage.sts.get_session_token()["Credentials"], "what needs no code goes on"
    stage.assume(**proof)


@pytest.mark.parametrize(
    ("sentence", "ahead", "good"),
    [
        ("the code before the present one", -1, True),
        ("the present one", 0, True),
        ("the next one", 1, True),
        ("the one after the next", 2, False),
        ("one of long ago", -2, False),
    ],
)
def test_the_window(stage: Stage, sentence: str, ahead: int, good: bool) -> None:
    stage.device.later(4)
    proof = {"SerialNumber": stage.device.serial, "TokenCode": stage.device.code(ahead)}
    if good:
        stage.assume(**proof)
    else:
        assert stage.refused(**proof) == WRONG, sentence


def test_a_clock_that_drifted_is_set_right_by_two_codes(stage: Stage) -> None:
    device, iam = stage.device, stage.place.iam
    device.later()
    off = {"SerialNumber": device.serial, "TokenCode": device.code(8)}
    assert stage.refused(**off) == WRONG
    iam.resync_mfa_device(UserName="casey", SerialNumber=device.serial, **device.pair(7))
    stage.assume(**off)
    assert stage.refused(SerialNumber=device.serial, TokenCode=device.code(1)) == WRONG


def test_too_many_wrong_codes_lock_the_device(stage: Stage) -> None:
    device = stage.device
    for _ in range(limits.MFA_FREE_FAILURES):
        assert stage.refused(SerialNumber=device.serial, TokenCode=device.wrong()) == WRONG
    right = {"SerialNumber": device.serial, "TokenCode": device.code(1)}
    assert stage.refused(**right) == WRONG, "the right one is not even looked at"
    device.later(limits.MFA_FIRST_LOCK // 30)
    stage.assume(**device.proof)


@pytest.mark.parametrize(
    "half", [{"SerialNumber": "arn:aws:iam::123456789012:mfa/x"}, {"TokenCode": "000000"}]
)
def test_half_a_proof_is_none(stage: Stage, half: dict[str, str]) -> None:
    assert stage.refused(**half) == HALF
    assert refusal(stage.sts.get_session_token, **half) == HALF


def test_a_device_proves_its_owner_only(stage: Stage) -> None:
    place = stage.place
    ann = place.client("sts", place.user("ann", statement("Allow", "*")))
    loose = Authenticator(place, "loose")
    for device in (stage.device, loose):
        proof = device.proof
        assert refusal(ann.get_session_token, **proof) == UNKNOWN
        assert refusal(ann.assume_role, RoleArn=stage.role, RoleSessionName="work", **proof) == UNKNOWN
    assert refusal(place.sts.get_session_token, **stage.device.proof) == UNKNOWN
    nowhere = {"SerialNumber": place.arn("mfa/none"), "TokenCode": "000000"}
    assert stage.refused(**nowhere) == UNKNOWN
    place.iam.deactivate_mfa_device(UserName="casey", SerialNumber=stage.device.serial)
    assert stage.refused(**stage.device.proof) == UNKNOWN


def test_a_role_session_has_no_device(place: Place) -> None:
    stage = Stage(place, condition={})
    far = place.role("far")
    sts = place.client("sts", stage.assume())
    assert refusal(sts.assume_role, RoleArn=far, RoleSessionName="work", **stage.device.proof) == UNKNOWN
    of_root = Authenticator(place, "root")
    of_root.enable("root")
    found = refusal(sts.assume_role, RoleArn=far, RoleSessionName="work", **of_root.proof)
    assert found == UNKNOWN, "the root user's device is not that of whoever is no user"


@pytest.mark.parametrize(
    ("sentence", "code"), [("five digits", "12345"), ("letters", "abcdef"), ("seven digits", "1234567")]
)
def test_a_code_has_six_digits(stage: Stage, sentence: str, code: str) -> None:
    status, name, message = stage.refused(SerialNumber=stage.device.serial, TokenCode=code)
    assert (status, name) == (400, "ValidationError"), sentence
    assert "at 'tokenCode' failed to satisfy constraint" in message


def test_a_session_with_mfa_may_call_iam_and_carries_the_proof(place: Place) -> None:
    with_mfa = statement("Allow", "iam:ListUsers", Condition=WITH_MFA)
    fresh = statement("Allow", "iam:ListRoles", Condition=WITH_MFA | FRESH)
    stage = Stage(place, with_mfa, fresh, statement("Allow", "sts:*"))
    assert not allowed(place.client("iam", stage.casey).list_users), "a long-term key proves no MFA"
    keys = stage.sts.get_session_token(**stage.device.proof)["Credentials"]
    iam = place.client("iam", keys)
    assert allowed(iam.list_users)
    assert allowed(iam.list_roles)
    place.server.clock.offset += 301
    assert allowed(iam.list_users)
    assert not allowed(iam.list_roles), "the proof has grown old"


def test_a_session_with_mfa_opens_a_role_that_wants_it(stage: Stage) -> None:
    keys = stage.sts.get_session_token(**stage.device.proof)["Credentials"]
    sts = stage.place.client("sts", keys)
    sts.assume_role(RoleArn=stage.role, RoleSessionName="work")
    plain = stage.place.client("sts", stage.sts.get_session_token()["Credentials"])
    assert not allowed(plain.assume_role, RoleArn=stage.role, RoleSessionName="work")


def test_what_assume_role_returns_carries_no_proof(stage: Stage) -> None:
    place = stage.place
    place.iam.put_role_policy(
        RoleName="work",
        PolicyName="p",
        PolicyDocument=document(
            statement("Allow", "iam:ListUsers", Condition=WITH_MFA),
            statement("Allow", "iam:ListRoles", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
            statement("Allow", "iam:ListPolicies", Condition={"Null": {"aws:MultiFactorAuthAge": "true"}}),
        ),
    )
    iam = place.client("iam", stage.assume(**stage.device.proof))
    assert not allowed(iam.list_users)
    assert allowed(iam.list_roles), "the key is there and says no"
    assert allowed(iam.list_policies), "there is no age"


def test_the_root_user_proves_its_own_device(place: Place) -> None:
    device = Authenticator(place, "root")
    device.enable("root")
    keys = place.sts.get_session_token(**device.proof)["Credentials"]
    assert place.client("iam", keys).list_users()["Users"] == []
    assert refusal(place.sts.get_session_token, **{**device.proof, "TokenCode": device.wrong()}) == WRONG


def test_assume_role_writes_only_when_it_brings_a_code(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    commit = Store.commit
    monkeypatch.setattr(Store, "commit", lambda *given: commits.append(given) or commit(*given))
    far = stage.place.role("far")
    commits.clear()
    stage.sts.assume_role(RoleArn=far, RoleSessionName="work")
    stage.sts.get_session_token()
    assert not commits
    stage.sts.assume_role(RoleArn=far, RoleSessionName="work", **stage.device.proof)
    assert len(commits) == 1


def test_a_wrong_code_is_counted_on_the_disk(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    commit = Store.commit
    monkeypatch.setattr(Store, "commit", lambda *given: commits.append(given) or commit(*given))
    for _ in range(limits.MFA_FREE_FAILURES):
        stage.refused(SerialNumber=stage.device.serial, TokenCode=stage.device.wrong())
    assert len(commits) == limits.MFA_FREE_FAILURES
    stage.refused(SerialNumber=stage.device.serial, TokenCode=stage.device.wrong())
    assert len(commits) == limits.MFA_FREE_FAILURES, "while it is locked nothing is written"
