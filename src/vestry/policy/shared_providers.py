"""Identity providers where everyone may sign in, and the condition key that says whose tokens a role trusts.

A trust policy that allows such a provider must compare that key, and not with wildcards alone. Source: IAM User
Guide, "Identity-provider controls for shared OIDC providers" (the table of providers and claims).
"""

from __future__ import annotations

from vestry.policy.elements import Condition

COGNITO = "cognito-identity.amazonaws.com"

#: Providers that a trust policy may name by their address alone (IAM User Guide, "AWS JSON policy elements: Principal").
BUILT_IN = frozenset(("accounts.google.com", COGNITO, "graph.facebook.com", "www.amazon.com"))

#: The provider's address, without https://, and the condition key that must be compared.
CONTROLS = {
    address: f"{address}:{claim}"
    for address, claim in (
        (COGNITO, "aud"),
        ("token.actions.githubusercontent.com", "sub"),
        ("vstoken.actions.githubusercontent.com", "sub"),
        ("oidc-configuration.audit-log.githubusercontent.com", "sub"),
        ("gitlab.com", "sub"),
        ("agent.buildkite.com", "sub"),
        ("app.terraform.io", "sub"),
        ("oidc.codefresh.io", "sub"),
        ("studio.datachain.ai/api", "sub"),
        ("scalr.io", "sub"),
        ("tokens.cloud.shisho.dev", "sub"),
        ("proidc.upbound.io", "sub"),
        ("api.pulumi.com/oidc", "aud"),
        ("sandboxes.cloud", "aud"),
        ("oidc.vercel.com", "aud"),
    )
} | {"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": "sts:RoleSessionName"}

_COMPARING = frozenset(("StringEquals", "StringEqualsIgnoreCase", "StringLike"))


def missing_control(provider: str, scoped: frozenset[str]) -> str:
    """Return the condition key without which `provider` (address or ARN) lets everyone in, or "" if none is missing.

    `scoped` is what `scoped_keys` says of the statement's conditions.
    """
    address = provider.partition(":oidc-provider/")[2] or provider
    key = CONTROLS.get(address)
    return "" if key is None or key.lower() in scoped else key


def scoped_keys(conditions: tuple[Condition, ...]) -> frozenset[str]:
    """Return the keys, in lower case, that the conditions hold to values which are not all wildcards."""
    return frozenset([condition.key.lower() for condition in conditions if _scopes(condition)])


def _scopes(condition: Condition) -> bool:
    """Tell whether a condition demands its key, with values that are not all wildcards."""
    return (
        condition.operator in _COMPARING
        and not condition.if_exists
        and condition.quantifier != "ForAllValues"
        and bool(condition.values)
        and all(value.strip("*?") for value in condition.values)
    )
