"""The keys that web identity tokens are signed with: made, turned over, and kept published for as long as it takes.

    a key is made          when an account begins to issue, and once the newest of its algorithm is KEY_LIFETIME old
    it signs               once it has been published for KEY_AHEAD, so that verifiers that cache keys know it by then;
                           the first of its algorithm signs at once
    it is no more          once its successor has signed for KEY_BEHIND: longer than any token lives

All by the real clock, as verifiers elsewhere have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from vestry import limits
from vestry.access.authenticate import Keyring
from vestry.credentials.vault import NONCE_BYTES
from vestry.credentials.web_identity import ALGORITHMS, PrivateKey, load_private_key, new_key_pair
from vestry.directory.issuers import SigningKey, WebIdentityIssuer

Entropy = Callable[[int], bytes]


def make_key(
    account: str, algorithm: str, number: int, wall: int, entropy: Entropy, keyring: Keyring
) -> SigningKey:
    """Return a new signing key of an account; `number` is one that its algorithm has not had."""
    identifier = f"{ALGORITHMS[algorithm]}_{number}"
    private, public = new_key_pair(algorithm, identifier)
    sealed = keyring.vault.seal(private, _sealed_for(account, identifier), entropy(NONCE_BYTES))
    return SigningKey(identifier, algorithm, wall, public, sealed)


def open_key(account: str, key: SigningKey, keyring: Keyring) -> PrivateKey:
    """Return the private key of a signing key."""
    return load_private_key(keyring.vault.open(key.secret, _sealed_for(account, key.id)))


def signing_key(issuer: WebIdentityIssuer, algorithm: str, wall: int) -> SigningKey:
    """Return the key that signs now: the newest that has been published for long enough, or else the first."""
    keys = _of(issuer, algorithm)
    ready = [key for key in keys if key.created + limits.KEY_AHEAD <= wall]
    return ready[-1] if ready else keys[0]


def due(issuer: WebIdentityIssuer, wall: int) -> list[tuple[str, int]]:
    """Return the algorithms for which a successor must be made, and its number."""
    found = []
    for algorithm in ALGORITHMS:
        newest = _of(issuer, algorithm)[-1]
        if issuer.enabled and newest.created + limits.KEY_LIFETIME <= wall:
            found.append((algorithm, _number(newest) + 1))
    return found


def turned_over(issuer: WebIdentityIssuer, fresh: Iterable[SigningKey], wall: int) -> WebIdentityIssuer:
    """Return an issuer with `fresh` keys added, and without those that no living token was signed with.

    A fresh key whose number was given meanwhile is passed over.
    """
    known = {key.id for key in issuer.keys}
    keys = (*issuer.keys, *(key for key in fresh if key.id not in known))
    return replace(issuer, keys=tuple(key for key in keys if not _outlived(key, keys, wall)))


def _outlived(key: SigningKey, keys: Iterable[SigningKey], wall: int) -> bool:
    wait = limits.KEY_AHEAD + limits.KEY_BEHIND
    return any(
        other.algorithm == key.algorithm and _number(other) > _number(key) and other.created + wait <= wall
        for other in keys
    )


def _of(issuer: WebIdentityIssuer, algorithm: str) -> list[SigningKey]:
    return sorted((key for key in issuer.keys if key.algorithm == algorithm), key=_number)


def _number(key: SigningKey) -> int:
    return int(key.id.rpartition("_")[2])


def _sealed_for(account: str, identifier: str) -> bytes:
    return f"{account}/issuer/{identifier}".encode()
