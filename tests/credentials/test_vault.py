"""Secrets at rest: `Vault.open` by its numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.credentials.keys import SECRET_ENTROPY, new_secret
from vestry.credentials.vault import Vault, VaultError

VAULT = Vault(b"m" * 32)
CONTEXT = b"123456789012/access-key/AKIAEXAMPLE"
NONCE = bytes(range(12))
SEALED = VAULT.seal(b"secret", CONTEXT, NONCE)


def refused(vault: Vault, sealed: bytes, context: bytes = CONTEXT) -> None:
    with pytest.raises(VaultError):
        vault.open(sealed, context)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=40), st.binary(min_size=12, max_size=12))
def test_what_was_sealed_opens(plain, context, nonce):
    assert VAULT.open(VAULT.seal(plain, context, nonce), context) == plain


def test_the_secret_is_not_in_the_sealed_bytes():
    assert b"secret" not in SEALED


@pytest.mark.parametrize("sealed", [b"", b"\x01", SEALED[:28], b"\x02" + SEALED[1:], b"\x00" + SEALED[1:]])
def test_1_other_versions_and_short_bytes_are_refused(sealed):
    refused(VAULT, sealed)


def test_2_one_altered_bit_anywhere_is_refused():
    for bit in range(len(SEALED) * 8):
        changed = bytearray(SEALED)
        changed[bit // 8] ^= 1 << bit % 8
        refused(VAULT, bytes(changed))


def test_2_another_row_is_refused():
    refused(VAULT, SEALED, b"123456789012/access-key/AKIAOTHER")
    refused(VAULT, SEALED, b"")


def test_2_another_master_key_is_refused():
    refused(Vault(b"M" * 32), SEALED)


def test_the_key_check_tells_master_keys_apart_and_reveals_neither():
    check = VAULT.key_check()
    assert VAULT.is_key_of(check)
    assert not Vault(b"M" * 32).is_key_of(check)
    assert not VAULT.is_key_of(b"")
    assert b"m" not in check


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_has_32_bytes(length):
    with pytest.raises(ValueError, match="master key"):
        Vault(bytes(length))


@pytest.mark.parametrize("length", [0, 11, 13])
def test_a_nonce_has_12_bytes(length):
    with pytest.raises(ValueError, match="nonce"):
        VAULT.seal(b"", b"", bytes(length))


def test_a_new_secret_has_forty_characters_of_base64():
    assert new_secret(bytes(SECRET_ENTROPY)) == "A" * 40
    assert new_secret(b"\xff" * 30) == "/" * 40


@pytest.mark.parametrize("length", [0, 29, 31])
def test_a_secret_is_made_of_thirty_bytes(length):
    with pytest.raises(ValueError, match="30"):
        new_secret(bytes(length))


def test_a_fingerprint_depends_on_secret_purpose_and_master_key_and_on_nothing_else():
    known = VAULT.fingerprint(b"secret", b"purpose")
    assert known == Vault(b"m" * 32).fingerprint(b"secret", b"purpose")
    assert len(known) == 64
    others = (
        VAULT.fingerprint(b"Secret", b"purpose"),
        VAULT.fingerprint(b"secret", b"other"),
        VAULT.fingerprint(b"ecret", b"purposes"),
        Vault(b"n" * 32).fingerprint(b"secret", b"purpose"),
    )
    assert len({known, *others}) == 5
