"""Secrets at rest: encrypted under the installation's master key, bound to the row they belong to."""

from __future__ import annotations

from hmac import compare_digest, digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEY_BYTES = 32
NONCE_BYTES = 12

_VERSION = b"\x01"
_TAG = 16


class VaultError(ValueError):
    """A sealed secret does not open: another master key, another row, or altered bytes. A fault of the operator's."""


class Vault:
    """Seals and opens secrets with AES-256-GCM. Sealed form: version (1 byte), nonce (12), ciphertext and tag."""

    __slots__ = ("_check", "_cipher", "_fingerprints")

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            raise ValueError("a master key has 32 bytes")
        self._cipher = AESGCM(digest(master_key, b"vestry vault v1 encryption", "sha256"))
        self._fingerprints = digest(master_key, b"vestry vault v1 fingerprints", "sha256")
        self._check = digest(master_key, b"vestry vault v1 key check", "sha256")[:16]

    def seal(self, plain: bytes, context: bytes, nonce: bytes) -> bytes:
        """Return `plain` encrypted; only the same `context` (account, kind and row id) will open it.

        `nonce` is 12 fresh random bytes; with another length raises ValueError.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce has 12 bytes")
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return the plain secret, or raise VaultError.

        1. The sealed bytes are of a version we know, and long enough.
        2. Their tag holds for this master key, version, context, nonce and ciphertext.
        """
        if sealed[:1] != _VERSION or len(sealed) < 1 + NONCE_BYTES + _TAG:  # 1
            raise VaultError("the sealed secret is damaged or of an unknown version")
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, text, _VERSION + context)
        except InvalidTag:  # 2
            raise VaultError("the sealed secret does not open with this master key for this row") from None

    def fingerprint(self, secret: bytes, context: bytes) -> str:
        """Return 64 hexadecimal digits by which a secret that was handed out once is known again.

        Without the master key they tell nothing of it, and only the same `context` (what the secret is for) gives the
        same ones. Where they are compared and not looked up, compare them in constant time.
        """
        return digest(self._fingerprints, len(context).to_bytes(2, "big") + context + secret, "sha256").hex()

    def key_check(self) -> bytes:
        """Return 16 bytes that tell the master key without revealing it: the store keeps them."""
        return self._check

    def is_key_of(self, check: bytes) -> bool:
        """Tell whether `check` was made by `key_check` under the same master key."""
        return compare_digest(self._check, check)
