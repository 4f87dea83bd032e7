"""Making keys: long-term access keys, of users, root users and services alike, and keys that seal session tokens."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from vestry.access.authenticate import Keyring, sealed_for
from vestry.arn import LONG_TERM_KEY, key_id
from vestry.credentials.keys import SECRET_ENTROPY, new_secret
from vestry.credentials.seal import RING_KEY_BYTES
from vestry.credentials.vault import NONCE_BYTES
from vestry.directory.entities import AccessKey, RingKey


def make_key(
    account: str, owner: str, now: int, entropy: Callable[[int], bytes], keyring: Keyring
) -> tuple[AccessKey, str]:
    """Return a new access key of a user id (`""`: the root user; or a service's name), and its secret, which is shown only now."""
    secret = new_secret(entropy(SECRET_ENTROPY))
    key = AccessKey(account, key_id(LONG_TERM_KEY, account, entropy(5)), owner, now, b"")
    sealed = keyring.vault.seal(secret.encode(), sealed_for(key), entropy(NONCE_BYTES))
    return msgspec.structs.replace(key, secret=sealed), secret


def make_ring_key(
    number: int, now: int, entropy: Callable[[int], bytes], keyring: Keyring, *, standby: bool = False
) -> RingKey:
    """Return a fresh key for sealing session tokens, itself sealed under the master key."""
    key = RingKey(number, now, b"", standby=standby)
    sealed = keyring.vault.seal(entropy(RING_KEY_BYTES), sealed_for(key), entropy(NONCE_BYTES))
    return msgspec.structs.replace(key, secret=sealed)
