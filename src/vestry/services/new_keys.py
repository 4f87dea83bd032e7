"""Making a long-term access key: for users and the root user alike."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from vestry.access.authenticate import Keyring, sealed_for
from vestry.arn import LONG_TERM_KEY, key_id
from vestry.credentials.keys import SECRET_ENTROPY, new_secret
from vestry.credentials.vault import NONCE_BYTES
from vestry.directory.entities import AccessKey


def make_key(
    account: str, owner: str, now: int, entropy: Callable[[int], bytes], keyring: Keyring
) -> tuple[AccessKey, str]:
    """Return a new access key of a user id (or `""`, the root user), and its secret, which is shown only now."""
    secret = new_secret(entropy(SECRET_ENTROPY))
    key = AccessKey(account, key_id(LONG_TERM_KEY, account, entropy(5)), owner, now, b"")
    sealed = keyring.vault.seal(secret.encode(), sealed_for(key), entropy(NONCE_BYTES))
    return msgspec.structs.replace(key, secret=sealed), secret
