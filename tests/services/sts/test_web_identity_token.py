"""GetWebIdentityToken: what a token says, that others can verify it, and when there is none."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from joserfc import jwt
from joserfc.jwk import KeySet

from places import Place, allowed, document, many_tags, refusal, statement, tags
from raw import send
from serving import Server, serving

STS = "https://sts.amazonaws.com/"
ASKED: dict[str, Any] = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "ES384"}


@pytest.fixture(autouse=True)
def the_clock_is_set_right_again(server: Server) -> Iterator[None]:
    yield
    server.clock.offset = 0


class Stage:
    """An account that issues tokens, casey in it and the role `work`, who may all do everything."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        self.casey = place.user("casey", statement("Allow", "*"), Tags=tags(team="red"))
        self.sts = place.client("sts", self.casey)
        self.role = place.role("work", Path="/path/", Tags=tags(team="red", site="a"))
        place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())

    def keys(self) -> list[dict[str, Any]]:
        """The published keys, found as a verifier finds them."""
        path = self.url.removeprefix(self.place.server.endpoint)
        discovery = send(self.place.server.endpoint, "GET", f"{path}/.well-known/openid-configuration")
        jwks = json.loads(discovery.text)["jwks_uri"].removeprefix(self.place.server.endpoint)
        found: list[dict[str, Any]] = json.loads(send(self.place.server.endpoint, "GET", jwks).text)["keys"]
        return found

    def claims(self, sts: Any = None, **more: Any) -> dict[str, Any]:
        """Ask for a token, verify it, and return its claims."""
        answer = (sts or self.sts).get_web_identity_token(**(ASKED | more))
        algorithm = (ASKED | more)["SigningAlgorithm"]
        verified = jwt.decode(
            answer["WebIdentityToken"], KeySet.import_key_set({"keys": self.keys()}), algorithms=[algorithm]
        )
        assert int(answer["Expiration"].timestamp()) == verified.claims["exp"]
        return dict(verified.claims)


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(place)


