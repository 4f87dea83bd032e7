"""Sessions: what a session token carries, how one is minted, and how it is opened again.

A session is stateless: everything frozen at its birth is sealed in the token. Its secret access key is derived from
the ring key and the token's salt and never stored, and its access key id follows from the account and the salt, so
that neither can be exchanged for another session's. What may change later (the role, its policies, the account's
incarnation) is looked up by whoever opens it.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b

import msgspec

from vestry.arn import TEMPORARY_KEY, key_id
from vestry.credentials.keys import SECRET_ENTROPY, new_secret
from vestry.credentials.packed import SESSION_WORDS, deflated, inflated
from vestry.credentials.seal import SALT_BYTES, KeyRing, open_with_material, payload_bytes, seal_with_material
from vestry.errors import InvalidClientTokenId
from vestry.limits import CLAIMS_BYTES

Pairs = tuple[tuple[str, str], ...]

#: The first byte of a payload. A form that an older process does not know is refused by it, never half understood.
_PLAIN, _DEFLATED, _PADDED = b"\x01", b"\x02", b"\x03"
#: Before what is padded: the form, and how long it is without its padding.
_PADDED_HEAD = 3
#: Shorter claims are not worth deflating.
_WORTH_DEFLATING = 240
#: Many machines ask at the same moment, and what is sent to them goes no farther than the machine.
_WORTH_DEFLATING_AGAIN = 1024


class SessionKind(IntEnum):
    """How temporary credentials came to be. INVARIANT: the numbers are written in tokens; none is ever reused."""

    ROLE = 1  # AssumeRole, …WithWebIdentity, …WithSAML
    SESSION_TOKEN = 2  # GetSessionToken, of a user or a root user
    FEDERATED_USER = 3  # GetFederationToken
    ROOT = 4  # AssumeRoot
    INSTANCE = 5  # an EC2 instance's own identity, which its metadata hands out


class SessionClaims(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """What a token carries. Times are epoch seconds; "" and 0 stand for absent.

    INVARIANT: fields are written by position. A new one goes at the end, with a default, so that older tokens open; a
    process that does not know it refuses newer tokens.
    """

    account: str
    incarnation: str  # of the account: reset and delete end its sessions
    issuer: (
        str  # unique id of the role (AROA…) or user (AIDA…); the account id for a root user; an instance's id
    )
    name: str  # role session name, or federated user's name
    issued: int
    expires: int
    policy: str = ""  # inline session policy
    policy_arns: tuple[str, ...] = ()  # managed session policies
    tags: Pairs = ()
    transitive: tuple[str, ...] = ()  # keys of `tags` that pass on to chained sessions
    source_identity: str = ""
    mfa_time: int = 0  # when a device's code was verified
    federated_provider: str = ""  # ARN of the OIDC or SAML provider, or a built-in provider's name
    chained: bool = False  # obtained with a role session
    kind: SessionKind = SessionKind.ROLE
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()  # further condition keys, frozen
    access_key_id: str = ""  # follows from account and salt: written empty, filled in when minted and opened


class Credentials(msgspec.Struct, frozen=True, gc=False):
    """Temporary credentials, as they are handed out once."""

    access_key_id: str
    secret_access_key: str
    token: str
    claims: SessionClaims

    @property
    def expires(self) -> int:
        """When they end, in epoch seconds."""
        return self.claims.expires


#: Sets the salts of `mint_again` apart from whatever else a ring key hashes.
_AGAIN = b"vestry salt of a payload\x00"

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SessionClaims)


def mint(ring: KeyRing, claims: SessionClaims, entropy: bytes, least: int = 0) -> Credentials:
    """Return the credentials of a new session; `claims` come without access key id.

    The token is made `least` bytes long where it would be shorter, rounded up to the next multiple of four.
    `entropy` is SALT_BYTES fresh random bytes; with another number, or with claims that already have an access key id
    or are too long for a token, raises ValueError.
    """
    payload = _payload(claims, _WORTH_DEFLATING)
    room = payload_bytes(least) - len(payload) - _PADDED_HEAD
    if room >= 0:  # three bytes fewer are four characters fewer
        payload = _PADDED + len(payload).to_bytes(2, "big") + payload + bytes(room)
    return _sealed(ring, claims, payload, entropy)


def mint_again(ring: KeyRing, claims: SessionClaims) -> Credentials:
    """Return credentials that follow from the ring's current key and the claims alone: the same ones each time.

    Whoever asks again, after a restart or on another node, gets what the first one got. Raises ValueError as `mint`.
    INVARIANT: the salt is a keyed hash of all that is sealed, so one salt never seals two payloads.
    """
    payload = _payload(claims, _WORTH_DEFLATING_AGAIN)
    salt = blake2b(_AGAIN + payload, key=ring.current.secret, digest_size=SALT_BYTES).digest()
    return _sealed(ring, claims, payload, salt)


def _payload(claims: SessionClaims, worth: int) -> bytes:
    """Return new claims as they are sealed; those of more than `worth` bytes are deflated. Raises ValueError."""
    plain = _encoder.encode(claims)
    if claims.access_key_id or len(plain) > CLAIMS_BYTES:
        raise ValueError("new claims have no access key id and fit into a token")
    payload = _PLAIN + plain
    return (
        payload if len(plain) <= worth else min(payload, _DEFLATED + deflated(plain, SESSION_WORDS), key=len)
    )


def _sealed(ring: KeyRing, claims: SessionClaims, payload: bytes, salt: bytes) -> Credentials:
    token, material = seal_with_material(ring, payload, salt)
    access_key = key_id(TEMPORARY_KEY, claims.account, salt)
    secret = new_secret(material[:SECRET_ENTROPY])
    return Credentials(access_key, secret, token, msgspec.structs.replace(claims, access_key_id=access_key))


def open_session(ring: KeyRing, token: str) -> tuple[SessionClaims, str]:
    """Return the claims of a session token and its secret access key, or raise InvalidClientTokenId.

    1. The token opens (`seal.open_with_material`): ours, unaltered, of a key still in the ring.
    2. Its payload is of a form we know and, when deflated, whole and not too long. What pads it is passed over.
    3. It holds exactly the claims we know.

    The caller still compares `access_key_id` with the one that signed (in constant time), `expires` with the clock,
    and account, incarnation and issuer with what exists.
    """
    payload, salt, material = open_with_material(ring, token)  # 1
    if payload[:1] == _PADDED:
        payload = payload[_PADDED_HEAD : _PADDED_HEAD + int.from_bytes(payload[1:_PADDED_HEAD], "big")]
    form, plain = payload[:1], payload[1:]
    if form == _DEFLATED:
        unpacked = inflated(plain, CLAIMS_BYTES, SESSION_WORDS)
        if unpacked is None:  # 2
            raise InvalidClientTokenId
        plain = unpacked
    elif form != _PLAIN:  # 2
        raise InvalidClientTokenId
    try:
        claims = _decoder.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError):  # 3
        raise InvalidClientTokenId from None
    msgspec.structs.force_setattr(claims, "access_key_id", key_id(TEMPORARY_KEY, claims.account, salt))
    return claims, new_secret(material[:SECRET_ENTROPY])
