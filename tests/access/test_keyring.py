"""Derived keys are kept by the secret they come from, so that equal access key ids can't borrow one another's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest

from raw import signed
from vestry.access.authenticate import Keyring, Message, authenticate, sealed_for
from vestry.access.caller import Caller
from vestry.arn import NO_ACCOUNT, key_id
from vestry.credentials.sigv4 import SignedRequest, read_signature, signing_key
from vestry.credentials.sigv4a import public_key
from vestry.credentials.vault import NONCE_BYTES, Vault
from vestry.directory.entities import AccessKey, RingKey, Service
from vestry.directory.snapshot import Root, assemble
from vestry.errors import InvalidClientTokenId

KEY_ID = "AKIARZPUZDIKAEXAMPLE"
SIGNED = SignedRequest(
    KEY_ID, "20261124", "us-east-1", "sts", "aws4_request", ("host",), "", "20261124T001500Z", 0, None, False, None
)  # fmt: skip
NONCES = itertools.count(1)


def stored(keyring: Keyring, secret: str) -> AccessKey:
    """Return a stored key of always the same id."""
    key = AccessKey("111122223333", KEY_ID, "", 1, b"")
    nonce = next(NONCES).to_bytes(NONCE_BYTES, "big")
    return AccessKey(key.account, key.id, "", 1, keyring.vault.seal(secret.encode(), sealed_for(key), nonce))


@pytest.mark.parametrize("temporary", [False, True])
def test_one_access_key_id_with_two_secrets_has_two_derived_keys(temporary: bool) -> None:
    keyring = Keyring(Vault(bytes(32)))
    whose: Callable[[str], str | AccessKey] = (lambda secret: secret) if temporary else (
        lambda secret: stored(keyring, secret)
    )  # fmt: skip
    for secret in ("first", "second", "first"):
        assert keyring.signing(SIGNED, whose(secret)) == signing_key(secret, "20261124", "us-east-1", "sts")
        found = keyring.verifying(SIGNED, whose(secret)).public_numbers()
        assert found == public_key(KEY_ID, secret).public_numbers()


def test_a_derived_key_is_kept() -> None:
    keyring = Keyring(Vault(bytes(32)))
    key = stored(keyring, "secret")
    assert keyring.signing(SIGNED, key) is keyring.signing(SIGNED, key)
    assert keyring.verifying(SIGNED, key) is keyring.verifying(SIGNED, key)


@pytest.mark.parametrize(("method", "most"), [("signing", 16_384), ("verifying", 4096)])
def test_derived_keys_are_kept_by_number_not_for_ever(method: str, most: int) -> None:
    keyring = Keyring(Vault(bytes(32)))
    derive = getattr(keyring, method)
    first = derive(SIGNED, "secret 0")
    for number in range(1, most):
        derive(SIGNED, f"secret {number}")
    assert derive(SIGNED, "secret 0") is first
    derive(SIGNED, "one more")
    assert derive(SIGNED, "secret 0") is not first


def test_the_ring_is_opened_once_for_each_state_of_it() -> None:
    keyring = Keyring(Vault(bytes(32)))

    def ring_key(number: int, *, standby: bool) -> RingKey:
        key = RingKey(number, 1, b"", standby=standby)
        sealed = keyring.vault.seal(bytes([number]) * 32, sealed_for(key), bytes(NONCE_BYTES))
        return msgspec.structs.replace(key, secret=sealed)

    one = assemble([ring_key(1, standby=False)], 1)
    two = assemble([ring_key(2, standby=False)], 2)
    opened = keyring.ring(one)
    assert opened.current.number == 1
    assert keyring.ring(one) is opened
    assert keyring.ring(two).current.number == 2


def test_a_services_key_that_is_not_active_is_unknown() -> None:
    """No command makes one inactive; a store that says so is obeyed."""
    keyring = Keyring(Vault(bytes(32)))
    identifier = key_id("AKIA", NO_ACCOUNT, b"12345")
    key = AccessKey(NO_ACCOUNT, identifier, "backup.internal", 1, b"")
    sealed = keyring.vault.seal(b"secret", sealed_for(key), bytes(NONCE_BYTES))
    keys = {"AccessKeyId": identifier, "SecretAccessKey": "secret"}
    head, body = signed("http://localhost", keys, "sts", "GetCallerIdentity")
    headers = {
        name.lower().encode(): value.encode() for name, value in (head | {"Host": "localhost"}).items()
    }
    claim = read_signature(b"", headers)
    assert claim is not None
    message = Message("POST", "/", b"", headers, body)
    for active in (True, False):
        stored_key = AccessKey(NO_ACCOUNT, identifier, "backup.internal", 1, sealed, active)
        root = assemble([Service("backup.internal", 1, (stored_key,))], 1)

        def ask(root: Root = root) -> Caller:
            wall = claim.instant
            return authenticate(claim, message, "sts", root, keyring, wall=wall, now=wall)

        if active:
            assert ask().arn == "backup.internal"
        else:
            with pytest.raises(InvalidClientTokenId):
                ask()
