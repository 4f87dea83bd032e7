"""ID tokens: each step of reading and verifying one has a token that only it refuses."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey

from issuers import RSA_KEYS, signed
from vestry.credentials.issuer_keys import KeySet, read_keys
from vestry.credentials.oidc import NOT_A_TOKEN, Identity, read_token, verify_token
from vestry.errors import ExpiredIdentityToken, Fault, InvalidIdentityToken

NOW = 1_790_000_000
ISSUER = "https://token.example.com"
RSA = RSA_KEYS[0]
PUBLIC_PEM = RSA.raw_value.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def claims(**more: Any) -> dict[str, Any]:
    made = {"iss": ISSUER, "sub": "jane", "aud": "app", "iat": NOW, "exp": NOW + 60} | more
    return {name: value for name, value in made.items() if value is not None}


def published(*keys: Key, **more: Any) -> KeySet:
    return read_keys({"keys": [key.as_dict(private=False) | more for key in keys]})


def verify(
    text: str, keys: KeySet | None = None, wall: int = NOW, clients: tuple[str, ...] = ("app",)
) -> Identity:
    token = read_token(text)
    key = (published(RSA) if keys is None else keys).find(token.key_id, token.algorithm)
    assert key is not None
    return verify_token(token, key, clients, wall)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_secret(secret: bytes) -> str:
    """A token authenticated by HMAC, as libraries no longer make one with such a secret."""
    text = f"{part({'alg': 'HS256', 'kid': RSA.kid})}.{part(claims())}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"


def refusal(text: str, **more: Any) -> Fault:
    with pytest.raises(InvalidIdentityToken) as caught:
        verify(text, **more)
    return caught.value


def test_what_a_sound_token_says() -> None:
    found = verify(signed(claims(aud=["other", "app"]), RSA))
    assert (found.subject, found.audience, found.audiences) == ("jane", "app", ("other", "app"))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
def test_the_algorithms(algorithm: str) -> None:
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(algorithm)
    key: Key = RSA if curve is None else ECKey.generate_key(curve, {"kid": "ec"})
    assert verify(signed(claims(), key, {"alg": algorithm}), published(key)).subject == "jane"


GOOD = signed(claims(), RSA)
HEAD, BODY, SIGNATURE = GOOD.split(".")
NONE = part({"alg": "none", "kid": RSA.kid})
#: 1 and 2 and 3 of reading: none of these is a token that could ever be verified.
NO_TOKENS = {
    "an access token": "ya29.a0AfH6SMBx",
    "nothing": "",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.{SIGNATURE}",
    "five parts, an encrypted one": "a.b.c.d.e",
    "no signature": f"{HEAD}.{BODY}.",
    "a signature of other characters": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}!",
    "a signature without end": f"{HEAD}.{BODY}.{'A' * 3000}",
    "padding": f"{HEAD}=.{BODY}.{SIGNATURE}",
    "other characters": f"{HEAD}.{BODY[:-1]}+.{SIGNATURE}",
    "a line break": f"{HEAD}.{BODY}\n.{SIGNATURE}",
    "a header that is no JSON": f"{part(b'{')}.{BODY}.{SIGNATURE}",
    "a header that is no object": f"{part([])}.{BODY}.{SIGNATURE}",
    "a header in no UTF-8": f"{part(bytes([255]))}.{BODY}.{SIGNATURE}",
    "a long header": signed(claims(), RSA, {"x5t": "x" * 5000}),
    "claims without end": f"{HEAD}.{part({'iss': 'i', 'pad': 'x' * 20_000})}.{SIGNATURE}",
    "a part of no bytes' length": f"{HEAD}.{BODY}.{SIGNATURE[: len(SIGNATURE) // 4 * 4 + 1 - 4]}",
    "claims that are no JSON": signed(b"{", RSA),
    "claims that are no object": signed(b"[]", RSA),
    "a token in a token": signed(GOOD.encode(), RSA, {"cty": "JWT"}),
    "a claim that stands twice": signed(b'{"iss":"https://token.example.com","sub":"a","sub":"b"}', RSA),
    "an audience that stands twice in an object within": signed(b'{"iss":"i","x":{"a":1,"a":2}}', RSA),
    "a header that stands twice": f'{part(b"""{"alg":"RS256","alg":"none"}""")}.{BODY}.{SIGNATURE}',
    "nesting without end": signed(b'{"iss":"i","x":' + b"[" * 9000 + b"]" * 9000 + b"}", RSA),
    "a number that is none": signed(b'{"iss":"i","x":NaN}', RSA),
    "no algorithm": f"{part({'kid': RSA.kid})}.{BODY}.{SIGNATURE}",
    "the algorithm none": f"{NONE}.{BODY}.{SIGNATURE}",
    "the algorithm None": f"{part({'alg': 'None'})}.{BODY}.{SIGNATURE}",
    "none without signature": f"{NONE}.{BODY}.",
    "a shared secret": signed(claims(), OctKey.import_key(b"s" * 32), {"kid": RSA.kid}),
    "the public key as a shared secret": by_secret(PUBLIC_PEM),
    "an algorithm that is no text": f"{part({'alg': ['RS256']})}.{BODY}.{SIGNATURE}",
    "PS256, which AWS does not take": signed(claims(), RSA, {"alg": "PS256"}),
    "a critical header": f"{part({'alg': 'RS256', 'crit': ['b64'], 'b64': False})}.{BODY}.{SIGNATURE}",
    "a key id that is no text": f"{part({'alg': 'RS256', 'kid': 1})}.{BODY}.{SIGNATURE}",
}


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(InvalidIdentityToken) as caught:
        read_token(text)
    assert caught.value.message == NOT_A_TOKEN


def test_4_a_token_names_its_issuer() -> None:
    for missing in (None, ""):
        with pytest.raises(InvalidIdentityToken, match="Missing a required claim: iss"):
            read_token(signed(claims(iss=missing), RSA))


def test_1_the_key_is_one_for_the_algorithm() -> None:
    token = read_token(GOOD)
    for key in published(ECKey.generate_key("P-256", {"kid": "k"})).keys:
        with pytest.raises(InvalidIdentityToken):
            verify_token(token, key, ("app",), NOW)
    only_for = published(RSA, alg="RS512").keys[0]
    with pytest.raises(InvalidIdentityToken):
        verify_token(token, only_for, ("app",), NOW)


def test_2_the_signature_is_the_keys() -> None:
    impostor = signed(claims(), RSA_KEYS[1], {"kid": RSA.kid})
    assert refusal(impostor).message == "Token signature invalid"
    changed = f"{HEAD}.{part(claims(sub='root'))}.{SIGNATURE}"
    assert refusal(changed).message == "Token signature invalid"
    header = f"{part({'alg': 'RS256', 'kid': RSA.kid})}.{BODY}.{SIGNATURE}"
    assert refusal(header).message == "Token signature invalid"
    assert refusal(f"{HEAD}.{BODY}.{'A' * len(SIGNATURE)}").message == "Token signature invalid"


@pytest.mark.parametrize("name", ["exp", "iat", "sub", "aud"])
def test_3_6_7_what_must_be_there(name: str) -> None:
    assert refusal(signed(claims(**{name: None}), RSA)).message == f"Missing a required claim: {name}"


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [1.5, "1790000060", True, [NOW], 1e400])
def test_3_times_are_whole_seconds(name: str, value: Any) -> None:
    assert refusal(signed(claims(**{name: value}), RSA)).message == NOT_A_TOKEN


def test_4_it_has_not_expired_by_more_than_five_minutes() -> None:
    token = signed(claims(exp=NOW - 299), RSA)
    assert verify(token).subject == "jane"
    with pytest.raises(ExpiredIdentityToken) as caught:
        verify(token, wall=NOW + 1)
    assert caught.value.message == (
        f"Token expired: current date/time {NOW + 1} must be before the expiration date/time {NOW - 299}"
    )


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_5_it_is_not_from_the_future_by_more_than_five_minutes(name: str) -> None:
    assert verify(signed(claims(**{name: NOW + 300}), RSA)).subject == "jane"
    assert refusal(signed(claims(**{name: NOW + 301}), RSA)).message is not None


@pytest.mark.parametrize("subject", ["", 7, ["jane"], "j" * 256])
def test_6_it_names_one_subject(subject: Any) -> None:
    refusal(signed(claims(sub=subject), RSA))


@pytest.mark.parametrize(
    ("audience", "azp", "accepted"),
    [
        ("app", None, True),
        (["other", "app"], None, True),
        ("other", None, False),
        ([], None, False),
        ("app", "other", False),
        ("other", "app", True),
        (None, "app", True),
        ("APP", None, False),
        ("app ", None, False),
        (["app", 1], None, False),
        ({"app": 1}, None, False),
        ("app", 1, False),
        ("other", "", False),
    ],
)
def test_7_it_is_meant_for_a_registered_client(audience: Any, azp: Any, accepted: bool) -> None:
    token = signed(claims(aud=audience, azp=azp), RSA)
    if accepted:
        assert verify(token).audience == "app"
    else:
        refusal(token)


@pytest.mark.parametrize("more", [{"azp": 7}, {"azp": ["app"]}, {"aud": ["app", 7]}])
def test_7_audiences_are_texts(more: dict[str, Any]) -> None:
    assert refusal(signed(claims(**more), RSA)).message == NOT_A_TOKEN


def test_7_a_provider_without_client_ids_accepts_nobody() -> None:
    assert refusal(GOOD, clients=()).message == "Incorrect token audience"


def test_a_key_is_found_by_its_id_or_where_it_is_the_only_one() -> None:
    one, two = published(*RSA_KEYS[:1]), published(*RSA_KEYS[:2])
    assert one.find("", "RS256") is one.keys[0]
    assert two.find("", "RS256") is None
    assert two.find("rsa-1", "RS256") is two.keys[1]
    assert two.find("rsa-9", "RS256") is None
    assert two.find("rsa-1", "ES256") is None


def test_which_published_keys_are_read() -> None:
    row = RSA.as_dict(private=False)
    curve = ECKey.generate_key("P-256", {"kid": "ec"}).as_dict(private=False)
    rows = [
        row,
        curve,
        row | {"use": "enc"},
        RSA.as_dict(private=True),
        row | {"e": None},
        row | {"n": "AQAB"},
        curve | {"crv": "P-192"},
        curve | {"y": curve["x"]},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        row | {"kid": 1},
        "a key",
    ]
    assert [key.id for key in read_keys({"keys": rows}).keys] == ["rsa-0", "ec"]
    assert len(read_keys({"keys": [row] * 150}).keys) == 100
    for document in ([], {}, {"keys": {}}, None):
        with pytest.raises(ValueError, match="no key set"):
            read_keys(document)


def test_of_two_keys_under_one_id_the_first_is_taken() -> None:
    first, second = published(RSA, kid="twice"), published(RSA_KEYS[1], kid="twice")
    keys = KeySet(first.keys + second.keys)
    assert keys.find("twice", "RS256") is keys.keys[0]
    assert keys.find("", "RS256") is None


@pytest.mark.parametrize(
    "row",
    [
        RSA.as_dict(private=False) | {"alg": 7},
        RSA.as_dict(private=False) | {"kid": 7},
        ECKey.generate_key("secp256k1").as_dict(private=False),
    ],
    ids=["an algorithm that is no text", "an id that is no text", "a curve that no algorithm has"],
)
def test_keys_that_could_verify_nothing_are_passed_over(row: dict[str, Any]) -> None:
    assert read_keys({"keys": [row]}).keys == ()


def test_a_weak_key_verifies_nothing() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505
    row = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": part(numbers.n.to_bytes(128, "big"))}
    assert read_keys({"keys": [row]}).keys == ()


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([HEAD, BODY, SIGNATURE, "", "e30", "W10", "."])).map(".".join)
)
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidIdentityToken):
        read_token(text)


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf"]), JSON))
def test_whatever_a_token_claims_is_verified_or_refused(more: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidIdentityToken, ExpiredIdentityToken):
        found = verify(signed(claims() | more, CURVE), published(CURVE))
        assert isinstance(found.subject, str)
        assert found.audience == "app"
