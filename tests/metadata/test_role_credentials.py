"""The credentials of an instance's role: whose, since when, until when, and that they change at once with what they rest on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from registered import ACCOUNT, INSTANCE, NOW, PROFILE, ROLE, TRUST, TRUSTS_EC2, Registered
from vestry.credentials.session import SessionClaims, SessionKind, open_session
from vestry.directory import network
from vestry.directory.entities import Role
from vestry.directory.machines import Association
from vestry.metadata.minted import Minted
from vestry.metadata.rotation import slot
from vestry.services.new_keys import make_ring_key

ROLES = "meta-data/iam/security-credentials"
OTHER = Role(ACCOUNT, "AROA0000000000000TWO", "other", "/", NOW, TRUSTS_EC2, longest_session=43_200)
HOUR = 3600


def served(place: Registered, role: str = "app", *, v2: bool = False) -> dict[str, Any]:
    """The document of a role's credentials."""
    text = place.get_v2(f"{ROLES}/{role}") if v2 else place.get(f"{ROLES}/{role}")
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


def opened(place: Registered, document: dict[str, Any]) -> SessionClaims:
    """What the session token in a document says, whose secret must be the document's."""
    claims, secret = open_session(place.keyring.ring(place.root), document["Token"])
    assert (claims.access_key_id, secret) == (document["AccessKeyId"], document["SecretAccessKey"])
    return claims


def test_the_document_has_the_members_and_the_spelling_of_ec2() -> None:
    place = Registered()
    text = place.get(f"{ROLES}/app")
    assert text is not None
    found = json.loads(text)
    lines = [f'  "{name}" : {json.dumps(value)}' for name, value in found.items()]
    assert text == "{\n" + ",\n".join(lines) + "\n}"
    assert list(found) == [
        *("Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"),
    ]
    assert (found["Code"], found["Type"], found["AccessKeyId"][:4]) == ("Success", "AWS-HMAC", "ASIA")


def test_the_session_is_the_roles_and_named_after_the_instance() -> None:
    claims = opened(place := Registered(), served(place))
    assert claims.kind is SessionKind.ROLE
    assert (claims.account, claims.issuer, claims.name) == (ACCOUNT, ROLE.id, INSTANCE.id)
    assert claims.incarnation == "1f00"
    assert not claims.chained


def test_the_session_carries_what_is_known_of_the_instance() -> None:
    place = Registered()
    keys = {
        "aws:ec2instancesourceprivateipv4": "172.31.0.4",
        "aws:ec2instancesourcevpc": network.vpc_id(ACCOUNT, "eu-west-1"),
        "ec2:roledelivery": "1.0",
        "ec2:sourceinstancearn": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{INSTANCE.id}",
    }
    assert dict(opened(place, served(place)).context) == keys
    assert dict(opened(place, served(place, v2=True)).context) == keys | {"ec2:roledelivery": "2.0"}


def test_every_reader_gets_the_same_until_new_ones_are_due() -> None:
    place, node = Registered(), Registered()
    place.now = NOW + 10 * HOUR
    first = served(place)
    begun = opened(place, first).issued
    place.now = begun + HOUR - 1
    assert served(place) == first
    node.now = begun + 7
    assert served(node) == first
    place.now = begun + HOUR
    assert served(place) != first


def test_what_is_served_has_hours_to_go_at_any_moment() -> None:
    place = Registered()
    for seconds in range(0, 30_000, 97):
        place.now = NOW + seconds
        claims = opened(place, served(place))
        assert claims.issued <= place.now
        assert claims.expires - place.now > 23_040 - HOUR


def test_a_short_session_of_the_role_is_kept_to_and_renewed_in_time() -> None:
    place = Registered(role=replace(ROLE, longest_session=HOUR))
    issued = set()
    for seconds in range(0, 4 * HOUR, 61):
        place.now = NOW + seconds
        claims = opened(place, served(place))
        assert claims.expires - claims.issued == HOUR
        assert claims.expires - place.now >= 40 * 60
        issued.add(claims.issued)
    assert len(issued) in {12, 13}


def test_not_all_instances_change_at_once() -> None:
    instances = [
        replace(INSTANCE, id=f"i-{number:017x}", started=0, association=None) for number in range(50)
    ]
    assert len({slot(instance, "AROA", NOW).issued for instance in instances}) > 45


def test_a_new_association_and_a_start_bring_new_credentials() -> None:
    place = Registered()
    place.now = NOW + 600
    first = served(place)
    again = Association("iip-assoc-00000000000000002", PROFILE.arn, PROFILE.id, NOW + 600)
    place.change(association=again)
    second = served(place)
    assert opened(place, second).issued == NOW + 600
    place.now = NOW + 700
    place.change(started=NOW + 700)
    third = served(place)
    assert opened(place, third).issued == NOW + 700
    assert len({document["AccessKeyId"] for document in (first, second, third)}) == 3


def test_another_role_in_the_profile_is_served_at_once_and_the_old_one_no_more() -> None:
    place = Registered()
    first = served(place)
    place.put(OTHER)
    place.put(replace(PROFILE, role=OTHER.id), PROFILE)
    assert place.get(f"{ROLES}/") == "other"
    assert place.get(f"{ROLES}/app") is None
    assert opened(place, served(place, "other")).issuer == OTHER.id
    assert served(place, "other")["AccessKeyId"] != first["AccessKeyId"]


