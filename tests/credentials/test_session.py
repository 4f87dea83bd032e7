"""Sessions: minting and opening, `open_session` by its numbers."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.arn import account_of
from vestry.credentials import session
from vestry.credentials.packed import SESSION_WORDS, deflated
from vestry.credentials.seal import KeyRing, RingKey, open_sealed, seal
from vestry.credentials.session import SessionClaims, SessionKind, mint, mint_again, open_session
from vestry.errors import InvalidClientTokenId

RING = KeyRing({7: RingKey(7, bytes(range(32)))}, 7)
SALT = bytes(range(100, 116))
CLAIMS = SessionClaims(
    account="123456789012",
    incarnation="i1",
    issuer="AROARZPUZDIKAEXAMPLEA",
    name="casey",
    issued=1795478400,
    expires=1795482000,
)
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],'
    '"Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"],"Condition":{"StringEquals":'
    '{"aws:PrincipalTag/team":"red"}}},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}'
)
FULL = SessionClaims(
    account="000000000001",
    incarnation="0123456789abcdef",
    issuer="AIDARZPUZDIKAEXAMPLEA",
    name="näme",
    issued=1,
    expires=2**40,
    policy=POLICY,
    policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    tags=(("team", "red"), ("Größe", "")),
    transitive=("team",),
    source_identity="casey",
    mfa_time=5,
    federated_provider="arn:aws:iam::000000000001:oidc-provider/idp",
    chained=True,
    kind=SessionKind.FEDERATED_USER,
    context=(("idp:sub", "a"), ("idp:amr", ("b", "c"))),
)

#: Tokens of version 1, frozen: what was handed out must open for as long as its sessions live.
FROZEN_PLAIN = (
    "AQAHZGVmZ2hpamtsbW5vcHFycxYhDAikR35KUq0FOVwIMsKWISnXPfo1Z6OfTmDJu8kMjjfh1fZT+xJPDjsBcTxyv9IUZktD"
    "F6HLn7JG8DVvI/suk4APEF0SeptxsRFZqw7qmDf1jDM="
)
FROZEN_DEFLATED = (
    "AQAHZGVmZ2hpamtsbW5vcHFycxVGzzmwsEx4aq8rzuceM9qdpnWLIxjAo4GdQHD0dQbictXPCRRxK9GhrEze0wRllQWwUajz"
    "60oPU2SYKvjnDmXMAZKP6kom/5tAcH1rtlr3svkP27VmlBPqjpILFDF0lYaycpOYEk3nc82/hV0IHbpJJBdlWsURNoMKxfRz"
    "9voMKtLTsRczGhDU4dQ6cYJsJtH+svli/LgrMTLFKL80fzXScfb2u6Lic8FhkqcLWKife1Li034yLl4CV04f3OySSs7NczEW"
    "MQO0/TABC8NWtNXN1jXts49fRYlmOxrT2vqc06IrtvpT/FQ="
)
FROZEN_SECRET = "sxwcmOFy4yzwh9LUYhEAXA6DD2hdB98levi8apx4"

#: The same sessions in tokens of version 2.
FROZEN_PLAIN_2 = (
    "AgAHZGVmZ2hpamtsbW5vcHFyc4ts890Q1zdtomb9jVfppYIRACV5a8L9EuZclZnUzVZjqJvoDs6ZJivt1Dgi42YLh43ZZLtK"
    "dZ6uyyoTS9XmZ+2AUEz47D4/cfhdHy6qjFDTBiWQ5r4="
)
FROZEN_DEFLATED_2 = (
    "AgAHZGVmZ2hpamtsbW5vcHFyc4gLMOwEIAVfmmTTeuz/pJoah3kldSAI1sRem4npA5mNVHnG0iy79ugDdk/9QV4crVp9U1j6"
    "iXVqB/zNkRhuSnNiwl54Fjzf3sFqel19hHbIoYuyl6q6z91S6jwihi5eVLBdDAK5kkDS5XHw2ulzWrOb+tqYDbMW6vSR82U1"
    "8taLAGc3OAcuPXFZvrPn8NFS61mTShm9UGi3vZGiaORZ0ZyWOC7a2zjKJtnuartavJjt93J+xe5WtCkgjOkz8mIfIbXlPxgo"
    "ed7qdKdVnzj/19Z+zAESV3efOQRJvVIkyZWQc0EWW1mIWtc="
)
FROZEN_SECRET_2 = "AKZPtTze47DBwGj5uWcGu6JoHtPTuSjOv0c8fWas"


def refused(token: str) -> None:
    with pytest.raises(InvalidClientTokenId):
        open_session(RING, token)


@pytest.mark.parametrize("claims", [CLAIMS, FULL], ids=["plain", "deflated"])
def test_a_session_opens_to_what_was_minted(claims):
    minted = mint(RING, claims, SALT)
    opened, secret = open_session(RING, minted.token)
    assert opened == minted.claims == msgspec.structs.replace(claims, access_key_id=minted.access_key_id)
    assert secret == minted.secret_access_key
    assert minted.expires == claims.expires


TEXT = st.text(max_size=40)


@settings(max_examples=80, deadline=None)
@given(
    st.builds(
        SessionClaims,
        account=st.from_regex(r"[0-9]{12}", fullmatch=True),
        incarnation=TEXT,
        issuer=TEXT,
        name=TEXT,
        issued=st.integers(0, 2**40),
        expires=st.integers(0, 2**40),
        policy=st.text(max_size=2048),
        policy_arns=st.lists(TEXT, max_size=10).map(tuple),
        tags=st.lists(st.tuples(TEXT, TEXT), max_size=10).map(tuple),
        transitive=st.lists(TEXT, max_size=5).map(tuple),
        source_identity=TEXT,
        mfa_time=st.integers(0, 2**40),
        federated_provider=TEXT,
        chained=st.booleans(),
        kind=st.sampled_from(SessionKind),
        context=st.lists(
            st.tuples(TEXT, st.one_of(TEXT, st.lists(TEXT, max_size=3).map(tuple))), max_size=3
        ).map(tuple),
        access_key_id=st.just(""),
    ),
    st.binary(min_size=16, max_size=16),
)
def test_all_claims_survive_the_token(claims, entropy):
    minted = mint(RING, claims, entropy)
    assert open_session(RING, minted.token) == (minted.claims, minted.secret_access_key)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_credentials_have_the_shape_of_aws(entropy):
    minted = mint(RING, CLAIMS, entropy)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", minted.access_key_id)
    assert account_of(minted.access_key_id) == CLAIMS.account
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", minted.secret_access_key)
    assert re.fullmatch(r"[A-Za-z0-9+/]{100,}={0,2}", minted.token)


def test_tokens_are_small():
    assert len(mint(RING, CLAIMS, SALT).token) <= 160
    assert len(mint(RING, FULL, SALT).token) <= 480


def test_even_the_shortest_session_has_a_token_of_a_hundred_characters():
    least = msgspec.structs.replace(CLAIMS, incarnation="", name="ab")
    assert len(mint(RING, least, SALT).token) >= 100


def test_tokens_carry_no_secret_and_no_claim_in_the_clear():
    minted = mint(RING, CLAIMS, SALT)
    raw = b64decode(minted.token)
    for secret in (minted.secret_access_key.encode(), b64decode(minted.secret_access_key), b"casey", b"AROA"):
        assert secret not in raw


def test_each_entropy_makes_other_credentials():
    minted = [mint(RING, CLAIMS, bytes([n]) * 16) for n in range(20)]
    assert len({m.access_key_id for m in minted}) == len({m.secret_access_key for m in minted}) == 20


def test_credentials_of_another_ring_have_another_secret():
    other = KeyRing({7: RingKey(7, bytes(32))}, 7)
    assert mint(other, CLAIMS, SALT).secret_access_key != mint(RING, CLAIMS, SALT).secret_access_key


def test_a_claimed_access_key_id_is_not_taken_from_the_payload():
    forged = msgspec.structs.replace(CLAIMS, access_key_id="ASIAFORGED")
    token = seal(RING, b"\x01" + msgspec.msgpack.encode(forged), SALT)
    assert open_session(RING, token)[0].access_key_id == mint(RING, CLAIMS, SALT).access_key_id
    with pytest.raises(ValueError, match="access key id"):
        mint(RING, forged, SALT)


def test_1_a_token_that_does_not_open_is_refused():
    token = mint(RING, CLAIMS, SALT).token
    refused(token[:-4])
    refused("x")
    refused(seal(RING, b"\x01" + msgspec.msgpack.encode(CLAIMS), SALT, b"another purpose\x00"))
    with pytest.raises(InvalidClientTokenId):
        open_session(KeyRing({7: RingKey(7, bytes(32))}, 7), token)


@pytest.mark.parametrize("form", [b"", b"\x00", b"\x04", b"\xff"])
def test_2_an_unknown_form_is_refused(form):
    refused(seal(RING, form + msgspec.msgpack.encode(CLAIMS) if form else b"", SALT))


@pytest.mark.parametrize("claims", [CLAIMS, FULL], ids=["plain", "deflated"])
@pytest.mark.parametrize("more", [1, 4, 5, 400])
def test_2_what_pads_a_token_is_passed_over(claims, more):
    short = mint(RING, claims, SALT)
    padded = mint(RING, claims, SALT, len(short.token) + more)
    assert len(short.token) + more <= len(padded.token) <= len(short.token) + more + 3
    assert open_session(RING, padded.token) == (short.claims, short.secret_access_key)
    assert mint(RING, claims, SALT, len(short.token)) == short


def test_2_a_padded_payload_must_be_whole_and_padded_once():
    inner = b"\x01" + msgspec.msgpack.encode(CLAIMS)
    size = len(inner).to_bytes(2, "big")
    assert open_session(RING, seal(RING, b"\x03" + size + inner + bytes(9), SALT))
    refused(seal(RING, b"\x03" + size + inner[:-1], SALT))
    refused(seal(RING, b"\x03" + bytes(2) + inner, SALT))
    refused(seal(RING, b"\x03", SALT))
    twice = b"\x03" + size + inner
    refused(seal(RING, b"\x03" + len(twice).to_bytes(2, "big") + twice, SALT))


PACKED = deflated(msgspec.msgpack.encode(CLAIMS), SESSION_WORDS)


@pytest.mark.parametrize(
    "packed",
    [PACKED[:-1], PACKED + b"\x00", b"", b"\xff" * 9, zlib.compress(msgspec.msgpack.encode(CLAIMS))],
    ids=["cut", "followed by more", "empty", "garbage", "another format"],
)
def test_2_a_deflated_payload_must_be_whole(packed):
    refused(seal(RING, b"\x02" + packed, SALT))


def test_2_a_payload_that_inflates_without_end_is_refused():
    refused(seal(RING, b"\x02" + deflated(bytes(2_000_000), SESSION_WORDS), SALT))


def test_2_claims_too_long_for_a_token_are_not_minted():
    with pytest.raises(ValueError, match="fit into a token"):
        mint(RING, msgspec.structs.replace(CLAIMS, policy="a" * 70_000), SALT)


FIELDS = list(msgspec.structs.astuple(msgspec.structs.replace(CLAIMS, kind=1)))


@pytest.mark.parametrize(
    "fields",
    [[], FIELDS[:5], [*FIELDS, "a field of tomorrow"], [1, *FIELDS[1:]], [*FIELDS[:14], 99, *FIELDS[15:]]],
    ids=["none", "too few", "one too many", "of another type", "of an unknown kind"],
)
def test_3_other_claims_than_those_we_know_are_refused(fields):
    refused(seal(RING, b"\x01" + msgspec.msgpack.encode(fields), SALT))


def test_3_claims_that_are_not_msgpack_or_not_utf_8_are_refused():
    refused(seal(RING, b"\x01\xc1", SALT))
    refused(seal(RING, b"\x01" + msgspec.msgpack.encode(FIELDS).replace(b"casey", b"cas\xff\xfe"), SALT))


def test_3_an_older_token_that_lacks_later_fields_opens_with_their_defaults():
    claims, _ = open_session(RING, seal(RING, b"\x01" + msgspec.msgpack.encode(FIELDS[:6]), SALT))
    assert msgspec.structs.replace(claims, access_key_id="") == CLAIMS


@pytest.mark.parametrize(
    ("token", "claims", "secret"),
    [
        (FROZEN_PLAIN, CLAIMS, FROZEN_SECRET),
        (FROZEN_DEFLATED, FULL, FROZEN_SECRET),
        (FROZEN_PLAIN_2, CLAIMS, FROZEN_SECRET_2),
        (FROZEN_DEFLATED_2, FULL, FROZEN_SECRET_2),
    ],
    ids=["plain 1", "deflated 1", "plain 2", "deflated 2"],
)
def test_frozen_tokens_of_every_version_still_open(token, claims, secret):
    opened, found = open_session(RING, token)
    assert msgspec.structs.replace(opened, access_key_id="") == claims
    assert found == secret


def test_rotation_does_not_break_live_sessions():
    minted = mint(RING, CLAIMS, SALT)
    rotated = KeyRing({7: RingKey(7, bytes(range(32))), 8: RingKey(8, b"n" * 32)}, 8)
    assert open_session(rotated, minted.token)[1] == minted.secret_access_key
    assert open_sealed(rotated, mint(rotated, CLAIMS, SALT).token)[1] == SALT


@pytest.mark.parametrize("length", [0, 15, 17])
def test_entropy_has_sixteen_bytes(length):
    with pytest.raises(ValueError, match="salt"):
        mint(RING, CLAIMS, bytes(length))


def test_an_account_that_is_none_is_not_minted():
    with pytest.raises(ValueError, match="invalid literal"):
        mint(RING, msgspec.structs.replace(CLAIMS, account="x"), SALT)


def test_credentials_made_again_are_the_same() -> None:
    once, again = mint_again(RING, CLAIMS), mint_again(RING, CLAIMS)
    assert (once.access_key_id, once.secret_access_key, once.token) == (
        again.access_key_id,
        again.secret_access_key,
        again.token,
    )
    assert open_session(RING, once.token) == (once.claims, once.secret_access_key)


@pytest.mark.parametrize("field", ["name", "issued", "expires", "incarnation", "issuer"])
def test_other_claims_never_share_a_salt(field: str) -> None:
    value = getattr(CLAIMS, field)
    other = msgspec.structs.replace(CLAIMS, **{field: value + 1 if isinstance(value, int) else value + "x"})
    assert b64decode(mint_again(RING, CLAIMS).token)[3:19] != b64decode(mint_again(RING, other).token)[3:19]


def test_another_ring_key_makes_other_credentials() -> None:
    other = KeyRing({7: RingKey(7, bytes(32))}, 7)
    assert mint_again(RING, CLAIMS).secret_access_key != mint_again(other, CLAIMS).secret_access_key


def test_credentials_made_again_are_deflated_only_where_their_claims_are_long() -> None:
    """Deflating takes longer than all the rest, and an instance's claims are sent no farther than the instance."""

    def form(claims: SessionClaims) -> bytes:
        return open_sealed(RING, mint_again(RING, claims).token)[0][:1]

    assert form(CLAIMS) == form(msgspec.structs.replace(CLAIMS, policy="a" * 600)) == b"\x01"
    long = msgspec.structs.replace(CLAIMS, policy="a" * 2000)
    assert form(long) == b"\x02"
    assert open_session(RING, mint_again(RING, long).token)[0].policy == long.policy


def test_the_salt_of_credentials_made_again_follows_from_what_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were it the claims', a process that packs them otherwise would seal another text under the same salt."""
    long = msgspec.structs.replace(CLAIMS, policy="a" * 2000)
    packed = mint_again(RING, long).token
    monkeypatch.setattr(session, "deflated", lambda data, _: b"otherwise" + data[:9])
    assert b64decode(mint_again(RING, long).token)[3:19] != b64decode(packed)[3:19]


def test_claims_that_are_someones_already_are_not_made_again() -> None:
    with pytest.raises(ValueError, match="no access key id"):
        mint_again(RING, msgspec.structs.replace(CLAIMS, access_key_id="ASIA0000000000000000"))
