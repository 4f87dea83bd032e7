"""The caller: who signed a request, as `authenticate` found them in one Root."""

from __future__ import annotations

import msgspec

from vestry.arn import root_arn, session_arn
from vestry.credentials.session import SessionClaims
from vestry.directory.entities import Role, User
from vestry.directory.snapshot import Account
from vestry.policy.request import Kind, Principal


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who signed the request. INVARIANT: made only by `authenticate`, from a verified signature.

    `user` is set for users (also in GetSessionToken sessions), `role` for role sessions, `session` for every
    temporary credential; a root user has neither user nor role.
    """

    principal: Principal
    account: Account
    access_key: str
    user: User | None = None
    role: Role | None = None
    session: SessionClaims | None = None

    @property
    def arn(self) -> str:
        """The ARN that GetCallerIdentity answers and that denials name."""
        return self.principal.arn

    @property
    def user_id(self) -> str:
        """The value of `aws:userid`, and GetCallerIdentity's UserId."""
        if self.role is not None and self.session is not None:
            return f"{self.role.id}:{self.session.name}"
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