def test_a_role_made_anew_under_the_old_name_has_credentials_of_its_own() -> None:
    place = Registered()
    served(place)
    namesake = replace(OTHER, name="app")
    place.put(replace(PROFILE, role=""), PROFILE)
    place.remove(ROLE)
    place.put(namesake)
    place.put(replace(PROFILE, role=namesake.id), replace(PROFILE, role=""))
    assert opened(place, served(place)).issuer == namesake.id


def test_an_empty_profile_says_so_and_serves_no_credentials() -> None:
    place = Registered()
    place.put(replace(PROFILE, role=""), PROFILE)
    info = json.loads(place.get("meta-data/iam/info") or "")
    assert info["Code"] == "Success"
    assert info["Message"].startswith("Instance Profile does not contain a role.")
    assert place.get(f"{ROLES}/") is None
    assert place.get("meta-data/iam/") == "info"


def test_a_deleted_profile_says_so_and_serves_no_credentials() -> None:
    place = Registered()
    place.remove(PROFILE)
    assert json.loads(place.get("meta-data/iam/info") or "")["Code"] == "InstanceProfileNotFound"
    assert place.get(f"{ROLES}/app") is None
    place.put(replace(PROFILE, id="AIPA0000000000000TWO"))
    assert json.loads(place.get("meta-data/iam/info") or "")["Code"] == "InstanceProfileNotFound", (
        "a namesake"
    )


def test_an_instance_without_a_profile_has_no_iam() -> None:
    place = Registered(replace(INSTANCE, association=None))
    for path in ("meta-data/iam", "meta-data/iam/info", f"{ROLES}/", f"{ROLES}/app"):
        assert place.get(path) is None
    assert "iam/" not in (place.get("meta-data/") or "").split()


def test_the_profile_is_told() -> None:
    found = json.loads(Registered().get("meta-data/iam/info") or "")
    assert list(found) == ["Code", "LastUpdated", "InstanceProfileArn", "InstanceProfileId"]
    assert (found["InstanceProfileArn"], found["InstanceProfileId"]) == (PROFILE.arn, PROFILE.id)


@pytest.mark.parametrize(
    ("sentence", "trust", "served_at_all"),
    [
        ("EC2 is trusted", TRUSTS_EC2, True),
        ("another service is trusted", TRUST % '{"Service":"lambda.amazonaws.com"}', False),
        ("only the account is trusted", TRUST % f'{{"AWS":"{ACCOUNT}"}}', False),
        (
            "EC2 is trusted with tokens, and asked without",
            TRUST % '{"Service":"ec2.amazonaws.com"},"Condition":{"StringEquals":{"ec2:RoleDelivery":"2.0"}}',
            False,
        ),
        (
            "EC2 is trusted for this instance",
            TRUST % '{"Service":"ec2.amazonaws.com"},"Condition":{"ArnLike":{"ec2:SourceInstanceARN":'
            f'"arn:aws:ec2:*:{ACCOUNT}:instance/{INSTANCE.id}"}}}}',
            True,
        ),
        (
            "EC2 is trusted until yesterday",
            TRUST % '{"Service":"ec2.amazonaws.com"},"Condition":{"DateLessThan":'
            '{"aws:CurrentTime":"2026-09-20T00:00:00Z"}}',
            False,
        ),
    ],
    ids=lambda value: (
        value if isinstance(value, str) and value.startswith(("EC2", "another", "only")) else ""
    ),
)
def test_the_trust_policy_is_asked_at_each_request(sentence: str, trust: str, served_at_all: bool) -> None:
    place = Registered()
    assert served(place)["Code"] == "Success"
    place.put(replace(ROLE, trust=trust), ROLE)
    found = served(place)
    assert (found["Code"] == "Success") is served_at_all, sentence
    if not served_at_all:
        assert found["Code"] == "AssumeRoleUnauthorizedAccess"
        assert found["Message"].startswith("EC2 cannot assume the role app.")
        assert list(found) == ["Code", "Message", "LastUpdated"]
    assert place.get(f"{ROLES}/") == "app"


def test_what_was_made_is_kept_for_as_long_as_it_holds_and_not_without_end() -> None:
    place = Registered()
    claims = opened(place, served(place))
    claims = replace(claims, access_key_id="")
    ring, minted = place.keyring.ring(place.root), Minted(most=2)
    first = minted.document(("i-1", "1.0", "AROA"), ring, claims)
    assert minted.document(("i-1", "1.0", "AROA"), ring, claims) is first
    later = replace(claims, issued=claims.issued + 1)
    assert minted.document(("i-1", "1.0", "AROA"), ring, later) != first
    assert minted.document(("i-2", "1.0", "AROA"), ring, claims) == first
    assert len(minted) == 2
    minted.document(("i-3", "1.0", "AROA"), ring, claims)
    assert len(minted) == 1


def test_a_new_sealing_key_makes_new_credentials() -> None:
    place = Registered()
    first = served(place)
    old = place.root.ring[1]
    place.put(replace(old, retired=place.now), old)
    place.put(make_ring_key(2, place.now, place.entropy, place.keyring))
    assert served(place)["Token"] != first["Token"]
    opened(place, served(place))


def test_the_extended_credentials_that_some_ask_first_are_not_there() -> None:
    assert Registered().get("meta-data/iam/security-credentials-extended/") is None
