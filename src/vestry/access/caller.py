"""The caller: who signed a request, or who proved otherwise who they are, as they are known in one Root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vestry.arn import INSTANCE_ROLE, federated_user_arn, instance_role_arn, root_arn, session_arn
from vestry.credentials.session import SessionClaims, SessionKind
from vestry.directory.entities import Pairs, Role, User
from vestry.directory.providers import SamlProvider
from vestry.directory.snapshot import Account
from vestry.policy.request import Kind, Principal, Value
from vestry.policy.shared_providers import BUILT_IN


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What may be presented once: by which id it is remembered, and until when (epoch seconds) it could come again."""

    id: str
    until: int


class Proof(msgspec.Struct, frozen=True, gc=False):
    """What an identity provider says of someone. INVARIANT: made only from a token or assertion whose signature, audience
    and times were verified.

    `keys` are the condition keys that it gives while a role is being assumed (lower-case names), of which `kept` stay
    in the session. `tags`, `transitive` and `source_identity` are those of the session, which lasts `longest` seconds
    at most, where that is said. `answer` holds the members of the operation's answer that repeat it. `spent` is what
    must not be presented again; `rests_on` the registered provider that it was judged by.
    """

    provider: str  # ARN
    subject: str
    session_name: str
    keys: Mapping[str, Value]
    kept: tuple[str, ...] = ()
    tags: Pairs = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    longest: int | None = None
    answer: Mapping[str, Any] = {}
    spent: Spent | None = None
    rests_on: SamlProvider | None = None
    certificate: bytes = b""  # DER, where that proved it


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks. INVARIANT: made only from a verified signature (`authenticate`) or a verified proof (`access.proof`).

    An EC2 instance under its own identity has a session and neither user nor role: nothing permits it anything.
    `user` is set for users (also in GetSessionToken sessions) and is the user behind a federated user, `role` is set
    for role sessions, `session` for every temporary credential; a root user has neither user nor role. Who comes from
    an identity provider has only a `proof`, no access key, and no account of their own: `account` is then the
    provider's.
    """

    principal: Principal
    account: Account
    access_key: str
    user: User | None = None
    role: Role | None = None
    session: SessionClaims | None = None
    proof: Proof | None = None
    mfa_time: int = 0  # when this very request proved an MFA device, by the sessions' clock

    @property
    def arn(self) -> str:
        """The ARN that GetCallerIdentity answers and that denials name."""
        return self.principal.arn

    @property
    def user_id(self) -> str:
        """The value of `aws:userid`, and GetCallerIdentity's UserId; empty for who has only a proof, and for services."""
        if self.proof is not None or self.principal.kind is Kind.SERVICE:
            return ""
        if self.role is not None and self.session is not None:
            return f"{self.role.id}:{self.session.name}"
        if self.session is not None and self.session.kind is SessionKind.INSTANCE:
            return f"{self.account.id}:{INSTANCE_ROLE}:{self.session.name}"
        if self.principal.kind is Kind.FEDERATED_USER and self.session is not None:
            return f"{self.account.id}:{self.session.name}"
        return self.user.id if self.user is not None else self.account.id


def principal_of_root(account: Account) -> Principal:
    """Return an account's root user as a principal."""
    return Principal(Kind.ROOT, account.id, root_arn(account.id))


def principal_of_user(user: User) -> Principal:
    """Return a user as a principal."""
    return Principal(Kind.USER, user.account, user.arn, unique_id=user.id)


def principal_of_session(role: Role, name: str) -> Principal:
    """Return a session of `role` as a principal."""
    return Principal(Kind.ROLE, role.account, session_arn(role.account, role.name, name), role.arn, role.id)


def principal_of_instance(account: Account, instance: str) -> Principal:
    """Return an EC2 instance under its own identity as a principal: a session of a role that does not exist."""
    arn = session_arn(account.id, INSTANCE_ROLE, instance)
    return Principal(Kind.ROLE, account.id, arn, instance_role_arn(account.id))


def principal_of_provider(arn: str, address: str = "") -> Principal:
    """Return someone who signed in at an identity provider as a principal, before they assume a role.

    `address` is that of an OpenID Connect provider: trust policies may name a few well-known ones by it alone.
    """
    return Principal(Kind.FEDERATED, "", arn, address if address in BUILT_IN else "")


def principal_of_federated_user(account: Account, user: User | None, name: str) -> Principal:
    """Return whom `user` (None: the root user) has federated under a name, as a principal."""
    issuer, unique_id = (root_arn(account.id), "") if user is None else (user.arn, user.id)
    arn = federated_user_arn(account.id, name)
    return Principal(Kind.FEDERATED_USER, account.id, arn, issuer, unique_id)
