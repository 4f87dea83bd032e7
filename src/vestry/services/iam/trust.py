"""Trust policies as they are stored and as they are shown.

A user or role that a trust policy names is stored by its unique id, so that a namesake who is created later is not
trusted; it is shown as its ARN for as long as it exists, then as the bare id.
Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import re

from vestry import limits
from vestry.arn import ROLE, USER, account_of, is_account_id, parse_arn, root_arn
from vestry.directory.snapshot import Account, Root
from vestry.errors import LimitExceeded, MalformedPolicyDocument
from vestry.policy.document import DocumentKind, document_size, parse_document, rewrite_principals
from vestry.policy.shared_providers import BUILT_IN

#: AWS's own service principals, which need no registration.
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?", re.ASCII)


def bind(root: Root, account: Account, text: str) -> str:
    """Return the trust policy as it is stored. Raises MalformedPolicyDocument, LimitExceeded."""
    parse_document(text, DocumentKind.TRUST, allow_wildcard_principals=account.settings.wildcard_principals)
    if document_size(text) > limits.TRUST_POLICY_SIZE:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {limits.TRUST_POLICY_SIZE}")
    return rewrite_principals(text, lambda kind, value: _bound(root, kind, value))


def shown(root: Root, stored: str) -> str:
    """Return a stored trust policy as answers show it: unique ids of what still exists become ARNs again."""
    if f'"{USER}' not in stored and f'"{ROLE}' not in stored:
        return stored
    return rewrite_principals(stored, lambda kind, value: _shown(root, kind, value))


def _bound(root: Root, kind: str, value: str) -> str:
    if kind == "AWS":
        return _bound_aws(root, value)
    if kind == "Service" and not _SERVICE.fullmatch(value) and value not in root.services:
        raise _invalid("SERVICE", value)
    if kind == "Federated" and value not in BUILT_IN:
        fields = parse_arn(value)
        if fields is None or not _is_provider(root.accounts.get(fields.account), fields.resource):
            raise _invalid("FEDERATED", value)
    return value


def _is_provider(account: Account | None, resource: str) -> bool:
    """Tell whether an identity provider exists; those of accounts that are not hosted here are taken at their word."""
    kind, _, name = resource.partition("/")
    if account is None or (kind == "oidc-provider" and name in account.oidc_providers):
        return True
    saml = account.saml_providers.get(name.lower()) if kind == "saml-provider" else None
    return saml is not None and saml.name == name


def _bound_aws(root: Root, value: str) -> str:
    if value == "*":
        return value
    if is_account_id(value):
        return root_arn(value)
    if value.startswith((USER, ROLE)):
        return _living(root, value)
    fields = parse_arn(value)
    if fields is None or not is_account_id(fields.account) or fields.service not in ("iam", "sts"):
        raise _invalid("AWS", value)
    if fields.service == "sts":
        if not fields.resource.startswith(("assumed-role/", "federated-user/")):
            raise _invalid("AWS", value)
        return value
    if fields.resource == "root":
        return value
    if not fields.resource.startswith(("user/", "role/")):
        raise _invalid("AWS", value)
    if fields.account not in root.accounts:
        return value
    principal = root.principal(value)
    if principal is None:
        raise _invalid("AWS", value)
    return principal.id


def _living(root: Root, unique_id: str) -> str:
    account = root.accounts.get(account_of(unique_id) or "")
    if account is None or unique_id not in account.names:
        raise _invalid("AWS", unique_id)
    return unique_id


def _shown(root: Root, kind: str, value: str) -> str:
    if kind != "AWS" or not value.startswith((USER, ROLE)):
        return value
    account = root.accounts.get(account_of(value) or "")
    if account is None:
        return value
    entity = account.user_by_id(value) if value.startswith(USER) else account.role_by_id(value)
    return value if entity is None else entity.arn


def _invalid(kind: str, value: str) -> MalformedPolicyDocument:
    return MalformedPolicyDocument(
        f'Invalid principal in policy: "{kind}":"{value}"',
        hint="Name a principal that exists: an account, a user, a role, a service or a registered provider.",
    )
