"""The instance's own identity: credentials that every instance has, that say which one it is and permit nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from raw import signed
from registered import ACCOUNT, INSTANCE, NOW, ROLE, TRUST, Registered
from vestry.access.authenticate import Message, authenticate
from vestry.access.authorize import authorize
from vestry.access.caller import Caller
from vestry.access.context import Facts, Question, RequestContext
from vestry.access.declaration import Declaration
from vestry.access.documents import Documents
from vestry.credentials.sigv4 import read_signature
from vestry.directory.entities import Settings
from vestry.directory.machines import STOPPED, TERMINATED
from vestry.errors import AccessDenied, ExpiredToken, InvalidClientTokenId

PATH = "meta-data/identity-credentials/ec2"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-instance/{INSTANCE.id}"


def served(place: Registered) -> dict[str, Any]:
    """The document of the identity's credentials."""
    found: dict[str, Any] = json.loads(place.get(f"{PATH}/security-credentials/ec2-instance") or "")
    return found


def caller(place: Registered, document: dict[str, Any], service: str = "sts") -> Caller:
    """Who signs with the credentials in a document."""
    keys = {
        "AccessKeyId": document["AccessKeyId"],
        "SecretAccessKey": document["SecretAccessKey"],
        "SessionToken": document["Token"],
    }
    head, body = signed("http://localhost", keys, service, "GetCallerIdentity")
    headers = {
        name.lower().encode(): value.encode() for name, value in (head | {"Host": "localhost"}).items()
    }
    claim = read_signature(b"", headers)
    assert claim is not None
    message = Message("POST", "/", b"", headers, body)
    return authenticate(claim, message, service, place.root, place.keyring, wall=claim.instant, now=place.now)


def facts(who: Caller) -> Facts:
    """A request of a caller."""
    return Facts(who, NOW, "192.0.2.1", None, None, False, "us-east-1")


def test_it_is_told_with_its_account() -> None:
    place = Registered(replace(INSTANCE, association=None))
    assert place.get("meta-data/identity-credentials/") == "ec2/"
    assert place.get(f"{PATH}/") == "info\nsecurity-credentials/"
    assert place.get(f"{PATH}/security-credentials/") == "ec2-instance"
    info = json.loads(place.get(f"{PATH}/info") or "")
    assert list(info) == ["Code", "LastUpdated", "AccountId"]
    assert (info["Code"], info["AccountId"]) == ("Success", ACCOUNT)


def test_its_credentials_say_which_instance_it_is() -> None:
    place = Registered()
    who = caller(place, served(place))
    assert who.arn == ARN
    assert who.user_id == f"{ACCOUNT}:aws:ec2-instance:{INSTANCE.id}"
    question = Question("s3:GetObject", "*", "", ACCOUNT, {})
    context = RequestContext(facts(who), question)
    assert context.get("aws:principalarn") == f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-instance"
    assert context.get("aws:principaltype") == "AssumedRole"
    assert context.get("ec2:sourceinstancearn") == INSTANCE.arn


@pytest.mark.parametrize("trust", ["", TRUST % f'{{"AWS":"{ACCOUNT}"}}', ROLE.trust])
def test_they_permit_nothing_not_even_what_the_account_is_trusted_with(trust: str) -> None:
    place = Registered()
    who = caller(place, served(place))
    question = Question("sts:AssumeRole", ROLE.arn, ROLE.arn, ACCOUNT, {}, trust=trust)
    with pytest.raises(AccessDenied, match=f"User: {ARN} is not authorized"):
        authorize(Declaration("sts:AssumeRole"), [question], facts(who), Documents())
    plain = Question("iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/", "", ACCOUNT, {})
    with pytest.raises(
        AccessDenied, match="because no identity-based policy allows the iam:ListRoles action"
    ):
        authorize(
            Declaration("iam:ListRoles"), [plain], facts(caller(place, served(place), "iam")), Documents()
        )


def test_they_are_the_same_for_every_reader_and_renewed_in_time() -> None:
    place, node = Registered(), Registered()
    assert served(place) == served(node)
    seen = set()
    for seconds in range(0, 20_000, 300):
        place.now = NOW + seconds
        seen.add(served(place)["Expiration"])
        caller(place, served(place))
    assert len(seen) in (6, 7), "one an hour; where the hour begins follows from the instance"


def test_they_end_with_their_time() -> None:
    place = Registered()
    document = served(place)
    place.now += 23_040
    with pytest.raises(ExpiredToken):
        caller(place, document)


def test_they_end_with_the_instance_and_not_with_a_stop() -> None:
    place = Registered()
    document = served(place)
    place.change(state=STOPPED)
    assert caller(place, document).arn == ARN
    place.change(state=TERMINATED, association=None)
    with pytest.raises(InvalidClientTokenId):
        caller(place, document)
    place.remove(place.instance)
    with pytest.raises(InvalidClientTokenId):
        caller(place, document)


def test_they_end_with_a_reset_of_the_account() -> None:
    place = Registered()
    document = served(place)
    settings = place.root.accounts[ACCOUNT].settings
    place.put(Settings(ACCOUNT, settings.alias, "2f00", NOW), settings)
    with pytest.raises(InvalidClientTokenId):
        caller(place, document)
