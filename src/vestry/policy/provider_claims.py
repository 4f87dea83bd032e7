"""Which claims of a web identity token are condition keys, by provider.

A key is called after the provider's address (its URL without https://), a colon and the name below. AWS knows the
first table for every provider, the second for the providers named there; no other claim is a key. Sources: IAM User
Guide, "Available keys for AWS OIDC federation"; Service Authorization Reference, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

#: The keys of every provider. `aud` is the token's `azp` where it has one; `oaud` is always its `aud`.
EVERY: Final = ("aud", "oaud", "azp", "sub", "amr", "email")
#: Those of them that stay in the session.
KEPT: Final = ("amr", "aud", "sub")

_GITHUB: Final = (
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
)
_GITLAB: Final = (
    "namespace_id",
    "pipeline_source",
    "project_id",
    "ref_protected",
    "runner_environment",
    "user_access_level",
    "user_email",
    "user_id",
    "user_login",
)
_BUILDKITE: Final = (
    "build_branch",
    "cluster_id",
    "cluster_name",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "pipeline_slug",
)
_LABEL = r"[a-z0-9-]+"

#: Address (a pattern, in lower case) and the claims that are keys of that provider besides.
SPECIAL: Final = tuple(
    (re.compile(address, re.ASCII), claims)
    for address, claims in (
        (r"token\.actions\.githubusercontent\.com(/.+)?", _GITHUB),
        (rf"token\.actions\.{_LABEL}\.ghe\.com", _GITHUB),
        (r"github\.com/enterprises/[^/]+", _GITHUB),
        (r"gitlab\.com", _GITLAB),
        (r"agent\.buildkite\.com", _BUILDKITE),
        (rf"agent\.{_LABEL}\.buildkite\.(dev|site)", _BUILDKITE),
        (r"oidc\.circleci\.com/org/[^/]+", ("oidc.circleci.com/project-id",)),
        (rf"idcs-{_LABEL}\.identity\.oraclecloud\.com", ("rpst_id",)),
        (r"accounts\.google\.com", ("google/organization_number",)),
    )
)


@lru_cache(maxsize=4096)
def special_claims(address: str) -> tuple[str, ...]:
    """Return the claims that are condition keys of a provider beside those of every provider."""
    lowered = address.lower()
    for pattern, claims in SPECIAL:
        if pattern.fullmatch(lowered) is not None:
            return claims
    return ()


def claim_values(claims: Mapping[str, object], names: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """Return the values of the named claims as condition keys have them; what is no text, number or list is left out."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name in names:
        value = _value(_claim(claims, name))
        if value is not None:
            found[name] = value
    return found


def _claim(claims: Mapping[str, object], name: str) -> object:
    """Return a claim; a slash leads into the object that a claim may be."""
    if name in claims:
        return claims[name]
    outer, slash, inner = name.partition("/")
    nested = claims.get(outer) if slash else None
    return nested.get(inner) if isinstance(nested, dict) else None


def _value(value: object) -> str | tuple[str, ...] | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return None
