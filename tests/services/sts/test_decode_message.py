"""Encoded authorization messages: from a denial to its reasons, for those only who may see them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from places import Place, refusal, statement, tags, trusting
from vestry import limits
from vestry.access.authorization_message import PURPOSE, decode_denial, encode_denial
from vestry.access.caller import Caller, principal_of_user
from vestry.access.context import Facts, Question
from vestry.credentials.seal import KeyRing, RingKey, seal
from vestry.directory.entities import Settings, User
from vestry.directory.snapshot import Account
from vestry.errors import InvalidAuthorizationMessage
from vestry.policy.decide import Decision, Layer, Outcome

INVALID = (400, "InvalidAuthorizationMessageException", "Message is not valid")


class Stage:
    """casey, who was denied something, and ann, who may decode messages."""

    def __init__(self, place: Place, *statements: dict[str, Any]) -> None:
        self.place = place
        self.casey = place.user("casey", *statements)
        self.ann = place.client(
            "sts", place.user("ann", statement("Allow", "sts:DecodeAuthorizationMessage"))
        )

    def encoded(self, call: Any, **parameters: Any) -> str:
        """Be denied, and return the message of it, as the explanation gives it."""
        with pytest.raises(Exception, match="AccessDenied") as caught:
            call(**parameters)
        identifier = caught.value.response["ResponseMetadata"]["RequestId"]  # type: ignore[attr-defined]
        told = self.place.server.operator("explain.request", request_id=identifier)
        encoded: str = told["encodedMessage"]
        return encoded

    def decoded(self, encoded: str) -> dict[str, Any]:
        """Let ann decode a message."""
        found: dict[str, Any] = json.loads(
            self.ann.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
        )
        return found


def conditions(message: dict[str, Any]) -> dict[str, list[str]]:
    """The condition keys of a message, by name."""
    items = message["context"]["conditions"]["items"]
    return {item["key"]: [value["value"] for value in item["values"]["items"]] for item in items}


def test_a_missing_allow_is_told(place: Place) -> None:
    stage = Stage(place)
    encoded = stage.encoded(place.client("iam", stage.casey).list_users)
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    message = stage.decoded(encoded)
    user = place.iam.get_user(UserName="casey")["User"]
    known = conditions(message)
    del message["context"]["conditions"]
    assert message == {
        "allowed": False,
        "explicitDeny": False,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": user["UserId"], "arn": user["Arn"]},
            "action": "iam:ListUsers",
            "resource": place.arn("user/"),
        },
    }
    assert known["aws:username"] == ["casey"]
    assert known["aws:principaltype"] == ["User"]
    assert "aws:tokenissuetime" not in known, "a key that the request does not have is not told"


def test_an_explicit_deny_is_told_with_its_statement(place: Place) -> None:
    deny = statement("Deny", "iam:List*", Sid="No", Condition={"StringEquals": {"aws:username": "casey"}})
    stage = Stage(place, statement("Allow", "*"), deny)
    message = stage.decoded(stage.encoded(place.client("iam", stage.casey).list_users))
    assert (message["allowed"], message["explicitDeny"]) == (False, True)
    (matched,) = message["matchedStatements"]["items"]
    assert (matched["statementId"], matched["effect"]) == ("No", "DENY")
    assert matched["actions"] == {"items": [{"value": "iam:List*"}]}
    assert matched["resources"] == {"items": [{"value": "*"}]}
    user = place.iam.get_user(UserName="casey")["User"]
    assert matched["principals"] == {"items": [{"value": user["UserId"]}]}
    assert matched["conditions"]["items"] == [
        {"key": "aws:username", "values": {"items": [{"value": "casey"}]}}
    ]


def test_what_a_request_passes_is_told(place: Place) -> None:
    stage = Stage(place, statement("Allow", "*"))
    role = place.role("work", trusting({"AWS": place.number}, "sts:AssumeRole"), Tags=tags(site="a"))
    sts = place.client("sts", stage.casey)
    encoded = stage.encoded(
        sts.assume_role, RoleArn=role, RoleSessionName="work", Tags=tags(team="red", job="x")
    )
    message = stage.decoded(encoded)
    assert message["context"]["action"] == "sts:TagSession", "the question that was denied"
    known = conditions(message)
    assert known["aws:tagkeys"] == ["job", "team"]
    assert known["aws:requesttag/team"] == ["red"]
    assert known["aws:resourcetag/site"] == ["a"]


def test_what_was_allowed_has_no_message(place: Place) -> None:
    answer = place.iam.list_users()
    told = place.server.operator("explain.request", request_id=answer["ResponseMetadata"]["RequestId"])
    assert told["encodedMessage"] is None


def test_a_denial_of_ec2_carries_its_message(place: Place) -> None:
    stage = Stage(place)
    ec2 = place.client("ec2", stage.casey)
    status, code, text = refusal(ec2.stop_instances, InstanceIds=["i-00000000000000001"])
    assert (status, code) == (403, "UnauthorizedOperation")
    said, _, encoded = text.partition(". Encoded authorization failure message: ")
    assert said.endswith("because no identity-based policy allows the ec2:StopInstances action")
    assert stage.decoded(encoded)["context"]["action"] == "ec2:StopInstances"
    assert "Encoded" not in refusal(place.client("iam", stage.casey).list_users)[2], "IAM tells none"


def test_it_opens_only_for_those_permitted(place: Place) -> None:
    stage = Stage(place)
    encoded = stage.encoded(place.client("iam", stage.casey).list_users)
    casey = place.client("sts", stage.casey)
    assert refusal(casey.decode_authorization_message, EncodedMessage=encoded) == (
        403,
        "AccessDenied",
        f"User: {place.arn('user/casey')} is not authorized to perform: sts:DecodeAuthorizationMessage because no "
        "identity-based policy allows the sts:DecodeAuthorizationMessage action",
    )


def test_it_opens_in_the_callers_account_only(place: Place) -> None:
    stage = Stage(place)
    encoded = stage.encoded(place.client("iam", stage.casey).list_users)
    other = Place(place.server)
    assert refusal(other.sts.decode_authorization_message, EncodedMessage=encoded) == INVALID


def test_what_was_altered_is_not_valid(place: Place) -> None:
    stage = Stage(place)
    encoded = stage.encoded(place.client("iam", stage.casey).list_users)
    token = place.sts.get_session_token()["Credentials"]["SessionToken"]
    wrong = [
        "x",
        "ä",
        encoded[:-1],
        encoded + "A",
        encoded[:50] + ("B" if encoded[50] != "B" else "C") + encoded[51:],
    ]
    for text in [
        *wrong,
        encoded[:100] + "\n" + encoded[100:],
        token,
        token.replace("+", "-").replace("/", "_"),
    ]:
        assert refusal(stage.ann.decode_authorization_message, EncodedMessage=text) == INVALID, text
    long = refusal(stage.ann.decode_authorization_message, EncodedMessage="A" * 10_241)
    assert long[:2] == (400, "ValidationError")


def test_it_expires_after_a_day(place: Place) -> None:
    stage = Stage(place)
    encoded = stage.encoded(place.client("iam", stage.casey).list_users)
    clock = place.server.clock
    try:
        clock.offset += limits.AUTHORIZATION_MESSAGE - 60
        stage.decoded(encoded)
        clock.offset += 61
        assert refusal(stage.ann.decode_authorization_message, EncodedMessage=encoded) == INVALID
    finally:
        clock.offset = 0


# ── By the numbers of `decode_denial`, and what is too long ───────────────────────────────────────────────────────
RING = KeyRing({1: RingKey(1, bytes(32))}, 1)
NUMBER = "111122223333"
USER = User(NUMBER, "AIDAX", "ann", "/", 1)
FACTS = Facts(
    Caller(principal_of_user(USER), Account(Settings(NUMBER, "a", "i", 1)), "AKIA", USER),
    1000.0,
    "127.0.0.1",
    None,
    None,
    False,
    "us-east-1",
)
QUESTION = Question("iam:ListUsers", "*", "", NUMBER, {})
DENIED = Decision(Outcome.IMPLICIT_DENY, Layer.IDENTITY)


def refused(text: str, account: str = NUMBER, now: int = 1001) -> bool:
    """Tell whether a message does not open."""
    try:
        decode_denial(text, RING, account, now)
    except InvalidAuthorizationMessage:
        return True
    return False


def test_decode_denial_by_its_numbers() -> None:
    text = encode_denial(FACTS, QUESTION, DENIED, RING, bytes(16))
    assert json.loads(decode_denial(text, RING, NUMBER, 1001))["context"]["action"] == "iam:ListUsers"
    other = KeyRing({1: RingKey(1, bytes(31) + b"x")}, 1)
    assert refused(encode_denial(FACTS, QUESTION, DENIED, other, bytes(16))), "1: another key"
    assert refused(seal(RING, b"\x93\xa0\x00\xc4\x00", bytes(16), b"other\x00")), "1: another purpose"
    assert refused(seal(RING, b"no", bytes(16), PURPOSE)), "1: another form"
    assert refused(seal(RING, b"\x93\xac111122223333\xcd\xff\xff\xc4\x01x", bytes(16), PURPOSE)), (
        "2: not whole"
    )
    assert refused(text, account="444455556666"), "3"
    assert not refused(text, now=1000 + limits.AUTHORIZATION_MESSAGE - 1)
    assert refused(text, now=1000 + limits.AUTHORIZATION_MESSAGE), "4"


def test_a_message_that_would_be_too_long_leaves_the_condition_keys_out() -> None:
    noise = {
        f"aws:requesttag/k{number}": bytes(range(number % 200, number % 200 + 50)).hex()
        for number in range(400)
    }
    noise = {key: value[::-1] + key for key, value in noise.items()}
    big = replace(QUESTION, keys={f"{key}{hash_of(key)}": hash_of(value) for key, value in noise.items()})
    text = encode_denial(FACTS, big, DENIED, RING, bytes(16))
    assert len(text) <= limits.ENCODED_MESSAGE
    message = json.loads(decode_denial(text, RING, NUMBER, 1001))
    assert message["context"]["conditions"] == {"items": []}
    assert message["context"]["action"] == "iam:ListUsers"


def hash_of(text: str) -> str:
    """Sixty-four characters that do not pack."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()
