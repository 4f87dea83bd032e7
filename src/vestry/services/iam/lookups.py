"""Finding what an operation is about, or AWS's NoSuchEntity; and the checks that several resources share.

Texts: as AWS answers them (recorded answers of the IAM API).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from vestry import limits
from vestry.arn import parse_arn, unique_id
from vestry.directory.entities import Pairs, Policy, Role, User
from vestry.directory.machines import InstanceProfile
from vestry.directory.providers import OidcProvider, SamlProvider
from vestry.errors import InvalidInput, LimitExceeded, NoSuchEntity, ValidationError
from vestry.services.operation import Call


def the_user(call: Call, name: str | None = None) -> User:
    """Return the user of that name, by default of parameter UserName."""
    wanted = name if name is not None else call.parameters["UserName"]
    user = call.account.user(wanted)
    if user is None:
        raise NoSuchEntity(f"The user with name {wanted} cannot be found.")
    return user


def the_role(call: Call) -> Role:
    """Return the role of parameter RoleName."""
    name = call.parameters["RoleName"]
    role = call.account.role(name)
    if role is None:
        raise NoSuchEntity(f"The role with name {name} cannot be found.")
    return role


def the_policy(call: Call) -> Policy:
    """Return the managed policy of parameter PolicyArn."""
    arn = call.parameters["PolicyArn"]
    policy = call.account.policy_by_arn(arn)
    if policy is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return policy


def the_profile(call: Call) -> InstanceProfile:
    """Return the instance profile of parameter InstanceProfileName."""
    name = call.parameters["InstanceProfileName"]
    profile = call.account.profile(name)
    if profile is None:
        raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
    return profile


def the_oidc_provider(call: Call) -> OidcProvider:
    """Return the OpenID Connect provider of parameter OpenIDConnectProviderArn."""
    arn = call.parameters["OpenIDConnectProviderArn"]
    provider = call.account.oidc_providers.get(arn.partition(":oidc-provider/")[2])
    if provider is None or provider.arn != arn:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    return provider


def the_saml_provider(call: Call) -> SamlProvider:
    """Return the SAML provider of parameter SAMLProviderArn."""
    arn = call.parameters["SAMLProviderArn"]
    provider = call.account.saml_provider(arn)
    if provider is None:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    return provider


def the_boundary(call: Call) -> str:
    """Return parameter PermissionsBoundary, which must be the ARN of a managed policy of this account, or empty."""
    arn: str = call.get("PermissionsBoundary", "")
    if not arn:
        return ""
    fields = parse_arn(arn)
    if fields is None or fields.service != "iam" or not fields.resource.startswith("policy/"):
        raise InvalidInput(f"ARN {arn} is not valid.")
    if call.account.policy_by_arn(arn) is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def new_id(call: Call, prefix: str) -> str:
    """Return a fresh unique id in the caller's account."""
    return unique_id(prefix, call.account.id, call.entropy(6))


def new_tags(call: Call, *, ignore_case: bool = True) -> Pairs:
    """Return the tags that are passed, sorted by key.

    Keys of users and roles are unique without regard to case, those of policies with it (IAM User Guide, "Tagging
    IAM resources"). Raises InvalidInput for duplicates and for AWS's own prefix.
    """
    tags = tuple(sorted((tag["Key"], tag["Value"]) for tag in call.get("Tags") or ()))
    keys = [key.lower() if ignore_case else key for key, _ in tags]
    if len(set(keys)) < len(keys):
        note = " Please note that Tag keys are case insensitive." if ignore_case else ""
        raise InvalidInput(f"Duplicate tag keys found.{note}")
    if any(key.lower().startswith("aws:") for key, _ in tags):
        raise InvalidInput("aws: prefixed tag key names are not allowed for external use.")
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise ValidationError(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length "
            f"less than or equal to {limits.TAGS_PER_RESOURCE}"
        )
    return tags


def check_quota(present: int, quota: int, name: str) -> None:
    """Raise LimitExceeded when `present` has reached `quota`."""
    if present >= quota:
        raise LimitExceeded(f"Cannot exceed quota for {name}: {quota}")


def tag_list(tags: Pairs) -> Sequence[Any]:
    """Return tags in the model's shape."""
    return [{"Key": key, "Value": value} for key, value in tags]


def boundary_shape(arn: str) -> dict[str, str] | None:
    """Return a permissions boundary in the model's shape, None where there is none."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def encoded(document: str) -> str:
    """Return a policy document as answers carry it: percent-encoded (RFC 3986)."""
    return quote(document, safe="")
