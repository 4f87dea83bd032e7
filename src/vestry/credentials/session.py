"""Sessions: what a token carries, minting one and opening it.

Nothing of a session is stored. The token carries the claims; the access key id and the secret access key are derived
from the token's salt, so that they belong to exactly this token and cannot be computed without the ring.
"""

from __future__ import annotations

import base64
import zlib

import msgspec

from vestry.arn import TEMPORARY_KEY, key_id
from vestry.credentials.seal import KeyRing, RingKey, derive, open_sealed, seal
from vestry.errors import InvalidClientTokenId
from vestry.limits import PACKED_BUDGET

Pairs = tuple[tuple[str, str], ...]

_LONGEST_PAYLOAD = 262_144


class SessionClaims(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is frozen when a session begins. Times are epoch seconds; a new field goes last, with a default.

    `issuer` is the role's unique id; `incarnation` that of the account; `chained` says that the caller was itself a
    role session. `access_key_id` is not carried: it follows from the token.
    """

    account: str
    incarnation: str
    issuer: str
    name: str
    issued: int
    expires: int
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: Pairs = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    mfa_time: int = 0
    federated_provider: str = ""
    chained: bool = False
    access_key_id: str = ""


class Credentials(msgspec.Struct, frozen=True, gc=False):
    """Temporary credentials as they are handed out, once."""

    access_key_id: str
    secret_access_key: str
    token: str
    expires: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SessionClaims).decode


def mint(ring: KeyRing, claims: SessionClaims, salt: bytes) -> Credentials:
    """Return credentials for a session; `salt` is seal.SALT_BYTES fresh random bytes."""
    payload = _encode(claims)
    if len(payload) > 256:
        squeezed = zlib.compress(payload, 6)
        payload = b"\x01" + squeezed if len(squeezed) < len(payload) else b"\x00" + payload
    else:
        payload = b"\x00" + payload
    key = ring.keys[ring.current]
    identifier, secret = _derived(key, salt, claims.account)
    return Credentials(identifier, secret, seal(ring, payload, salt), claims.expires)


def open_session(ring: KeyRing, token: str) -> tuple[SessionClaims, str]:
    """Return the claims of a token, with its access key id, and its secret access key. Raises InvalidClientTokenId."""
    payload, salt, key = open_sealed(ring, token)
    try:
        if payload[:1] == b"\x01":
            inflater = zlib.decompressobj()
            payload = b"\x00" + inflater.decompress(payload[1:], _LONGEST_PAYLOAD)
        claims = _decode(payload[1:])
    except (msgspec.DecodeError, zlib.error):
        raise InvalidClientTokenId from None
    identifier, secret = _derived(key, salt, claims.account)
    return msgspec.structs.replace(claims, access_key_id=identifier), secret


def packed_size(policy: str, arns: tuple[str, ...], tags: Pairs) -> int:
    """Return the percentage of limits.PACKED_BUDGET that session policy, ARNs and tags take, deflated together."""
    if not (policy or arns or tags):
        return 0
    plain = "\0".join([policy, *arns, *(f"{key}\0{value}" for key, value in tags)]).encode()
    packed = len(zlib.compress(plain, 9))
    return max(1, -(-packed * 100 // PACKED_BUDGET))


def _derived(key: RingKey, salt: bytes, account: str) -> tuple[str, str]:
    identifier = key_id(TEMPORARY_KEY, account, derive(key, salt, b"id"))
    return identifier, base64.b64encode(derive(key, salt, b"secret")[:30]).decode()
