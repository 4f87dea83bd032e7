"""Sealed tokens: `open_with_material` by its numbers."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.credentials.seal import (
    KeyRing,
    RingKey,
    open_sealed,
    open_with_material,
    seal,
    seal_with_material,
)
from vestry.errors import InvalidClientTokenId
from vestry.limits import TOKEN_CHARACTERS

SALT = bytes(range(16))
KEY = RingKey(1, b"k" * 32)
RING = KeyRing({1: KEY}, 1)
TOKEN = seal(RING, b"payload", SALT)


def sealed_by_hand(payload: bytes) -> str:
    """Return a token made without `seal`: the format of version 1, written down once more."""
    head = b"\x02" + b"\x00\x01" + SALT
    keys = hashlib.blake2b(b"vestry session\x00" + head, key=KEY.secret).digest()
    return b64encode(head + AESGCM(keys[:32]).encrypt(bytes(12), payload, head)).decode()


def refused(token: str, ring: KeyRing = RING) -> None:
    with pytest.raises(InvalidClientTokenId) as caught:
        open_sealed(ring, token)
    assert caught.value.message == "The security token included in the request is invalid."


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16), st.integers(0, 65535))
def test_a_token_opens_to_what_was_sealed(payload, salt, number):
    ring = KeyRing({number: RingKey(number, b"s" * 32)}, number)
    token, material = seal_with_material(ring, payload, salt)
    assert open_with_material(ring, token) == (payload, salt, material)
    assert len(material) == 32


@pytest.mark.parametrize("length", [TOKEN_CHARACTERS + 1, TOKEN_CHARACTERS * 20])
def test_1_a_token_that_is_too_long_is_refused(length):
    refused("A" * length)


def test_the_format_is_the_documented_one():
    assert sealed_by_hand(b"payload") == TOKEN


def test_1_a_token_that_is_too_long_is_refused_even_if_it_is_ours():
    refused(sealed_by_hand(bytes(TOKEN_CHARACTERS)))


def test_1_no_token_is_made_that_would_not_open():
    largest = TOKEN_CHARACTERS // 4 * 3 - 35
    assert open_sealed(RING, seal(RING, bytes(largest), SALT))[0] == bytes(largest)
    with pytest.raises(ValueError, match="too long"):
        seal(RING, bytes(largest + 1), SALT)


NOT_CANONICAL = {
    "white space before": " " + TOKEN,
    "white space behind": TOKEN + "\n",
    "white space inside": TOKEN[:8] + " " + TOKEN[8:],
    "more padding": TOKEN + "=",
    "no text at all": "",
    "the other alphabet": TOKEN.replace("A", "-", 1),
    "a character beyond ASCII": TOKEN[:-1] + "é",
    "a lone surrogate": TOKEN[:-1] + "\ud800",
    "a zero byte": TOKEN[:4] + "\x00" + TOKEN[5:],
    "two tokens in one": TOKEN + TOKEN,
}


@pytest.mark.parametrize("token", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_2_only_the_canonical_base64_opens(token):
    refused(token)


@pytest.mark.parametrize("payload", [b"payload", b"payloa", b"paylo"])
def test_2_missing_padding_and_unused_bits_are_refused(payload):
    token = seal(RING, payload, SALT)
    padding = token.count("=")
    assert open_sealed(RING, token)[0] == payload
    if padding:
        refused(token.rstrip("="))
        last = len(token) - padding - 1
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        spelled = token[:last] + alphabet[alphabet.index(token[last]) + 1] + "=" * padding
        assert b64decode(spelled) == b64decode(token)
        refused(spelled)


def test_2_every_number_of_padding_signs_is_tried_above():
    assert {seal(RING, b"payload"[:n], SALT).count("=") for n in (5, 6, 7)} == {0, 1, 2}


def test_3_unknown_versions_and_ring_keys_are_refused():
    raw = b64decode(TOKEN)
    for head in (b"\x00\x00\x01", b"\x03\x00\x01", b"\x02\x00\x02", b"\x02\x01\x01"):
        refused(b64encode(head + raw[3:]).decode())


@pytest.mark.parametrize("length", range(0, 43))
def test_3_a_truncated_token_is_refused(length):
    raw = b64decode(TOKEN)
    assert len(raw) == 42
    if length < 42:
        refused(b64encode(raw[:length]).decode())


def test_4_one_altered_bit_anywhere_is_refused():
    raw = b64decode(TOKEN)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        refused(b64encode(changed).decode())


def test_4_one_altered_character_anywhere_is_refused():
    for place in range(len(TOKEN)):
        for other in "A+/=b":
            if TOKEN[place] != other:
                refused(TOKEN[:place] + other + TOKEN[place + 1 :])


def test_4_another_deployment_with_the_same_key_number_is_refused():
    refused(TOKEN, KeyRing({1: RingKey(1, b"K" * 32)}, 1))


def test_4_a_token_of_another_ring_key_cannot_be_renumbered():
    ring = KeyRing({1: KEY, 2: RingKey(2, b"z" * 32)}, 2)
    raw = b64decode(TOKEN)
    refused(b64encode(b"\x02\x00\x02" + raw[3:]).decode(), ring)


def test_4_a_token_opens_for_its_purpose_only():
    token = seal(RING, b"payload", SALT, b"vestry message\x00")
    assert open_sealed(RING, token, b"vestry message\x00") == (b"payload", SALT)
    refused(token)
    with pytest.raises(InvalidClientTokenId):
        open_sealed(RING, TOKEN, b"vestry message\x00")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_refused_with_the_one_fault(text):
    refused(text)


def test_rotation_keeps_live_tokens_and_seals_with_the_new_key():
    new = RingKey(2, b"n" * 32)
    rotated = KeyRing({1: KEY, 2: new}, 2)
    assert open_sealed(rotated, TOKEN) == (b"payload", SALT)
    later = seal(rotated, b"later", SALT)
    assert open_sealed(KeyRing({2: new}, 2), later) == (b"later", SALT)
    refused(later)
    refused(TOKEN, KeyRing({2: new}, 2))


def test_material_belongs_to_key_purpose_and_salt():
    other = KeyRing({1: RingKey(1, b"K" * 32)}, 1)
    materials = {
        seal_with_material(ring, b"", salt, purpose)[1]
        for ring in (RING, other)
        for salt in (SALT, bytes(16))
        for purpose in (b"a\x00", b"b\x00")
    }
    assert len(materials) == 8


def test_material_is_not_the_key_that_seals():
    token, material = seal_with_material(RING, b"payload", SALT)
    raw = b64decode(token)
    with pytest.raises(InvalidTag):
        AESGCM(material).decrypt(bytes(12), raw[19:], raw[:19])


@pytest.mark.parametrize(
    ("number", "secret"), [(-1, b"k" * 32), (65536, b"k" * 32), (1, b""), (1, b"k" * 31)]
)
def test_a_ring_key_has_a_small_number_and_32_bytes(number, secret):
    with pytest.raises(ValueError, match="ring key"):
        RingKey(number, secret)


@pytest.mark.parametrize(("keys", "current"), [({}, 1), ({1: KEY}, 2), ({2: KEY}, 2)])
def test_a_ring_holds_its_current_key_and_each_under_its_number(keys, current):
    with pytest.raises(ValueError, match="key ring"):
        KeyRing(keys, current)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_salt_has_sixteen_bytes(length):
    with pytest.raises(ValueError, match="salt"):
        seal(RING, b"", bytes(length))
