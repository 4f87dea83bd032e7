"""Who is asking: from a signature and a Root to a Caller."""

from __future__ import annotations

import hmac

from immutables import Map

from vestry.access.caller import (
    Caller,
    principal_of_federated_user,
    principal_of_instance,
    principal_of_root,
    principal_of_session,
    principal_of_user,
)
from vestry.access.service import caller_of_service
from vestry.access.temporary import check_service
from vestry.arn import LONG_TERM_KEY, NO_ACCOUNT, TEMPORARY_KEY, account_of
from vestry.credentials.canonical import verify, verify_asymmetric
from vestry.credentials.encoding import Headers
from vestry.credentials.seal import KeyRing, RingKey
from vestry.credentials.session import SessionClaims, SessionKind, open_session
from vestry.credentials.sigv4 import SignedRequest, check_scope, check_time, signing_key
from vestry.credentials.sigv4a import PublicKey, public_key
from vestry.credentials.vault import Vault
from vestry.directory import entities
from vestry.directory.devices import MfaDevice
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.machines import TERMINATED
from vestry.directory.ring import in_use
from vestry.directory.snapshot import Account, Root
from vestry.errors import ExpiredToken, InvalidClientTokenId

_SIGNING_KEYS = 16_384
_VERIFYING_KEYS = 4096

#: A secret access key: a session's own, or that of a stored key.
Whose = str | entities.AccessKey


class Keyring:
    """The installation's secrets at hand: the vault, the opened ring of sealing keys, and derived signing keys.

    Derived keys are values of immutable secrets, so keeping them decides nothing: whether the access key still exists
    is looked up at each request. INVARIANT: they are kept by the secret itself (sealed, where it is stored), never by an
    access key id, of which only a few bits are random.
    """

    __slots__ = ("_opened", "_ring", "_signing", "_verifying", "vault")

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._ring: Map[int, entities.RingKey] | None = None
        self._opened: KeyRing | None = None
        self._signing: dict[tuple[str | bytes, str, str, str], bytes] = {}
        self._verifying: dict[tuple[str | bytes, str], PublicKey] = {}

    def ring(self, root: Root) -> KeyRing:
        """Return the sealing keys of `root`, opened."""
        if self._opened is None or self._ring is not root.ring:
            keys = {key.number: RingKey(key.number, self._open(key)) for key in root.ring.values()}
            self._ring, self._opened = root.ring, KeyRing(keys, in_use(root.ring).number)
        return self._opened

    def secret(self, key: entities.AccessKey) -> str:
        """Return the secret access key of a long-term key."""
        return self.vault.open(key.secret, sealed_for(key)).decode()

    def signing(self, signed: SignedRequest, whose: Whose) -> bytes:
        """Return the signing key of a secret for the scope of `signed`."""
        secret = whose if isinstance(whose, str) else whose.secret
        scope = (secret, signed.date, signed.region, signed.service)
        key = self._signing.get(scope)
        if key is None:
            key = signing_key(self._plain(whose), signed.date, signed.region, signed.service)
            if len(self._signing) >= _SIGNING_KEYS:
                self._signing.clear()
            self._signing[scope] = key
        return key

    def verifying(self, signed: SignedRequest, whose: Whose) -> PublicKey:
        """Return the public key that the SigV4A signatures of a secret are proven with."""
        holder = (whose if isinstance(whose, str) else whose.secret, signed.access_key)
        key = self._verifying.get(holder)
        if key is None:
            key = public_key(signed.access_key, self._plain(whose))
            if len(self._verifying) >= _VERIFYING_KEYS:
                self._verifying.clear()
            self._verifying[holder] = key
        return key

    def _plain(self, whose: Whose) -> str:
        return whose if isinstance(whose, str) else self.secret(whose)

    def _open(self, key: entities.RingKey) -> bytes:
        return self.vault.open(key.secret, sealed_for(key))


def sealed_for(entity: entities.AccessKey | entities.RingKey | MfaDevice | IdentityCertificate) -> bytes:
    """Return the associated data under which an entity's secret is sealed: its account, kind and row id."""
    return f"{entity.account}/{entities.KINDS[type(entity)]}/{entity.id}".encode()


