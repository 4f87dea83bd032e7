"""Principal elements: whether, and how closely, they name the caller.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "… NotPrincipal", "Evaluating policies within a single
account".

    DIRECT     the user itself, the session itself, the service, the provider, or everybody (`*`)
    ENTITY     the role behind a session, the user behind a federated user
    ACCOUNT    the account, as delegation: the caller needs permissions of its own as well

In a stored trust policy (`bound`) the ARNs of users and roles have been replaced by unique ids; an ARN that is left
is a stranger's and never matches. Elsewhere ARNs are compared as text.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from vestry.arn import is_account_id, parse_arn
from vestry.policy.document import Principals
from vestry.policy.request import Kind, Principal

#: The guide says in two places opposite things about a user named in a resource policy of the same account whose
#: permissions boundary does not allow the action: "Permissions boundaries" lets the user pass (False), "Update a role
#: trust policy" does not (True). We follow the first.
BOUNDARY_LIMITS_GRANTS_TO_USERS = False


class Match(IntEnum):
    """How closely a statement names the caller; more is closer."""

    NONE = 0
    ACCOUNT = 1
    ENTITY = 2
    DIRECT = 3


_USER_MATCH = Match.ENTITY if BOUNDARY_LIMITS_GRANTS_TO_USERS else Match.DIRECT


class PrincipalTest(msgspec.Struct, frozen=True, gc=False):
    """A compiled Principal or NotPrincipal element."""

    everyone: bool
    accounts: frozenset[str]
    names: frozenset[str]  # ARNs and unique ids
    services: frozenset[str]
    providers: frozenset[str]

    def match(self, caller: Principal) -> Match:
        """Return how closely the caller is named."""
        if self.everyone:
            return Match.DIRECT
        kind = caller.kind
        if kind is Kind.SERVICE:
            return Match.DIRECT if caller.arn in self.services else Match.NONE
        if kind is Kind.FEDERATED:
            known = caller.arn in self.providers or caller.issuer_arn in self.providers
            return Match.DIRECT if known else Match.NONE
        if kind is Kind.ANONYMOUS:
            return Match.NONE
        names = self.names
        if names:
            if kind is Kind.USER:
                if caller.arn in names or caller.unique_id in names:
                    return _USER_MATCH
            elif caller.arn in names:
                return Match.DIRECT
            elif caller.unique_id in names or caller.issuer_arn in names:
                return Match.ENTITY
        return Match.ACCOUNT if caller.account in self.accounts else Match.NONE

    def spares(self, caller: Principal) -> bool:
        """Tell whether a NotPrincipal with this list exempts the caller: every layer of it must be listed.

        The layers are the account; then the user, or the role and its session, or the user and the federated user.
        """
        if self.everyone or caller.kind in _WITHOUT_LAYERS:
            return self.match(caller) is not Match.NONE
        if caller.account not in self.accounts:
            return False
        if caller.kind is Kind.ROOT:
            return True
        named = caller.arn in self.names
        if caller.kind is Kind.USER:
            return named or caller.unique_id in self.names
        behind = caller.issuer_arn in self.names or caller.unique_id in self.names
        return named and (behind or caller.issuer_arn.endswith(":root"))


_WITHOUT_LAYERS = frozenset((Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS))


def principal_test(principals: Principals, *, bound: bool) -> PrincipalTest:
    """Compile a Principal or NotPrincipal element; `bound` for stored trust policies."""
    accounts, names = set(), set()
    for value in principals.aws:
        account = _account(value)
        if account:
            accounts.add(account)
        elif not (bound and _names_user_or_role(value)):
            names.add(value)
    names.discard("")
    return PrincipalTest(
        principals.everyone or "*" in principals.aws,
        frozenset(accounts),
        frozenset(names),
        frozenset(principals.service),
        frozenset(principals.federated) - {""},
    )


def _account(value: str) -> str:
    """Return the account that an account principal names, in either of its forms."""
    if is_account_id(value):
        return value
    fields = parse_arn(value)
    if fields is not None and fields.service == "iam" and fields.resource == "root":
        return fields.account
    return ""


def _names_user_or_role(value: str) -> bool:
    fields = parse_arn(value)
    return fields is not None and fields.service == "iam"
