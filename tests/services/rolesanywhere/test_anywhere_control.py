"""The control plane of IAM Roles Anywhere: trust anchors, profiles, revocation lists, subjects, tags, over boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes

from certificates import authority, ec_key, issue, revocation_list, rsa_key, usage
from places import Place, document, refusal, statement, trusting
from serving import Server
from vestry.limits import TAGS_PER_RESOURCE

ROOT = authority()
NOBODY = "12345678-1234-1234-1234-123456789012"
SERVICE = {"Service": "rolesanywhere.amazonaws.com"}


@pytest.fixture(scope="module")
def place(server: Server) -> Place:
    return Place(server)


@pytest.fixture(scope="module")
def anywhere(place: Place) -> Any:
    return place.client("rolesanywhere", place.keys)


def bundle(*certificates: Any) -> dict[str, Any]:
    return {
        "sourceType": "CERTIFICATE_BUNDLE",
        "sourceData": {"x509CertificateData": "".join(one.pem for one in certificates or (ROOT,))},
    }


def anchor(anywhere: Any, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = anywhere.create_trust_anchor(**{"name": "root", "source": bundle()} | more)[
        "trustAnchor"
    ]
    return made


def profile(anywhere: Any, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = anywhere.create_profile(**{"name": "app", "roleArns": []} | more)["profile"]
    return made


def untimed(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("createdAt", "updatedAt")}


def test_a_trust_anchor_is_made_told_and_taken_away(place: Place, anywhere: Any) -> None:
    response = anywhere.create_trust_anchor(name="root", source=bundle(), tags=[{"key": "k", "value": "v"}])
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 201
    made = response["trustAnchor"]
    identifier, arn = made["trustAnchorId"], made["trustAnchorArn"]
    assert arn == f"arn:aws:rolesanywhere:us-east-1:{place.number}:trust-anchor/{identifier}"
    default = {
        "enabled": True,
        "threshold": 45,
        "channel": "ALL",
        "configuredBy": "rolesanywhere.amazonaws.com",
    }
    assert untimed(made) == {
        "trustAnchorId": identifier,
        "trustAnchorArn": arn,
        "name": "root",
        "source": bundle(),
        "enabled": False,
        "crlDpRevocationEnabled": False,
        "notificationSettings": [
            {"event": "CA_CERTIFICATE_EXPIRY"} | default,
            {"event": "END_ENTITY_CERTIFICATE_EXPIRY"} | default,
        ],
    }
    assert made["createdAt"] == made["updatedAt"]
    for named in (identifier, arn):
        assert anywhere.get_trust_anchor(trustAnchorId=named)["trustAnchor"] == made
    assert anywhere.enable_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is True
    assert anywhere.disable_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is False
    other = authority("other")
    changed = anywhere.update_trust_anchor(trustAnchorId=identifier, name="new", source=bundle(ROOT, other))
    assert changed["trustAnchor"]["name"] == "new"
    assert changed["trustAnchor"]["source"] == bundle(ROOT, other)
    assert anywhere.update_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["name"] == "new"
    gone = anywhere.delete_trust_anchor(trustAnchorId=identifier)["trustAnchor"]
    assert gone["trustAnchorId"] == identifier
    assert refusal(anywhere.get_trust_anchor, trustAnchorId=arn)[:2] == (404, "ResourceNotFoundException")


BAD_BUNDLES = [
    ("no certificate at all", "nothing", "cannot be read"),
    ("a leaf", issue("leaf").pem, "Incorrect basic constraints"),
    (
        "no basic constraints",
        issue("x", authority=None, key_usage=usage(key_cert_sign=True)).pem,
        "basic constraints",
    ),
    ("no key usage", authority("x", key_usage=None).pem, "Incorrect key usage"),
    (
        "a key usage without certificates",
        authority("x", key_usage=usage(crl_sign=True)).pem,
        "Incorrect key usage",
    ),
    ("a short key", authority("x", key=rsa_key(1024)).pem, "RSA or EC keys"),
    ("SHA-224", authority("x", digest=hashes.SHA224()).pem, "SHA-256 or stronger"),
    ("three certificates", ROOT.pem * 3, "at most 2"),
]


@pytest.mark.parametrize(
    ("pem", "said"), [row[1:] for row in BAD_BUNDLES], ids=[row[0] for row in BAD_BUNDLES]
)
def test_what_is_no_strong_authority_is_no_trust_anchor(anywhere: Any, pem: str, said: str) -> None:
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
    status, code, message = refusal(anywhere.create_trust_anchor, name="n", source=source)
    assert (status, code) == (400, "ValidationException")
    assert said in message


def test_an_rsa_authority_is_as_good(anywhere: Any) -> None:
    assert anchor(anywhere, source=bundle(authority("rsa", key=rsa_key())))["trustAnchorId"]


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": "arn:aws:acm-pca:x"}}, "AWS_ACM_PCA"),
        (
            {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"acmPcaArn": "arn:aws:acm-pca:x"}},
            "not supported",
        ),
        ({"sourceType": "SELF_SIGNED_REPOSITORY"}, "SELF_SIGNED_REPOSITORY"),
        ({"sourceType": "CERTIFICATE_BUNDLE"}, "x509CertificateData"),
        ({"sourceData": {"x509CertificateData": ROOT.pem}}, "sourceType"),
    ],
)
def test_other_sources_are_refused_by_name(anywhere: Any, source: dict[str, Any], named: str) -> None:
    status, code, message = refusal(anywhere.create_trust_anchor, name="n", source=source)
    assert (status, code) == (400, "ValidationException")
    assert named in message


def test_distribution_points_are_refused_by_name(anywhere: Any) -> None:
    held = anchor(anywhere)
    for call, more in (
        (anywhere.create_trust_anchor, {"name": "n", "source": bundle()}),
        (anywhere.update_trust_anchor, {"trustAnchorId": held["trustAnchorId"]}),
    ):
        _, code, message = refusal(call, crlDpRevocationEnabled=True, **more)
        assert (code, "crlDpRevocationEnabled" in message) == ("ValidationException", True)


def test_notification_settings_are_kept_and_set_back(place: Place, anywhere: Any) -> None:
    event = "CA_CERTIFICATE_EXPIRY"
    held = anchor(anywhere, notificationSettings=[{"event": event, "enabled": True, "threshold": 10}])
    identifier = held["trustAnchorId"]
    assert held["notificationSettings"][0] == {
        "event": event,
        "enabled": True,
        "threshold": 10,
        "channel": "ALL",
        "configuredBy": place.number,
    }
    off = [{"event": event, "enabled": False, "channel": "ALL"}]
    changed = anywhere.put_notification_settings(trustAnchorId=identifier, notificationSettings=off)[
        "trustAnchor"
    ]
    assert changed["notificationSettings"][0] == off[0] | {"configuredBy": place.number}
    keys = [{"event": event}]
    back = anywhere.reset_notification_settings(trustAnchorId=identifier, notificationSettingKeys=keys)[
        "trustAnchor"
    ]
    assert back["notificationSettings"][0]["configuredBy"] == "rolesanywhere.amazonaws.com"
    for settings in ([{"event": event, "enabled": True}], off * 2):
        assert refusal(
            anywhere.put_notification_settings, trustAnchorId=identifier, notificationSettings=settings
        )[:2] == (400, "ValidationException")


def test_a_profile_is_made_told_and_taken_away(place: Place, anywhere: Any) -> None:
    role = place.role("machine", trusting(SERVICE))
    policy = place.policy("bound")
    session = document(statement("Allow", "s3:*"))
    made = profile(
        anywhere,
        roleArns=[role, role],
        managedPolicyArns=[policy],
        sessionPolicy=session,
        durationSeconds=900,
        enabled=True,
        acceptRoleSessionName=True,
        requireInstanceProperties=True,
    )
    identifier = made["profileId"]
    assert untimed(made) == {
        "profileId": identifier,
        "profileArn": f"arn:aws:rolesanywhere:us-east-1:{place.number}:profile/{identifier}",
        "name": "app",
        "requireInstanceProperties": True,
        "enabled": True,
        "createdBy": place.number,
        "sessionPolicy": session,
        "roleArns": [role],
        "managedPolicyArns": [policy],
        "durationSeconds": 900,
        "acceptRoleSessionName": True,
        "attributeMappings": [
            {"certificateField": "x509Issuer", "mappingRules": [{"specifier": "*"}]},
            {
                "certificateField": "x509SAN",
                "mappingRules": [{"specifier": "DNS"}, {"specifier": "URI"}, {"specifier": "Name/*"}],
            },
            {"certificateField": "x509Subject", "mappingRules": [{"specifier": "*"}]},
        ],
    }
    assert anywhere.get_profile(profileId=identifier)["profile"] == made
    assert anywhere.disable_profile(profileId=identifier)["profile"]["enabled"] is False
    assert anywhere.enable_profile(profileId=identifier)["profile"]["enabled"] is True
    changed = anywhere.update_profile(
        profileId=made["profileArn"],
        name="new",
        roleArns=[],
        managedPolicyArns=[],
        durationSeconds=1800,
        acceptRoleSessionName=False,
    )["profile"]
    told = (
        "name",
        "roleArns",
        "managedPolicyArns",
        "durationSeconds",
        "acceptRoleSessionName",
        "sessionPolicy",
    )
    assert [changed[member] for member in told] == ["new", [], [], 1800, False, session]
    assert anywhere.update_profile(profileId=identifier)["profile"]["name"] == "new"
    anywhere.delete_profile(profileId=identifier)
    assert refusal(anywhere.delete_profile, profileId=identifier)[:2] == (404, "ResourceNotFoundException")


def test_a_profile_defaults_to_an_hour_and_is_off(anywhere: Any) -> None:
    made = profile(anywhere)
    assert (made["durationSeconds"], made["enabled"], made["acceptRoleSessionName"]) == (3600, False, False)
    assert "sessionPolicy" not in made


def test_roles_of_other_accounts_and_bad_session_policies_are_refused(place: Place, anywhere: Any) -> None:
    stranger = "arn:aws:iam::999999999999:role/x"
    assert refusal(anywhere.create_profile, name="n", roleArns=[stranger])[:2] == (400, "ValidationException")
    held = profile(anywhere)["profileId"]
    assert refusal(anywhere.update_profile, profileId=held, roleArns=[stranger])[:2] == (
        400,
        "ValidationException",
    )
    assert refusal(anywhere.create_profile, name="n", roleArns=[], sessionPolicy="{}")[:2] == (
        400,
        "ValidationException",
    )


def test_naming_a_role_needs_iam_pass_role(place: Place, anywhere: Any) -> None:
    role = place.role("passed", trusting(SERVICE))
    keys = place.user("no-pass", statement("Allow", "rolesanywhere:*"))
    client = place.client("rolesanywhere", keys)
    _, code, message = refusal(client.create_profile, name="n", roleArns=[role])
    assert (code, f"iam:PassRole on resource: {role}" in message) == ("AccessDeniedException", True)
    held = profile(client)["profileId"]
    assert refusal(client.update_profile, profileId=held, roleArns=[role])[1] == "AccessDeniedException"
    condition = {"StringEquals": {"iam:PassedToService": "rolesanywhere.amazonaws.com"}}
    passing = statement("Allow", "iam:PassRole", role, Condition=condition)
    keys = place.user("passes", statement("Allow", "rolesanywhere:*"), passing)
    assert profile(place.client("rolesanywhere", keys), roleArns=[role])["roleArns"] == [role]


def test_attribute_mappings_are_put_and_deleted(anywhere: Any) -> None:
    identifier = profile(anywhere)["profileId"]

    def rules(answer: dict[str, Any]) -> dict[str, list[str]]:
        return {
            one["certificateField"]: [rule["specifier"] for rule in one["mappingRules"]]
            for one in answer["profile"]["attributeMappings"]
        }

    def put(field: str, *specifiers: str) -> dict[str, list[str]]:
        wanted = [{"specifier": one} for one in specifiers]
        return rules(
            anywhere.put_attribute_mapping(profileId=identifier, certificateField=field, mappingRules=wanted)
        )

    assert put("x509Subject", "CN", "OU", "CN")["x509Subject"] == ["CN", "OU"]
    assert put("x509SAN", "Name/")["x509SAN"] == ["Name/*"]
    assert put("x509SAN", "Name", "DNS", "Name/CN")["x509SAN"] == ["Name/*", "DNS", "Name/CN"]
    assert put("x509Issuer", "2.5.4.97")["x509Issuer"] == ["2.5.4.97"]
    delete = anywhere.delete_attribute_mapping
    left = rules(delete(profileId=identifier, certificateField="x509Subject", specifiers=["OU"]))
    assert left["x509Subject"] == ["CN"]
    left = rules(delete(profileId=identifier, certificateField="x509SAN", specifiers=["DNS", "Name/CN"]))
    assert left["x509SAN"] == ["Name/*"]
    assert "x509Issuer" not in rules(delete(profileId=identifier, certificateField="x509Issuer"))
    for field, specifier in (
        ("x509Subject", "DNS"),
        ("x509SAN", "CN"),
        ("x509Issuer", "Name/*"),
        ("x509SAN", "*"),
    ):
        assert refusal(
            anywhere.put_attribute_mapping,
            profileId=identifier,
            certificateField=field,
            mappingRules=[{"specifier": specifier}],
        )[:2] == (400, "ValidationException")
    assert refusal(delete, profileId=identifier, certificateField="x509Subject", specifiers=["O"])[1] == (
        "ValidationException"
    )


def test_a_revocation_list_is_imported_told_and_taken_away(place: Place, anywhere: Any) -> None:
    held = anchor(anywhere)
    data = revocation_list(ROOT, issue("gone", ROOT))
    arn = held["trustAnchorArn"]
    response = anywhere.import_crl(name="revoked", crlData=data, trustAnchorArn=arn)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 201
    made = response["crl"]
    assert untimed(made) == {
        "crlId": made["crlId"],
        "crlArn": f"arn:aws:rolesanywhere:us-east-1:{place.number}:crl/{made['crlId']}",
        "name": "revoked",
        "enabled": False,
        "crlData": data,
        "trustAnchorArn": arn,
    }
    assert anywhere.get_crl(crlId=made["crlId"])["crl"] == made
    assert anywhere.enable_crl(crlId=made["crlId"])["crl"]["enabled"] is True
    assert anywhere.disable_crl(crlId=made["crlId"])["crl"]["enabled"] is False
    fresh = revocation_list(ROOT)
    changed = anywhere.update_crl(crlId=made["crlArn"], name="new", crlData=fresh)["crl"]
    assert (changed["name"], changed["crlData"]) == ("new", fresh)
    anywhere.delete_crl(crlId=made["crlId"])
    assert refusal(anywhere.get_crl, crlId=made["crlId"])[:2] == (404, "ResourceNotFoundException")


def test_what_is_no_list_of_the_anchor_is_not_imported(anywhere: Any) -> None:
    arn = anchor(anywhere)["trustAnchorArn"]
    forged = revocation_list(ROOT, key=ec_key())
    weak = revocation_list(ROOT, digest=hashes.SHA224())
    for data in (b"nothing", forged, weak, ROOT.pem.encode()):
        found = refusal(anywhere.import_crl, name="n", crlData=data, trustAnchorArn=arn)
        assert found[:2] == (400, "ValidationException")
    good = revocation_list(ROOT)
    held = anywhere.import_crl(name="n", crlData=good, trustAnchorArn=arn)["crl"]["crlId"]
    assert refusal(anywhere.update_crl, crlId=held, crlData=forged)[1] == "ValidationException"
    anywhere.import_crl(
        name="of an authority below", crlData=revocation_list(authority("other")), trustAnchorArn=arn
    )
    assert "quota" in refusal(anywhere.import_crl, name="n", crlData=good, trustAnchorArn=arn)[2]


def test_an_authority_that_may_not_sign_lists_has_none(anywhere: Any) -> None:
    silent = authority("silent", key_usage=usage(key_cert_sign=True))
    arn = anchor(anywhere, source=bundle(silent))["trustAnchorArn"]
    found = refusal(anywhere.import_crl, name="n", crlData=revocation_list(silent), trustAnchorArn=arn)
    assert found[:2] == (400, "ValidationException")


def test_an_alias_names_a_trust_anchor_in_requests(place: Place, anywhere: Any) -> None:
    held = anchor(anywhere, aliasName="prod/root")
    alias = f"arn:aws:rolesanywhere:us-east-1:{place.number}:alias/trust-anchor/prod/root"
    assert (held["aliasName"], held["aliasArn"]) == ("prod/root", alias)
    assert anywhere.get_trust_anchor(trustAnchorId=alias)["trustAnchor"] == held
    assert refusal(anywhere.create_trust_anchor, name="n", source=bundle(), aliasName="prod/root")[1] == (
        "ValidationException"
    )
    assert refusal(anywhere.create_trust_anchor, name="n", source=bundle(), aliasName="AWS/x")[1] == (
        "ValidationException"
    )
    assert refusal(anywhere.import_crl, name="n", crlData=revocation_list(ROOT), trustAnchorArn=alias)[1] == (
        "ResourceNotFoundException"
    )
    moved = anywhere.update_trust_anchor(trustAnchorId=alias, aliasName="new")["trustAnchor"]
    assert (moved["aliasName"], moved["previousAliasName"]) == ("new", "prod/root")
    assert refusal(anywhere.get_trust_anchor, trustAnchorId=alias)[1] == "ResourceNotFoundException"
    kept = anywhere.update_trust_anchor(trustAnchorId=held["trustAnchorId"], name="x")["trustAnchor"]
    assert (kept["aliasName"], "previousAliasName" in kept) == ("new", False)
    gone = anywhere.update_trust_anchor(trustAnchorId=held["trustAnchorId"], aliasName="")["trustAnchor"]
    assert ("aliasName" in gone, gone["previousAliasName"]) == (False, "new")


def test_profiles_and_lists_have_aliases_of_their_own(anywhere: Any) -> None:
    arn = anchor(anywhere, aliasName="same")["trustAnchorArn"]
    made = profile(anywhere, aliasName="same")
    assert anywhere.get_profile(profileId=made["aliasArn"])["profile"] == made
    held = anywhere.import_crl(name="n", crlData=revocation_list(ROOT), trustAnchorArn=arn, aliasName="same")[
        "crl"
    ]
    assert anywhere.get_crl(crlId=held["aliasArn"])["crl"] == held
    assert anywhere.update_crl(crlId=held["crlId"], aliasName="other")["crl"]["previousAliasName"] == "same"
    changed = anywhere.update_profile(profileId=made["profileId"], aliasName="other")["profile"]
    assert changed["previousAliasName"] == "same"


def test_a_region_holds_its_own(server: Server, place: Place, anywhere: Any) -> None:
    held = anchor(anywhere)
    elsewhere = place.client("rolesanywhere", place.keys)
    elsewhere.meta.events.register("before-sign", _in_ireland)
    assert elsewhere.list_trust_anchors()["trustAnchors"] == []
    for named in (held["trustAnchorId"], held["trustAnchorArn"]):
        assert refusal(elsewhere.get_trust_anchor, trustAnchorId=named)[1] == "ResourceNotFoundException"
    made = anchor(elsewhere)
    assert made["trustAnchorArn"].split(":")[3] == "eu-west-1"
    assert (
        refusal(anywhere.get_trust_anchor, trustAnchorId=made["trustAnchorId"])[1]
        == "ResourceNotFoundException"
    )
    arn = made["trustAnchorArn"]
    missing = refusal(anywhere.import_crl, name="n", crlData=revocation_list(ROOT), trustAnchorArn=arn)
    assert missing[1] == "ResourceNotFoundException"
    china = held["trustAnchorArn"].replace("arn:aws:", "arn:aws-cn:")
    assert refusal(anywhere.get_trust_anchor, trustAnchorId=china)[1] == "ResourceNotFoundException"
    for client in (anywhere, elsewhere):
        alias = profile(client, aliasName="both")["aliasArn"]
        assert client.get_profile(profileId=alias)["profile"]["aliasArn"] == alias


def test_a_quota_is_of_one_region(place: Place, anywhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = len(anywhere.list_profiles(pageSize=1000)["profiles"])
    monkeypatch.setattr("vestry.limits.ANYWHERE_PROFILES", here + 1)
    elsewhere = place.client("rolesanywhere", place.keys)
    elsewhere.meta.events.register("before-sign", _in_ireland)
    profile(elsewhere)
    profile(anywhere)
    assert "quota" in refusal(anywhere.create_profile, name="n", roleArns=[])[2]


def _in_ireland(request: Any, **_: Any) -> None:
    request.context["signing"] = request.context.get("signing", {}) | {"region": "eu-west-1"}


def test_tags_are_put_on_told_and_taken_off(anywhere: Any) -> None:
    arns = [
        anchor(anywhere, tags=[{"key": "b", "value": "2"}])["trustAnchorArn"],
        profile(anywhere)["profileArn"],
    ]
    made = anywhere.import_crl(name="n", crlData=revocation_list(ROOT), trustAnchorArn=arns[0])
    for arn in [*arns, made["crl"]["crlArn"]]:
        tags = [{"key": "b", "value": "3"}, {"key": "a", "value": "1"}]
        assert anywhere.tag_resource(resourceArn=arn, tags=tags)["ResponseMetadata"]["HTTPStatusCode"] == 201
        found = anywhere.list_tags_for_resource(resourceArn=arn)["tags"]
        assert found == [{"key": "a", "value": "1"}, {"key": "b", "value": "3"}]
        anywhere.untag_resource(resourceArn=arn, tagKeys=["a", "missing"])
        assert anywhere.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "3"}]
    many = [{"key": f"k{number}", "value": ""} for number in range(TAGS_PER_RESOURCE)]
    assert refusal(anywhere.tag_resource, resourceArn=arns[0], tags=many)[:2] == (400, "TooManyTagsException")
    assert refusal(anywhere.create_profile, name="n", roleArns=[], tags=[*many, {"key": "x", "value": ""}])[
        1
    ] == ("TooManyTagsException")
    for bad in ([{"key": "aws:x", "value": ""}], [{"key": "x", "value": ""}] * 2):
        assert refusal(anywhere.tag_resource, resourceArn=arns[0], tags=bad)[1] == "ValidationException"
    alias = profile(anywhere, aliasName="tagged")["aliasArn"]
    assert refusal(anywhere.tag_resource, resourceArn=alias, tags=[])[1] == "ResourceNotFoundException"
    missing = arns[0][:-1] + "x"
    assert refusal(anywhere.list_tags_for_resource, resourceArn=missing)[:2] == (
        404,
        "ResourceNotFoundException",
    )


def test_tags_and_passed_tags_are_condition_keys(place: Place, anywhere: Any) -> None:
    mine, other = anchor(anywhere, tags=[{"key": "team", "value": "a"}]), anchor(anywhere)
    resource = statement(
        "Allow", "rolesanywhere:Get*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}
    )
    create = statement(
        "Allow", "rolesanywhere:CreateProfile", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}
    )
    client = place.client("rolesanywhere", place.user("tagged", resource, create))
    assert client.get_trust_anchor(trustAnchorId=mine["trustAnchorId"])["trustAnchor"] == mine
    assert (
        refusal(client.get_trust_anchor, trustAnchorId=other["trustAnchorId"])[1] == "AccessDeniedException"
    )
    assert profile(client, tags=[{"key": "team", "value": "a"}])
    assert refusal(client.create_profile, name="n", roleArns=[])[1] == "AccessDeniedException"


def test_a_denial_names_the_arn_whatever_the_resource_was_called_by(place: Place, anywhere: Any) -> None:
    held = anchor(anywhere, aliasName="denied")
    client = place.client("rolesanywhere", place.user("stranger"))
    for named in (held["trustAnchorId"], held["trustAnchorArn"], held["aliasArn"]):
        _, _, message = refusal(client.get_trust_anchor, trustAnchorId=named)
        assert f"rolesanywhere:GetTrustAnchor on resource: {held['trustAnchorArn']} because" in message
    _, _, message = refusal(client.get_profile, profileId=NOBODY)
    assert f":profile/{NOBODY} because" in message


def test_lists_come_in_pages(server: Server) -> None:
    place = Place(server)
    anywhere = place.client("rolesanywhere", place.keys)
    made = sorted(profile(anywhere, name=f"p{number}")["profileId"] for number in range(5))
    first = anywhere.list_profiles(pageSize=2)
    assert [one["profileId"] for one in first["profiles"]] == made[:2]
    pages = anywhere.get_paginator("list_profiles").paginate(pageSize=2)
    assert [one["profileId"] for page in pages for one in page["profiles"]] == made
    assert [one["profileId"] for one in anywhere.list_profiles()["profiles"]] == made
    assert "nextToken" not in anywhere.list_profiles(pageSize=5)
    for bad in (
        {"pageSize": 0},
        {"pageSize": 1001},
        {"nextToken": "x"},
        {"nextToken": "c29tZXRoaW5nIGVsc2U="},
    ):
        assert refusal(anywhere.list_profiles, **bad)[:2] == (400, "ValidationException")


def test_quotas_hold_in_each_region(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestry.limits.TRUST_ANCHORS", 2)
    monkeypatch.setattr("vestry.limits.ANYWHERE_PROFILES", 1)
    place = Place(server)
    anywhere = place.client("rolesanywhere", place.keys)
    anchor(anywhere), anchor(anywhere), profile(anywhere)
    assert "quota of 2" in refusal(anywhere.create_trust_anchor, name="n", source=bundle())[2]
    assert "quota of 1" in refusal(anywhere.create_profile, name="n", roleArns=[])[2]


def test_everything_is_there_after_a_restart(tmp_path: Any) -> None:
    from serving import serving

    with serving(tmp_path / "data") as first:
        place = Place(first)
        client = place.client("rolesanywhere", place.keys)
        held, made = anchor(client), profile(client)
    with serving(tmp_path / "data") as second:
        again = second.client("rolesanywhere", place.keys)
        assert again.get_trust_anchor(trustAnchorId=held["trustAnchorId"])["trustAnchor"] == held
        assert again.get_profile(profileId=made["profileId"])["profile"] == made


def test_a_subject_that_never_asked_is_not_found(anywhere: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        anywhere.get_subject(subjectId=NOBODY)