class Message:
    """The parts of a request that a signature covers, as they came."""

    __slots__ = ("body", "headers", "method", "path", "query")

    def __init__(self, method: str, path: str, query: bytes, headers: Headers, body: bytes) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body


def authenticate(
    signed: SignedRequest,
    message: Message,
    service: str,
    root: Root,
    keyring: Keyring,
    *,
    wall: int,
    now: int,
    region: str | None = None,
) -> Caller:
    """Return the caller who signed `message`, or raise the fault that AWS gives, in AWS's order.

    1. The scope names this service (and region, where one is enforced). Raises SignatureDoesNotMatch.
    2. A session token opens and is not expired, by the session clock `now`. Raises ExpiredToken.
    3. The access key exists, is active, and belongs to the token; who is behind a session still exists. Raises
       InvalidClientTokenId.
    4. The signature's time is within fifteen minutes of `wall`, and the signature is right. Raises
       SignatureDoesNotMatch.
    5. A temporary credential of this kind may call this service at all. Raises InvalidClientTokenId.
    """
    check_scope(signed, service, region=region)  # 1
    if signed.token is not None:
        claims, secret = open_session(keyring.ring(root), signed.token)
        caller = _session_caller(signed, claims, root, now)  # 2, 3
        whose: Whose = secret
    else:
        caller, whose = _long_term_caller(signed, root)  # 3
    check_time(signed, wall=wall)  # 4
    parts = (message.method, message.path, message.query, message.headers, message.body)
    if signed.regions is None:
        verify(signed, keyring.signing(signed, whose), *parts)
    else:
        verify_asymmetric(signed, keyring.verifying(signed, whose), *parts)
    if caller.session is not None and caller.role is None:
        check_service(caller, service)  # 5
    return caller


def _long_term_caller(signed: SignedRequest, root: Root) -> tuple[Caller, entities.AccessKey]:
    if root.service_keys and account_of(signed.access_key) == NO_ACCOUNT:
        return _service_caller(signed, root)
    account = _account(signed.access_key, LONG_TERM_KEY, root)
    key = account.keys.get(signed.access_key)
    if key is None or not key.active:
        raise InvalidClientTokenId
    if not key.owner:
        return Caller(principal_of_root(account), account, key.id), key
    user = account.user_by_id(key.owner)
    if user is None:
        raise InvalidClientTokenId
    return Caller(principal_of_user(user), account, key.id, user), key


def _service_caller(signed: SignedRequest, root: Root) -> tuple[Caller, entities.AccessKey]:
    found = root.service_with(signed.access_key)
    if found is None or not found[1].active:
        raise InvalidClientTokenId
    service, key = found
    return caller_of_service(service, key.id), key


def _session_caller(signed: SignedRequest, claims: SessionClaims, root: Root, now: int) -> Caller:
    if not hmac.compare_digest(claims.access_key_id.encode(), signed.access_key.encode()):
        raise InvalidClientTokenId
    if now >= claims.expires:
        raise ExpiredToken
    account = _account(signed.access_key, TEMPORARY_KEY, root)
    if account.settings.incarnation != claims.incarnation:
        raise InvalidClientTokenId
    if claims.kind is SessionKind.ROLE:
        role = account.role_by_id(claims.issuer)
        if role is None:
            raise InvalidClientTokenId
        return Caller(principal_of_session(role, claims.name), account, signed.access_key, None, role, claims)
    if claims.kind is SessionKind.INSTANCE:
        instance = account.machines.instances.get(claims.issuer)
        if instance is None or instance.state == TERMINATED:
            raise InvalidClientTokenId
        principal = principal_of_instance(account, instance.id)
        return Caller(principal, account, signed.access_key, None, None, claims)
    user = None if claims.issuer == account.id else account.user_by_id(claims.issuer)
    if user is None and claims.issuer != account.id:
        raise InvalidClientTokenId
    if claims.kind is SessionKind.FEDERATED_USER:
        principal = principal_of_federated_user(account, user, claims.name)
    else:
        principal = principal_of_root(account) if user is None else principal_of_user(user)
    return Caller(principal, account, signed.access_key, user, None, claims)


def _account(access_key: str, prefix: str, root: Root) -> Account:
    number = account_of(access_key) if access_key.startswith(prefix) else None
    account = root.accounts.get(number) if number is not None else None
    if account is None:
        raise InvalidClientTokenId
    return account
