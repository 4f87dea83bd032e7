"""AssumeRoleWithWebIdentity, the whole way over real sockets: what a token gives, and who is let in by it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from issuers import DISCOVERY, KEY_SET, RSA_KEYS, Certificates, Issuer, Reply, found, issuing
from places import Place, allowed, document, refusal, statement, trusting

DENIED = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
WEB = "sts:AssumeRoleWithWebIdentity"
TAGS = "https://aws.amazon.com/tags"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", autouse=True)
def trusted(certificates: Certificates) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificates.authority))
        yield


@pytest.fixture
def issuer(certificates: Certificates) -> Iterator[Issuer]:
    with issuing(certificates) as running:
        yield running


class Federation:
    """An account with a provider registered and a role that trusts it."""

    def __init__(self, place: Place, issuer: Issuer) -> None:
        self.place, self.issuer = place, issuer
        made = place.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
        self.provider: str = made["OpenIDConnectProviderArn"]
        self.sts = boto3.client(
            "sts",
            endpoint_url=place.server.endpoint,
            region_name="us-east-1",
            config=Config(
                signature_version=UNSIGNED, retries={"max_attempts": 0}, parameter_validation=False
            ),
        )

    def role(self, name: str = "work", action: Any = WEB, **more: Any) -> str:
        return self.place.role(name, trusting({"Federated": self.provider}, action, **more))

    def asking(self, role: str, token: str | None = None, **more: Any) -> dict[str, Any]:
        token = self.issuer.token() if token is None else token
        return {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": token} | more

    def assume(self, role: str, token: str | None = None, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.sts.assume_role_with_web_identity(**self.asking(role, token, **more))
        return answer

    def refused(self, role: str, token: str | None = None, **more: Any) -> tuple[int, str, str]:
        return refusal(self.sts.assume_role_with_web_identity, **self.asking(role, token, **more))

    def accepts(self, role: str, **claims: Any) -> bool:
        token = self.issuer.token(**claims)
        return allowed(self.sts.assume_role_with_web_identity, **self.asking(role, token))


@pytest.fixture
def federation(place: Place, issuer: Issuer) -> Federation:
    return Federation(place, issuer)


def test_a_token_becomes_credentials_and_the_credentials_call(federation: Federation) -> None:
    place, role = federation.place, federation.role()
    place.iam.put_role_policy(
        RoleName="work", PolicyName="p", PolicyDocument=document(statement("Allow", "iam:GetRole"))
    )
    answer = federation.assume(role)
    assert answer["SubjectFromWebIdentityToken"] == "somebody"
    assert answer["Provider"] == federation.provider
    assert answer["Audience"] == "app"
    arn = f"arn:aws:sts::{place.number}:assumed-role/work/job"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    caller = place.client("sts", answer["Credentials"]).get_caller_identity()
    assert caller["Arn"] == arn
    assert caller["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    iam = place.client("iam", answer["Credentials"])
    assert allowed(iam.get_role, RoleName="work")
    assert not allowed(iam.list_roles)


def test_the_trust_policy_alone_decides(federation: Federation) -> None:
    other = "arn:aws:iam::000000000001:oidc-provider/other.example.com"
    stranger = federation.place.role("stranger", trusting({"Federated": other}, WEB))
    assert federation.refused(stranger) == DENIED
    assert federation.refused(federation.place.arn("role/missing")) == DENIED
    plain = federation.role("plain", "sts:AssumeRole")
    assert federation.refused(plain) == DENIED
    own = federation.place.role("own")
    assert federation.refused(own) == DENIED


def test_a_signature_is_neither_needed_nor_looked_at(federation: Federation) -> None:
    role = federation.role()
    keys = federation.place.user("nobody") | {"SecretAccessKey": "wrong"}
    sts = federation.place.client("sts", keys)
    assert sts.assume_role_with_web_identity(**federation.asking(role))["Audience"] == "app"
    answer = federation.place.query(keys, "sts", "AssumeRoleWithWebIdentity", federation.asking(role))
    assert answer.status == 200


def test_the_role_must_be_one(federation: Federation) -> None:
    arn = "arn:aws:iam::123456789012:user/someone"
    assert federation.refused(arn) == (400, "ValidationError", f"{arn} is invalid")


def test_the_provider_is_the_one_of_the_roles_account(federation: Federation, server: Any) -> None:
    other = Place(server)
    text = f"No OpenIDConnect provider found in your account for {federation.issuer.url}"
    assert federation.refused(other.role("r")) == (400, "InvalidIdentityToken", text)
    missing = "arn:aws:iam::999999999999:role/r"
    assert federation.refused(missing) == (400, "InvalidIdentityToken", text)


def test_a_trailing_slash_is_another_issuer(federation: Federation) -> None:
    token = federation.issuer.token(iss=federation.issuer.url + "/")
    code, text = federation.refused(federation.role(), token)[1:]
    assert (code, text) == (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {federation.issuer.url}/",
    )


@pytest.mark.parametrize("scheme", ["", "http://", "HTTPS://", "https://https://"])
def test_an_issuer_is_its_whole_url(federation: Federation, scheme: str) -> None:
    said = scheme + federation.issuer.address
    answer = federation.refused(federation.role(), federation.issuer.token(iss=said))
    assert answer == (
        400,
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {said}",
    )


def test_a_line_break_behind_a_token_is_no_part_of_it(federation: Federation) -> None:
    assert federation.assume(federation.role(), federation.issuer.token() + "\n")


def test_a_provider_that_is_deleted_lets_nobody_in(federation: Federation) -> None:
    role = federation.role()
    federation.place.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=federation.provider)
    assert federation.refused(role)[2].startswith("No OpenIDConnect provider found")


def test_claims_are_condition_keys_of_the_trust_decision(federation: Federation) -> None:
    address = federation.issuer.address
    conditions = {
        "StringEquals": {f"{address}:aud": "app", f"{address}:sub": "repo:a/b"},
        "ForAnyValue:StringEquals": {f"{address}:amr": "mfa"},
    }
    role = federation.role(Condition=conditions)
    assert federation.accepts(role, sub="repo:a/b", amr=["pwd", "mfa"])
    assert federation.accepts(role, sub="repo:a/b", amr="mfa")
    assert not federation.accepts(role, sub="repo:a/c", amr=["mfa"])
    assert not federation.accepts(role, sub="repo:a/b", amr=["pwd"])
    assert not federation.accepts(role, sub="repo:a/b")


def test_amr_has_several_values_even_where_the_token_has_one(federation: Federation) -> None:
    role = federation.role(Condition={"StringEquals": {f"{federation.issuer.address}:amr": "mfa"}})
    assert not federation.accepts(role, amr="mfa")


def test_oaud_has_all_audiences(federation: Federation) -> None:
    wanted = {"ForAnyValue:StringEquals": {f"{federation.issuer.address}:oaud": "other"}}
    assert federation.accepts(federation.role(Condition=wanted), aud=["app", "other"])


def test_the_audience_is_azp_where_there_is_one_and_oaud_the_rest(federation: Federation) -> None:
    address = federation.issuer.address
    keys = {f"{address}:aud": "app", f"{address}:oaud": "service", f"{address}:azp": "app"}
    role = federation.role(Condition={"StringEquals": keys})
    assert federation.accepts(role, aud="service", azp="app")
    answer = federation.assume(role, federation.issuer.token(aud="service", azp="app"))
    assert answer["Audience"] == "app"
    assert not federation.accepts(role, aud="app")
    refused = federation.refused(role, federation.issuer.token(aud="app", azp="service"))
    assert refused == (400, "InvalidIdentityToken", "Incorrect token audience")


def test_of_several_audiences_the_registered_one_counts(federation: Federation) -> None:
    role = federation.role(Condition={"StringEquals": {f"{federation.issuer.address}:aud": "app"}})
    assert federation.accepts(role, aud=["other", "app"])


def test_claims_that_aws_does_not_know_are_no_keys(federation: Federation) -> None:
    role = federation.role(Condition={"StringEquals": {f"{federation.issuer.address}:repository": "a/b"}})
    assert not federation.accepts(role, repository="a/b")


def test_the_sessions_name_and_what_the_request_carries_are_keys(federation: Federation) -> None:
    named = {
        "StringEquals": {"sts:RoleSessionName": "job"},
        "IpAddress": {"aws:SourceIp": "127.0.0.1"},
    }
    role = federation.role(Condition=named)
    federation.assume(role)
    assert federation.refused(role, RoleSessionName="other") == DENIED


def test_nothing_of_a_signed_caller_is_a_key(federation: Federation) -> None:
    absent = {
        "Null": {
            "aws:PrincipalArn": "true",
            "aws:PrincipalAccount": "true",
            "aws:userid": "true",
            "aws:PrincipalType": "true",
            "aws:TokenIssueTime": "true",
            "aws:FederatedProvider": "true",
        }
    }
    federation.assume(federation.role(Condition=absent))


def test_which_claims_stay_in_the_session(federation: Federation) -> None:
    address = federation.issuer.address
    role = federation.role()
    kept = {
        "StringEquals": {
            f"{address}:aud": "app",
            f"{address}:sub": "somebody",
            "aws:FederatedProvider": federation.provider,
        },
        "ForAnyValue:StringEquals": {f"{address}:amr": "mfa"},
        "Null": {f"{address}:oaud": "true", f"{address}:email": "true"},
    }
    federation.place.iam.put_role_policy(
        RoleName="work",
        PolicyName="p",
        PolicyDocument=document(statement("Allow", "iam:ListRoles", Condition=kept)),
    )
    token = federation.issuer.token(amr=["mfa"], email="a@example.com")
    iam = federation.place.client("iam", federation.assume(role, token)["Credentials"])
    assert allowed(iam.list_roles)
    without = federation.place.client("iam", federation.assume(role)["Credentials"])
    assert not allowed(without.list_roles)


@pytest.mark.parametrize("flat", [False, True])
def test_session_tags_ask_for_tag_session_and_stay(federation: Federation, flat: bool) -> None:
    claims: dict[str, Any] = {
        TAGS: {"principal_tags": {"team": ["red"], "stage": ["test"]}, "transitive_tag_keys": ["team"]}
    }
    if flat:
        claims = {
            f"{TAGS}/principal_tags/team": "red",
            f"{TAGS}/principal_tags/stage": ["test"],
            f"{TAGS}/transitive_tag_keys": ["team"],
        }
    assert federation.refused(federation.role("untagged"), federation.issuer.token(**claims)) == DENIED
    wanted = {
        "StringEquals": {"aws:RequestTag/team": "red"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"], "sts:TransitiveTagKeys": ["team"]},
    }
    role = federation.role(action=[WEB, "sts:TagSession"], Condition=wanted)
    answer = federation.assume(role, federation.issuer.token(**claims))
    assert answer["PackedPolicySize"] > 0
    mine = statement("Allow", "*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document(mine))
    session = federation.place.client("sts", answer["Credentials"])
    # The transitive tag goes on to the next role, the other one does not.
    trust = document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": role},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {"aws:RequestTag/team": "red"},
                "Null": {"aws:RequestTag/stage": "true"},
            },
        }
    )
    following = federation.place.role("next", trust)
    assert allowed(session.assume_role, RoleArn=following, RoleSessionName="next")


@pytest.mark.parametrize(
    "claim",
    [
        {"principal_tags": {"team": ["a", "b"]}},
        {"principal_tags": {"team": []}},
        {"principal_tags": {"team": 1}},
        {"principal_tags": ["team"]},
        {"principal_tags": {"team": ["a"], "Team": ["b"]}},
        {"principal_tags": {"aws:team": ["a"]}},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["other"]},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": [1]},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": 1},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": "stage"},
        {"principal_tags": {f"key{number}": ["a"] for number in range(51)}},
        {"principal_tags": {"k" * 129: ["a"]}},
        {"principal_tags": {"team": ["v" * 257]}},
        {"principal_tags": {"team": ["a\u0000"]}},
        "team=a",
    ],
)
def test_session_tags_that_could_not_be_passed_are_refused(federation: Federation, claim: Any) -> None:
    role = federation.role(action=[WEB, "sts:TagSession"])
    status, code, _ = federation.refused(role, federation.issuer.token(**{TAGS: claim}))
    assert (status, code) == (400, "InvalidIdentityToken")


ROLES = "https://aws.amazon.com/roles"
NOT_MEANT = (
    400,
    "InvalidIdentityToken",
    "The target role ARN is not present in the roles claim of the identity token",
)


def test_an_issuer_binds_a_token_to_roles_whatever_their_trust_policies_say(federation: Federation) -> None:
    role, other = federation.role(), federation.role("other")
    for roles in (role, [role], [other, role]):
        assert federation.accepts(role, **{ROLES: roles})
    for roles in (
        other,
        [other],
        [],
        "",
        "work",
        role.upper(),
        role[:-1] + "*",
        [[role]],
        {role: 1},
        1,
    ):
        assert federation.refused(role, federation.issuer.token(**{ROLES: roles})) == NOT_MEANT


def test_a_trust_policy_may_demand_that_the_issuer_names_the_role(federation: Federation) -> None:
    authorized = {"Bool": {"sts:RoleAuthorizedByIdp": "true"}}
    bound = federation.role("bound", [WEB, "sts:TagSession"], Condition=authorized)
    free = federation.role("free", Condition={"Bool": {"sts:RoleAuthorizedByIdp": "false"}})
    assert federation.accepts(bound, **{ROLES: bound})
    assert federation.accepts(bound, **{ROLES: [bound], TAGS: {"principal_tags": {"team": ["red"]}}})
    assert not federation.accepts(bound)
    assert federation.accepts(free)
    assert not federation.accepts(free, **{ROLES: free})


def test_a_source_identity_asks_for_its_action_and_stays(federation: Federation) -> None:
    token = federation.issuer.token(**{SOURCE_IDENTITY: "jane"})
    assert federation.refused(federation.role("plain"), token) == DENIED
    named = {"StringEquals": {"sts:SourceIdentity": "jane"}}
    role = federation.role(action=[WEB, "sts:SetSourceIdentity"], Condition=named)
    answer = federation.assume(role, token)
    assert answer["SourceIdentity"] == "jane"
    mine = statement("Allow", "iam:ListRoles", Condition={"StringEquals": {"aws:SourceIdentity": "jane"}})
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document(mine))
    assert allowed(federation.place.client("iam", answer["Credentials"]).list_roles)


@pytest.mark.parametrize("value", ["j", "j" * 65, "jane doe", "aws:jane", "AWS:jane", 7, ["jane"]])
def test_a_source_identity_that_could_not_be_passed_is_refused(federation: Federation, value: Any) -> None:
    role = federation.role(action=[WEB, "sts:SetSourceIdentity"])
    code, text = federation.refused(role, federation.issuer.token(**{SOURCE_IDENTITY: value}))[1:]
    assert code == "InvalidIdentityToken"
    if isinstance(value, str):
        assert text == 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'


def test_session_policies_narrow_what_the_role_may(federation: Federation) -> None:
    role = federation.role()
    place = federation.place
    place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    inline = document(statement("Allow", "iam:ListRoles"))
    managed = place.policy("narrow", document(statement("Allow", "iam:ListUsers")))
    answer = federation.assume(role, Policy=inline, PolicyArns=[{"arn": managed}])
    assert answer["PackedPolicySize"] > 0
    iam = place.client("iam", answer["Credentials"])
    assert (allowed(iam.list_roles), allowed(iam.list_users), allowed(iam.list_policies)) == (
        True,
        True,
        False,
    )
    code = federation.refused(role, Policy="{}")[1]
    assert code == "MalformedPolicyDocument"
    assert federation.refused(role, Policy="x" * 2049)[1] == "ValidationError"
    code = federation.refused(role, PolicyArns=[{"arn": place.arn("policy/missing")}])[1]
    assert code == "NoSuchEntity"


def test_durations(federation: Federation) -> None:
    role = federation.role()
    now = federation.place.server.clock.wall()
    for wanted, seconds in (({}, 3600), ({"DurationSeconds": 900}, 900)):
        expires = federation.assume(role, **wanted)["Credentials"]["Expiration"].timestamp()
        assert abs(expires - now - seconds) < 20
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert federation.refused(role, DurationSeconds=3601) == (400, "ValidationError", text)
    assert federation.refused(role, DurationSeconds=899)[1] == "ValidationError"
    federation.place.iam.update_role(RoleName="work", MaxSessionDuration=7200)
    assert federation.assume(role, DurationSeconds=7200)
    # A session by web identity is no chained one, but what follows from it is.
    federation.place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    chained = federation.place.role("chained", MaxSessionDuration=7200)
    session = federation.place.client("sts", federation.assume(role)["Credentials"])
    refused = refusal(session.assume_role, RoleArn=chained, RoleSessionName="next", DurationSeconds=7200)
    assert "role chaining" in refused[2]


def test_providers_of_access_tokens_are_refused_by_name(federation: Federation) -> None:
    for name in ("www.amazon.com", "graph.facebook.com"):
        code, text = federation.refused(federation.role(f"r-{name}"), ProviderId=name)[1:]
        assert code == "InvalidParameterValue"
        assert name in text


def test_parameters_are_checked_in_sts_words(federation: Federation) -> None:
    status, code, text = federation.refused("short", "abc", RoleSessionName="a b")
    assert (status, code) == (400, "ValidationError")
    assert text.startswith("3 validation errors detected: ")
    oversized = federation.refused(federation.role(), "a" * 20_001)
    assert oversized[1] == "ValidationError"


def test_the_subject_is_in_the_log_and_the_token_is_not(federation: Federation) -> None:
    token = federation.issuer.token(sub="logged-subject")
    federation.assume(federation.role(), token)
    text = federation.place.server.log.getvalue
    for _ in range(100):
        if "logged-subject" in text():
            break
        time.sleep(0.02)
    assert '"subject":"logged-subject"' in text()
    assert token.split(".")[2] not in text()


NO_KEY = (
    400,
    "InvalidIdentityToken",
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements",
)


def test_keys_at_hand_work_while_their_provider_is_down(federation: Federation) -> None:
    role, issuer = federation.role(), federation.issuer
    federation.assume(role)
    issuer.replies = {DISCOVERY: lambda: (503, {}, b""), KEY_SET: lambda: (503, {}, b"")}
    federation.assume(role)
    stranger = issuer.token(RSA_KEYS[1])
    assert federation.refused(role, stranger) == NO_KEY
    federation.assume(role)


def test_a_provider_that_was_never_reached_gives_no_key(federation: Federation) -> None:
    role, issuer = federation.role(), federation.issuer
    issuer.replies = {DISCOVERY: lambda: (503, {}, b"")}
    for _ in range(20):
        assert federation.refused(role) == NO_KEY
    assert issuer.asked[DISCOVERY] <= 3
    assert federation.place.server.logged("issuer out of reach")


def test_a_new_key_is_found_when_a_token_names_it_and_made_up_ones_cost_little(
    federation: Federation,
) -> None:
    role, issuer = federation.role(), federation.issuer
    federation.assume(role)
    issuer.keys = [RSA_KEYS[1], RSA_KEYS[0]]
    federation.assume(role, issuer.token(RSA_KEYS[1]))
    federation.assume(role, issuer.token(RSA_KEYS[0]))
    assert issuer.asked[KEY_SET] == 2
    for number in range(50):
        token = issuer.token(RSA_KEYS[2], {"kid": f"made-up-{number}"})
        assert federation.refused(role, token) == NO_KEY
    assert issuer.asked[KEY_SET] == 3


def test_a_token_signed_by_another_under_a_known_key_id_is_refused(federation: Federation) -> None:
    token = federation.issuer.token(RSA_KEYS[1], {"kid": RSA_KEYS[0].kid})
    answer = federation.refused(federation.role(), token)
    assert answer == (400, "InvalidIdentityToken", "Token signature invalid")


def test_an_expired_token(federation: Federation) -> None:
    status, code, text = federation.refused(
        federation.role(), federation.issuer.token(iat=1_700_000_000, exp=1_700_000_060)
    )
    assert (status, code) == (400, "ExpiredTokenException")
    assert text.startswith("Token expired: current date/time ")
    assert text.endswith(" must be before the expiration date/time 1700000060")


def test_a_certificate_by_thumbprint_and_a_wrong_one(
    place: Place, issuer: Issuer, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Certificates(tmp_path).authority))
    federation = Federation(place, issuer)
    named = {"OpenIDConnectProviderArn": federation.provider}
    update = place.iam.update_open_id_connect_provider_thumbprint
    update(**named, ThumbprintList=["0" * 40])
    text = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    role = federation.role()
    assert federation.refused(role) == (400, "InvalidIdentityToken", text)
    update(**named, ThumbprintList=[certificates.thumbprint()])
    federation.assume(role)


def test_requests_are_answered_while_a_slow_provider_is_waited_for(federation: Federation) -> None:
    issuer, role = federation.issuer, federation.role()
    waiting, go = threading.Event(), threading.Event()

    def slow() -> Reply:
        waiting.set()
        go.wait(4)
        return found(issuer.document)

    issuer.replies = {DISCOVERY: slow}
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(federation.assume(role)))
    asking.start()
    try:
        assert waiting.wait(4)
        federation.place.sts.get_caller_identity()
        assert not answers
    finally:
        go.set()
        asking.join()
    assert answers


def test_a_denial_can_be_explained_by_its_request_id(federation: Federation) -> None:
    key = f"{federation.issuer.address}:sub"
    role = federation.role(Condition={"StringEquals": {key: "jane"}})
    with pytest.raises(ClientError) as caught:
        federation.assume(role)
    identifier = caught.value.response["ResponseMetadata"]["RequestId"]
    told = federation.place.server.operator("explain.request", request_id=identifier)
    text = json.dumps(told)
    assert key in text
    assert "somebody" in text