def part(text: str) -> bytes:
    """Decode a part of a token."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    """Read a number of a JSON Web Key."""
    return int.from_bytes(part(text), "big")


def check(token: str, keys: list[dict[str, Any]]) -> None:
    """Verify a token with nothing but arithmetic: no library that the server signs with."""
    head, payload, signature = token.split(".")
    header = json.loads(part(head))
    (key,) = [key for key in keys if key["kid"] == header["kid"]]
    message, proof = f"{head}.{payload}".encode(), part(signature)
    if header["alg"] == "RS256":
        public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
        public.verify(proof, message, padding.PKCS1v15(), SHA256())
    else:
        curve = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP384R1())
        pair = encode_dss_signature(int.from_bytes(proof[:48], "big"), int.from_bytes(proof[48:], "big"))
        curve.public_key().verify(pair, message, ec.ECDSA(SHA384()))


@pytest.mark.parametrize(("algorithm", "key_id"), [("RS256", "RSA_1"), ("ES384", "EC384_1")])
def test_anybody_can_verify_a_token(stage: Stage, algorithm: str, key_id: str) -> None:
    token = stage.sts.get_web_identity_token(**ASKED | {"SigningAlgorithm": algorithm})["WebIdentityToken"]
    assert json.loads(part(token.split(".")[0])) == {"kid": key_id, "typ": "JWT", "alg": algorithm}
    check(token, stage.keys())
    head, payload, signature = token.split(".")
    other = base64.urlsafe_b64encode(part(payload).replace(b"casey", b"carol")).decode().rstrip("=")
    with pytest.raises(InvalidSignature):
        check(f"{head}.{other}.{signature}", stage.keys())


def test_what_a_users_token_says(stage: Stage) -> None:
    claims = stage.claims(Tags=tags(job="nightly"))
    user = stage.place.arn("user/casey")
    assert claims.pop("jti")
    issued = claims.pop("iat")
    assert abs(issued - time.time()) < 5
    assert claims == {
        "aud": "https://api.example.com",
        "sub": user,
        "iss": stage.url,
        "exp": issued + 300,
        STS: {
            "aws_account": stage.place.number,
            "source_region": "us-east-1",
            "principal_id": user,
            "principal_tags": {"team": "red"},
            "request_tags": {"job": "nightly"},
        },
    }


def test_what_a_role_sessions_token_says(stage: Stage) -> None:
    answer = stage.sts.assume_role(
        RoleArn=stage.role, RoleSessionName="work", SourceIdentity="casey", Tags=tags(Team="blue")
    )
    keys = answer["Credentials"]
    claims = stage.claims(stage.place.client("sts", keys))
    assert claims["sub"] == stage.role, "the role's ARN with its path, and not the session's"
    said = claims[STS]
    assert said["principal_id"] == stage.role
    assert said["principal_tags"] == {"Team": "blue", "site": "a"}
    assert said["source_identity"] == "casey"
    assert said["original_session_exp"] == keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "request_tags" not in said


def test_aws_offers_it_at_regional_endpoints_only(stage: Stage) -> None:
    asked = {"Audience.member.1": "app", "SigningAlgorithm": "RS256"}
    answers = {
        host: stage.place.query(stage.casey, "sts", "GetWebIdentityToken", asked, Host=host)
        for host in ("sts.amazonaws.com", "sts.us-east-1.amazonaws.com")
    }
    assert [answer.status for answer in answers.values()] == [400, 200]
    assert "<Code>InvalidAction</Code>" in answers["sts.amazonaws.com"].text


def test_several_audiences_are_a_list(stage: Stage) -> None:
    assert stage.claims(Audience=["a", "b"])["aud"] == ["a", "b"]


def test_no_two_tokens_have_one_id(stage: Stage) -> None:
    assert stage.claims()["jti"] != stage.claims()["jti"]


@pytest.mark.parametrize("seconds", [60, 3600])
def test_a_token_lasts_as_long_as_is_asked(stage: Stage, seconds: int) -> None:
    claims = stage.claims(DurationSeconds=seconds)
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize(
    ("sentence", "given", "end"),
    [
        ("less than a minute", {"DurationSeconds": 59}, "value greater than or equal to 60"),
        ("more than an hour", {"DurationSeconds": 3601}, "value less than or equal to 3600"),
        (
            "an algorithm that nobody should use",
            {"SigningAlgorithm": "HS256"},
            "enum value set: [RS256, ES384]",
        ),
        ("no audience", {"Audience": []}, "length greater than or equal to 1"),
        ("eleven audiences", {"Audience": ["a"] * 11}, "length less than or equal to 10"),
    ],
)
def test_refused_parameters(stage: Stage, sentence: str, given: dict[str, Any], end: str) -> None:
    status, code, message = refusal(stage.sts.get_web_identity_token, **ASKED | given)
    assert (status, code) == (400, "ValidationError"), sentence
    assert message.endswith(f"Member must {'have' if 'enum' not in end else 'satisfy'} {end}"), message


def test_an_account_that_does_not_issue_gives_no_token(stage: Stage) -> None:
    disabled = (
        403,
        "OutboundWebIdentityFederationDisabledException",
        "Outbound web identity federation is disabled for your account",
    )
    assert refusal(Place(stage.place.server).sts.get_web_identity_token, **ASKED) == disabled
    stage.place.iam.disable_outbound_web_identity_federation()
    assert refusal(stage.sts.get_web_identity_token, **ASKED) == disabled


def test_a_token_never_outlives_the_session(stage: Stage) -> None:
    keys = stage.sts.assume_role(RoleArn=stage.role, RoleSessionName="work", DurationSeconds=900)[
        "Credentials"
    ]
    sts = stage.place.client("sts", keys)
    assert allowed(sts.get_web_identity_token, **ASKED, DurationSeconds=890)
    too_long = (
        403,
        "SessionDurationEscalationException",
        "The requested token duration would extend the session beyond its original expiration time.",
    )
    assert refusal(sts.get_web_identity_token, **ASKED, DurationSeconds=901) == too_long
    stage.place.server.clock.offset += 700
    assert refusal(sts.get_web_identity_token, **ASKED) == too_long, "the default counts as well"


def test_a_token_has_a_size(stage: Stage) -> None:
    fat = [tag | {"Value": "x" * 256} for tag in many_tags(50)]
    assert allowed(stage.sts.get_web_identity_token, **ASKED, Tags=fat)
    fatter = [tag | {"Value": "ä" * 256} for tag in many_tags(50)]
    assert refusal(stage.sts.get_web_identity_token, **ASKED, Tags=fatter) == (
        400,
        "JWTPayloadSizeExceededException",
        "JWT payload exceeds maximum allowed size",
    )


def test_tags_have_keys_of_their_own(stage: Stage) -> None:
    found = refusal(stage.sts.get_web_identity_token, **ASKED, Tags=tags(Team="a", team="b"))
    assert found[:2] == (400, "InvalidParameterValue")


def test_tags_ask_for_an_action_of_their_own(stage: Stage) -> None:
    place = stage.place
    own = f"arn:aws:sts::{place.number}:self"
    sts = place.client("sts", place.user("ann", statement("Allow", "sts:GetWebIdentityToken", own)))
    assert allowed(sts.get_web_identity_token, **ASKED)
    assert refusal(sts.get_web_identity_token, **ASKED, Tags=tags(job="a")) == (
        403,
        "AccessDenied",
        f"User: {place.arn('user/ann')} is not authorized to perform: sts:TagGetWebIdentityToken on resource: {own} "
        "because no identity-based policy allows the sts:TagGetWebIdentityToken action",
    )


@pytest.mark.parametrize(
    ("sentence", "condition", "yes", "no"),
    [
        (
            "the audience",
            {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["a", "b"]}},
            {"Audience": ["a", "b"]},
            {"Audience": ["a", "c"]},
        ),
        (
            "the algorithm",
            {"StringEquals": {"sts:SigningAlgorithm": "ES384"}},
            {},
            {"SigningAlgorithm": "RS256"},
        ),
        (
            "the duration, by default five minutes",
            {"NumericLessThanEquals": {"sts:DurationSeconds": "300"}},
            {},
            {"DurationSeconds": 301},
        ),
        (
            "a tag's value",
            {"StringEquals": {"aws:RequestTag/job": "a"}},
            {"Tags": tags(job="a")},
            {"Tags": tags(job="b")},
        ),
    ],
)
def test_condition_keys(
    stage: Stage, sentence: str, condition: Any, yes: dict[str, Any], no: dict[str, Any]
) -> None:
    actions = ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"]
    sts = stage.place.client("sts", stage.place.user("ann", statement("Allow", actions, Condition=condition)))
    assert allowed(sts.get_web_identity_token, **ASKED | yes), sentence
    assert not allowed(sts.get_web_identity_token, **ASKED | no), sentence


def test_the_public_url_names_the_issuer(data: Any) -> None:
    with serving(data, public_url="https://vestry.example") as server:
        place = Place(server)
        url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        assert url.startswith(f"https://vestry.example/issuers/{place.number}/")
        path = url.removeprefix("https://vestry.example")
        found = json.loads(send(server.endpoint, "GET", f"{path}/.well-known/openid-configuration").text)
        assert (found["issuer"], found["jwks_uri"]) == (url, f"{url}/.well-known/jwks.json")
        token = place.sts.get_web_identity_token(**ASKED)["WebIdentityToken"]
        assert json.loads(part(token.split(".")[1]))["iss"] == url
    with serving(data, public_url="https://vestry.example") as server:
        jwks = json.loads(send(server.endpoint, "GET", f"{path}/.well-known/jwks.json").text)
        check(token, jwks["keys"])


def test_no_private_key_is_on_the_disk_in_the_clear(stage: Stage) -> None:
    stage.claims()
    for path in stage.place.server.data.glob("vestry.db*"):
        assert b'"d":' not in path.read_bytes()
        assert b"MIIEv" not in path.read_bytes()
