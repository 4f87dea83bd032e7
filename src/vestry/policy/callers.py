"""Callers as people write them: an ARN of any kind, a service's name, a provider's ARN, or nothing for nobody.

What the text does not tell stays unknown: a role's ARN means some session of that role, and unique ids are not known.
"""

from __future__ import annotations

import re

from vestry.arn import is_account_id, parse_arn, root_arn
from vestry.policy.request import Kind, Principal
from vestry.policy.shared_providers import BUILT_IN, CONTROLS

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+", re.ASCII | re.IGNORECASE)
#: Providers that are named by their address alone, as services are.
BY_ADDRESS = frozenset((*CONTROLS, *BUILT_IN))
_WEB_IDENTITY = "sts:assumerolewithwebidentity"


def read_caller(text: str | None, action: str = "") -> Principal:
    """Return the principal that `text` names; None is an anonymous caller.

    `action` tells the built-in identity providers, which are named as services are, from services. Raises ValueError
    for what names no principal.
    """
    if text is None:
        return Principal(Kind.ANONYMOUS)
    if is_account_id(text):
        return Principal(Kind.ROOT, text, root_arn(text))
    if not text.startswith("arn:"):
        if text in BY_ADDRESS and action.lower() == _WEB_IDENTITY:
            return Principal(Kind.FEDERATED, "", text)
        if _SERVICE.fullmatch(text):
            return Principal(Kind.SERVICE, "", text)
        raise ValueError(f"principal {text!r} is neither an ARN nor a service's name")
    found = _by_arn(text)
    if found is None:
        raise ValueError(
            f"principal {text!r} is not the ARN of a root user, user, role, session or identity provider"
        )
    return found


def _by_arn(text: str) -> Principal | None:
    fields = parse_arn(text)
    if fields is None or fields.region or not is_account_id(fields.account):
        return None
    account = fields.account
    kind, _, name = fields.resource.partition("/")
    if fields.service == "iam":
        if fields.resource == "root":
            return Principal(Kind.ROOT, account, text)
        if kind == "user" and name:
            return Principal(Kind.USER, account, text)
        if kind == "role" and name:
            session = f"arn:{fields.partition}:sts::{account}:assumed-role/{name.rpartition('/')[2]}/"
            return Principal(Kind.ROLE, account, session, text)
        if kind in ("saml-provider", "oidc-provider") and name:
            return Principal(Kind.FEDERATED, "", text)
    if fields.service == "sts":
        if kind == "federated-user" and name:
            return Principal(Kind.FEDERATED_USER, account, text)
        role, slash, session = name.partition("/")
        if kind == "assumed-role" and role and slash and session:
            issuer = f"arn:{fields.partition}:iam::{account}:role/{role}"
            return Principal(Kind.ROLE, account, text, issuer)
    return None
