"""What a Principal element may say where a policy is written: the forms, and AWS's text for a form it refuses.

Whether a principal exists is not asked here: who writes the policy asks, and answers with `invalid_principal`.
Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import re

from vestry.policy.elements import Document, Principals

_ARN = (
    r"arn:aws[a-z-]*:(iam::[0-9]{12}:(root|(user|role)/[!-)+->@-~]+)"
    r"|sts::[0-9]{12}:(assumed-role/[!-)+->@-~]+/[!-)+->@-~]+|federated-user/[!-)+->@-~]+))"
)
_AWS = re.compile(rf"[0-9]{{12}}|A(IDA|ROA)[A-Z0-9]{{12,}}|{_ARN}")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+")
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(saml-provider|oidc-provider)/[!-)+->@-~]+")
_WILD = re.compile(r"[*?]")


def invalid_principal(kind: str, value: str) -> str:
    """Return AWS's text for a principal that it refuses; `kind` is the type as written: AWS, Service, Federated."""
    return f'Invalid principal in policy: "{kind.upper()}":"{value}"'


def is_aws_form(value: str) -> bool:
    """Tell whether `value` is an account id, a unique id, or the ARN of an account, user, role or session."""
    return _AWS.fullmatch(value) is not None


def is_federated_form(value: str) -> bool:
    """Tell whether `value` is a domain name or the ARN of an identity provider."""
    return _DOMAIN.fullmatch(value) is not None or _PROVIDER.fullmatch(value) is not None


def is_wild(value: str) -> bool:
    """Tell whether `value` holds a wildcard."""
    return _WILD.search(value) is not None


def wildcard_principals(document: Document) -> bool:
    """Tell whether any principal of any statement is a wildcard, whole or in part."""
    return any(
        principals is not None and _any_wild(principals)
        for statement in document.statements
        for principals in (statement.principals, statement.not_principals)
    )


def _any_wild(principals: Principals) -> bool:
    return principals.everyone or any(
        is_wild(value)
        for values in (principals.aws, principals.service, principals.federated, principals.canonical_user)
        for value in values
    )
