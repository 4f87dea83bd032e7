"""CreateSession: who holds a certificate gets a role's credentials, and under which conditions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from anywhere import Site
from certificates import name, rsa_key
from places import Place, document, statement, trusting
from serving import Server


@pytest.fixture(scope="module")
def site(server: Server) -> Site:
    return Site(Place(server))


@pytest.fixture(autouse=True)
def _trusting(site: Site) -> None:
    """Each test begins with a role that trusts the service for everything."""
    site.trust()


def unable(site: Site) -> tuple[int, str, str]:
    return 403, "AccessDeniedException", f"Unable to assume role for {site.role}"


@pytest.mark.parametrize("key", [None, rsa_key()], ids=["EC", "RSA"])
def test_a_certificate_is_exchanged_for_credentials_of_the_role(site: Site, key: Any) -> None:
    holder = site.holder("machine", key=key, serial=0x1F71C5114A119FC0)
    found = site.session(holder)
    assert found.status == 201
    (session,) = found.body["credentialSet"]
    name = "1f71c5114a119fc0"
    role = site.place.iam.get_role(RoleName=site.role_name)["Role"]
    arn = f"arn:aws:sts::{site.place.number}:assumed-role/{site.role_name}/{name}"
    assert session["assumedRoleUser"] == {"arn": arn, "assumedRoleId": f"{role['RoleId']}:{name}"}
    assert session["roleArn"] == site.role
    assert session["sourceIdentity"] == "CN=machine"
    assert 0 < session["packedPolicySize"] <= 100
    assert set(session["credentials"]) == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    assert session["credentials"]["expiration"].endswith("Z")
    sts = site.place.client("sts", found.keys)
    assert sts.get_caller_identity()["Arn"] == arn
    prefix = f"arn:aws:rolesanywhere:us-east-1:{site.place.number}:subject/"
    assert found.body["subjectArn"].startswith(prefix)


def test_parameters_may_be_in_the_query_string_as_the_credential_helper_sends_them(site: Site) -> None:
    assert site.ask(site.request(site.holder(), query=True)).status == 201


def test_a_serial_number_of_odd_length_is_padded(site: Site) -> None:
    found = site.session(site.holder(serial=291))
    assert found.body["credentialSet"][0]["assumedRoleUser"]["arn"].endswith("/0123")


@pytest.mark.parametrize(
    ("subject", "identity"),
    [
        (name("a" * 61), "CN=" + "a" * 61),
        (name("a" * 62), "a" * 62),
        (name(None, (NameOID.ORGANIZATION_NAME, "Org")), "ID=0123"),
    ],
    ids=["61 characters", "62 characters", "no common name"],
)
def test_the_source_identity_is_the_common_name_or_the_serial_number(
    site: Site, subject: x509.Name, identity: str
) -> None:
    found = site.session(site.holder(subject, serial=291))
    assert found.body["credentialSet"][0]["sourceIdentity"] == identity


def test_a_common_name_that_cannot_be_a_source_identity_is_refused(site: Site) -> None:
    assert site.session(site.holder("a*b")).refused == unable(site)


NAMES = name(
    "alice",
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Security"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Engineering"),
    (NameOID.COUNTRY_NAME, "US"),
    (x509.ObjectIdentifier("2.5.4.97"), "VAT-1"),
    (NameOID.TITLE, "not * a tag"),
)
ALTERNATIVES = x509.SubjectAlternativeName(
    [
        x509.RFC822Name("alice@example.com"),
        x509.DNSName("a.example.com"),
        x509.DNSName("b.example.com"),
        x509.UniformResourceIdentifier("spiffe://example.com/alice"),
        x509.DirectoryName(name("Alice", (NameOID.ORGANIZATION_NAME, "Org"))),
        x509.DirectoryName(name("Bob")),
    ]
)


def conditioned(**expected: str) -> dict[str, Any]:
    """A condition on exactly these tags."""
    tags = {f"aws:PrincipalTag/{key.replace('__', '/')}": value for key, value in expected.items()}
    return {"StringEquals": tags}


def test_names_and_alternative_names_are_principal_tags_for_the_trust_policy_and_in_the_session(
    site: Site,
) -> None:
    holder = site.holder(NAMES, extensions=[(ALTERNATIVES, False)])
    tags = {
        "x509Subject__CN": "alice",
        "x509Subject__OU": "Security/Engineering",
        "x509Subject__C": "US",
        "x509Issuer__CN": "root of the site",
        "x509SAN__DNS": "a.example.com",
        "x509SAN__URI": "spiffe://example.com/alice",
        "x509SAN__Name__CN": "Alice",
        "x509SAN__Name__O": "Org",
    }
    site.trust(Condition=conditioned(**tags))
    found = site.session(holder)
    assert found.status == 201
    policy = document(statement("Allow", "iam:GetRole", Condition=conditioned(**tags)))
    site.place.iam.put_role_policy(RoleName=site.role_name, PolicyName="p", PolicyDocument=policy)
    site.place.client("iam", found.keys).get_role(RoleName=site.role_name)
    keys = (
        "aws:PrincipalTag/x509Subject/T",
        "aws:PrincipalTag/x509Subject/2.5.4.97",
        "aws:PrincipalTag/x509SAN/RFC822",
    )
    site.trust(Condition={"Null": dict.fromkeys(keys, "true")})
    assert site.session(holder).status == 201
    for key, value in tags.items():
        site.trust(Condition={"StringNotEquals": conditioned(**{key: value})["StringEquals"]})
        assert site.session(holder).refused == unable(site), key


def test_a_profile_says_which_attributes_become_tags(site: Site) -> None:
    holder = site.holder(NAMES, extensions=[(ALTERNATIVES, False)])
    profile = site.make_profile()
    identifier, arn = profile["profileId"], profile["profileArn"]

    def put(field: str, *specifiers: str) -> None:
        rules = [{"specifier": one} for one in specifiers]
        site.client.put_attribute_mapping(profileId=identifier, certificateField=field, mappingRules=rules)

    put("x509Subject", "2.5.4.97", "OU")
    put("x509SAN", "Name/O", "URI")
    site.client.delete_attribute_mapping(profileId=identifier, certificateField="x509Issuer")
    kept = conditioned(
        **{
            "x509Subject__2.5.4.97": "VAT-1",
            "x509Subject__OU": "Security/Engineering",
            "x509SAN__Name__O": "Org",
        },
        x509SAN__URI="spiffe://example.com/alice",
    )
    gone = ("x509Subject/CN", "x509Issuer/CN", "x509SAN/DNS", "x509SAN/Name/CN")
    site.trust(Condition=kept | {"Null": {f"aws:PrincipalTag/{key}": "true" for key in gone}})
    assert site.session(holder, profileArn=arn).status == 201
    assert site.session(holder).refused == unable(site)
    put("x509SAN", "DNS")
    only = {"aws:PrincipalTag/x509SAN/URI": "true", "aws:PrincipalTag/x509SAN/DNS": "false"}
    site.trust(Condition={"Null": only})
    assert site.session(holder, profileArn=arn).status == 201


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
def test_the_role_must_trust_the_service_for_each_of_the_three_actions(site: Site, action: str) -> None:
    service = {"Service": "rolesanywhere.amazonaws.com"}
    every = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
    site.place.iam.update_assume_role_policy(
        RoleName=site.role_name, PolicyDocument=trusting(service, sorted(every))
    )
    assert site.session(site.holder()).status == 201
    site.place.iam.update_assume_role_policy(
        RoleName=site.role_name, PolicyDocument=trusting(service, sorted(every - {action}))
    )
    assert site.session(site.holder()).refused == unable(site)


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnEquals": {"aws:SourceArn": "ANCHOR"}},
        {"StringEquals": {"aws:SourceAccount": "ACCOUNT"}},
        {"StringEquals": {"sts:SourceIdentity": "CN=machine"}},
        {"StringEquals": {"sts:RoleSessionName": "0123"}},
        {"StringEquals": {"aws:PrincipalServiceName": "rolesanywhere.amazonaws.com"}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    ],
    ids=lambda condition: next(iter(next(iter(condition.values())))),
)
def test_the_trust_policy_is_asked_on_behalf_of_the_trust_anchor(
    site: Site, condition: dict[str, Any]
) -> None:
    ((operator, keys),) = condition.items()
    ((key, value),) = keys.items()
    value = {"ANCHOR": site.anchor["trustAnchorArn"], "ACCOUNT": site.place.number}.get(value, value)
    holder = site.holder(serial=291)
    site.trust(Condition={operator: {key: value}})
    assert site.session(holder).status == 201
    site.trust(Condition={operator: {key: value + "x"}})
    assert site.session(holder).refused == unable(site)


def test_what_a_client_says_of_a_source_means_nothing(site: Site) -> None:
    site.trust(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})
    request = site.request(site.holder())
    request.headers["x-amz-source-account"] = "111122223333"
    assert site.ask(request).code == "InvalidSignatureException", "it is not signed"


def test_a_session_is_bounded_by_the_profiles_policies(site: Site) -> None:
    iam = site.place.iam
    iam.put_role_policy(RoleName=site.role_name, PolicyName="p", PolicyDocument=document())
    managed = site.place.policy(f"bound-{site.role_name}", document(statement("Allow", "iam:Get*")))
    inline = document(statement("Allow", "iam:ListRoles"))
    for given, allowed, denied in (
        ({"sessionPolicy": inline}, "list_roles", "list_users"),
        ({"managedPolicyArns": [managed]}, "get_role", "list_roles"),
    ):
        profile = site.make_profile(**given)
        client = site.place.client("iam", site.session(site.holder(), profileArn=profile["profileArn"]).keys)
        asked = {"RoleName": site.role_name} if allowed == "get_role" else {}
        getattr(client, allowed)(**asked)
        with pytest.raises(client.exceptions.ClientError, match="no session policy allows"):
            getattr(client, denied)()


@pytest.mark.parametrize(
    "given",
    [
        {"managedPolicyArns": ["arn:aws:iam::123456789012:policy/missing"]},
        {"sessionPolicy": document(statement("Allow", "s3:GetObject", "arn:aws:s3:::" + "a" * 2100))},
    ],
    ids=["a policy that does not exist", "too large a policy"],
)
def test_policies_that_no_session_can_have_are_refused(site: Site, given: dict[str, Any]) -> None:
    profile = site.make_profile(**given)
    assert site.session(site.holder(), profileArn=profile["profileArn"]).refused == unable(site)


def test_more_attributes_than_a_session_has_tags_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = site.holder(name("x", (NameOID.ORGANIZATION_NAME, "o")))  # two of the subject, one of the issuer
    monkeypatch.setattr("vestry.limits.TAGS_PER_RESOURCE", 3)
    assert site.session(holder).status == 201
    monkeypatch.setattr("vestry.limits.TAGS_PER_RESOURCE", 2)
    status, code, message = site.session(holder).refused
    assert (status, code) == (403, "AccessDeniedException")
    assert message.startswith(f"Unable to assume role for {site.role}. ")


def lasting(site: Site, holder: Any, **asked: Any) -> int:
    keys = site.session(holder, **asked).keys
    ends = time.mktime(time.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    return round((ends - time.time()) / 10) * 10


def test_a_session_lasts_as_long_as_profile_and_request_both_allow(site: Site) -> None:
    holder = site.holder()
    short = site.make_profile(durationSeconds=900)["profileArn"]
    assert lasting(site, holder) == 3600
    assert lasting(site, holder, durationSeconds=1000) == 1000
    assert lasting(site, holder, profileArn=short) == 900
    assert lasting(site, holder, profileArn=short, durationSeconds=3600) == 900


def test_a_session_longer_than_the_role_allows_is_refused(site: Site) -> None:
    long = site.make_profile(durationSeconds=43200)["profileArn"]
    status, code, message = site.session(site.holder(), profileArn=long).refused
    assert (status, code) == (403, "AccessDeniedException")
    assert message == (
        f"Unable to assume role for {site.role}. "
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )
    assert site.session(site.holder(), profileArn=long, durationSeconds=3600).status == 201
    site.place.iam.update_role(RoleName=site.role_name, MaxSessionDuration=43200)
    assert site.session(site.holder(), profileArn=long).status == 201
    site.place.iam.update_role(RoleName=site.role_name, MaxSessionDuration=3600)


@pytest.mark.parametrize("seconds", [899, 43201])
def test_durations_outside_the_range_are_no_durations(site: Site, seconds: int) -> None:
    assert site.session(site.holder(), durationSeconds=seconds).code == "ValidationException"


def test_a_session_name_is_taken_only_where_the_profile_accepts_it(site: Site) -> None:
    assert site.session(site.holder(), roleSessionName="mine").refused == (
        403,
        "AccessDeniedException",
        "Not authorized to set roleSessionName.",
    )
    accepting = site.make_profile(acceptRoleSessionName=True)["profileArn"]
    found = site.session(site.holder(), profileArn=accepting, roleSessionName="mine")
    assert found.body["credentialSet"][0]["assumedRoleUser"]["arn"].endswith(f"/{site.role_name}/mine")
    found = site.session(site.holder(serial=291), profileArn=accepting)
    assert found.body["credentialSet"][0]["assumedRoleUser"]["arn"].endswith("/0123")


def test_a_profile_that_is_off_gone_elsewhere_or_without_the_role_gives_nothing(
    server: Server, site: Site
) -> None:
    holder = site.holder()
    for made in (
        site.make_profile(enabled=False)["profileArn"],
        site.make_profile(roleArns=[])["profileArn"],
        site.profile["profileArn"][:-1] + "x",
        Site(Place(server)).profile["profileArn"],
    ):
        assert site.session(holder, profileArn=made).refused == unable(site), made
    made = site.make_profile()
    assert site.session(holder, profileArn=made["profileArn"]).status == 201
    site.client.disable_profile(profileId=made["profileId"])
    assert site.session(holder, profileArn=made["profileArn"]).refused == unable(site)


def test_a_role_that_does_not_exist_is_not_assumed(site: Site) -> None:
    gone = site.place.arn("role/gone")
    profile = site.make_profile(roleArns=[gone])["profileArn"]
    assert site.session(site.holder(), profileArn=profile, roleArn=gone).refused == (
        403,
        "AccessDeniedException",
        f"Unable to assume role for {gone}",
    )


def test_subjects_record_who_asked_and_whether_it_was_given(site: Site) -> None:
    holder = site.holder("seen", serial=1001)
    arn = site.session(holder, instanceProperties={"host": "a"}).body["subjectArn"]
    identifier = arn.rpartition("/")[2]

    def subject(wanted: int, last: str) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                found: dict[str, Any] = site.client.get_subject(subjectId=identifier)["subject"]
                if len(found["credentials"]) == wanted and found["credentials"][0]["serialNumber"] == last:
                    return found
            except site.client.exceptions.ResourceNotFoundException:
                pass
            time.sleep(0.05)
        raise AssertionError("the subject was not recorded")

    found = subject(1, "1001")
    (credential,) = found["credentials"]
    assert (found["subjectArn"], found["x509Subject"], found["enabled"]) == (arn, "CN=seen", True)
    assert found["lastSeenAt"] == credential["seenAt"] == found["createdAt"]
    assert (credential["issuer"], credential["failed"]) == ("CN=root of the site", False)
    assert credential["x509CertificateData"] == holder.pem
    assert found["instanceProperties"][0]["properties"] == {"host": "a"}
    site.trust(Condition={"StringEquals": {"aws:SourceAccount": "x"}})
    assert site.session(site.holder("seen", serial=1002)).status == 403
    again = subject(2, "1002")
    assert [one["failed"] for one in again["credentials"]] == [True, False]
    assert identifier in [one["subjectId"] for one in site.client.list_subjects()["subjects"]]


def test_deleting_the_role_ends_its_sessions(site: Site) -> None:
    role = site.place.role("short-lived", trusting({"Service": "rolesanywhere.amazonaws.com"}))
    profile = site.make_profile(roleArns=[role])["profileArn"]
    sts = site.place.client("sts", site.session(site.holder(), profileArn=profile, roleArn=role).keys)
    sts.get_caller_identity()
    site.place.iam.delete_role(RoleName="short-lived")
    with pytest.raises(sts.exceptions.ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()
