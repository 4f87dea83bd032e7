"""What the operations of IAM are performed on, and how AWS's denials name it.

An existing entity is matched by its ARN and named by its friendly name; a target that does not exist is matched by
the ARN it would have without a path, so that permission comes before existence.
Source: Service Authorization Reference, "AWS Identity and Access Management"; denials as AWS words them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vestry.access.declaration import Ask, On, Resource
from vestry.arn import iam_arn, parse_arn, root_arn
from vestry.directory.entities import Policy, Role, User
from vestry.errors import AccessDenied, ValidationError
from vestry.policy.request import Kind, Value


def user_named(ask: Ask) -> Resource:
    """The user of parameter UserName."""
    return _user(ask, ask.parameters["UserName"])


def user_or_self(ask: Ask) -> Resource:
    """The user of UserName or, where it is missing, the caller; the root user stands for the account."""
    name = ask.parameters.get("UserName")
    if name is not None:
        return _user(ask, name)
    if ask.caller.principal.kind is Kind.ROOT:
        return Resource(root_arn(ask.account.id), "user root", ask.account.id)
    if ask.caller.user is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return _user(ask, ask.caller.user.name)


def role_named(ask: Ask) -> Resource:
    """The role of parameter RoleName."""
    name = ask.parameters["RoleName"]
    role = ask.account.role(name)
    arn = iam_arn(ask.account.id, "role", "/", name) if role is None else role.arn
    return Resource(arn, f"role {name}", ask.account.id, () if role is None else role.tags)


def policy_named(ask: Ask) -> Resource:
    """The managed policy of parameter PolicyArn."""
    arn = ask.parameters["PolicyArn"]
    if parse_arn(arn) is None:
        raise ValidationError(f"ARN {arn} is not valid.")
    policy = ask.account.policy_by_arn(arn)
    return Resource(arn, f"policy {arn}", _owner(arn, ask), () if policy is None else policy.tags)


def profile_named(ask: Ask) -> Resource:
    """The instance profile of parameter InstanceProfileName."""
    name = ask.parameters["InstanceProfileName"]
    profile = ask.account.profile(name)
    arn = iam_arn(ask.account.id, "instance-profile", "/", name) if profile is None else profile.arn
    return Resource(arn, f"instance profile {name}", ask.account.id, () if profile is None else profile.tags)


def oidc_provider(ask: Ask) -> Resource:
    """The OpenID Connect provider of parameter OpenIDConnectProviderArn."""
    arn = ask.parameters["OpenIDConnectProviderArn"]
    if parse_arn(arn) is None:
        raise ValidationError(f"ARN {arn} is not valid.")
    found = ask.account.oidc_providers.get(arn.partition(":oidc-provider/")[2])
    tags = found.tags if found is not None and found.arn == arn else ()
    return Resource(arn, arn, _owner(arn, ask), tags)


def new_oidc_provider(ask: Ask) -> Resource:
    """The OpenID Connect provider that would be created."""
    address = ask.parameters["Url"].removeprefix("https://")
    arn = iam_arn(ask.account.id, "oidc-provider", "/", address)
    tags = tuple((tag["Key"], tag["Value"]) for tag in ask.parameters.get("Tags", ()))
    return Resource(arn, arn, ask.account.id, tags)


def oidc_providers(ask: Ask) -> Resource:
    """All OpenID Connect providers of the account."""
    arn = iam_arn(ask.account.id, "oidc-provider", "/", "*")
    return Resource(arn, arn, ask.account.id)


def saml_provider(ask: Ask) -> Resource:
    """The SAML provider of parameter SAMLProviderArn."""
    arn = ask.parameters["SAMLProviderArn"]
    if parse_arn(arn) is None:
        raise ValidationError(f"ARN {arn} is not valid.")
    found = ask.account.saml_provider(arn)
    return Resource(arn, arn, _owner(arn, ask), () if found is None else found.tags)


def new_saml_provider(ask: Ask) -> Resource:
    """The SAML provider that would be created."""
    return _new(ask, "saml-provider", "Name")


def saml_providers(ask: Ask) -> Resource:
    """All SAML providers of the account."""
    arn = iam_arn(ask.account.id, "saml-provider", "/", "*")
    return Resource(arn, arn, ask.account.id)


def key_owner(ask: Ask) -> Resource:
    """The owner of parameter AccessKeyId; AWS denies an unknown or foreign key in words of its own, to everybody."""
    identifier = ask.parameters["AccessKeyId"]
    key = ask.account.keys.get(identifier)
    if key is None:
        raise AccessDenied(
            f"User: {ask.caller.arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: "
            f"access key {identifier}"
        )
    owner = ask.account.user_by_id(key.owner) if key.owner else None
    return (
        Resource(root_arn(ask.account.id), "user root", ask.account.id)
        if owner is None
        else _user(ask, owner.name)
    )


def new_user(ask: Ask) -> Resource:
    """The user that would be created."""
    return _new(ask, "user", "UserName")


def new_role(ask: Ask) -> Resource:
    """The role that would be created."""
    return _new(ask, "role", "RoleName")


def new_policy(ask: Ask) -> Resource:
    """The managed policy that would be created; denials name it by its friendly name."""
    made = _new(ask, "policy", "PolicyName")
    return Resource(made.arn, f"policy {ask.parameters['PolicyName']}", made.account, made.tags)


def new_profile(ask: Ask) -> Resource:
    """The instance profile that would be created."""
    return _new(ask, "instance-profile", "InstanceProfileName")


def listing(kind: str) -> On:
    """The entities of a kind under a path prefix, as the listing operations name them."""

    def on(ask: Ask) -> Resource:
        prefix = ask.parameters.get("PathPrefix", "/")
        arn = iam_arn(ask.account.id, kind, prefix, "")
        return Resource(arn, f"policy path {prefix}" if kind == "policy" else arn, ask.account.id)

    return on


def _new(ask: Ask, kind: str, parameter: str) -> Resource:
    path = ask.parameters.get("Path", "/")
    arn = iam_arn(ask.account.id, kind, path, ask.parameters[parameter])
    tags = tuple((tag["Key"], tag["Value"]) for tag in ask.parameters.get("Tags", ()))
    return Resource(arn, arn, ask.account.id, tags)


def _user(ask: Ask, name: str) -> Resource:
    user = ask.account.user(name)
    arn = iam_arn(ask.account.id, "user", "/", name) if user is None else user.arn
    return Resource(arn, f"user {name}", ask.account.id, () if user is None else user.tags)


def _owner(arn: str, ask: Ask) -> str:
    fields = parse_arn(arn)
    return fields.account if fields is not None and fields.account.isdigit() else ask.account.id


# ── Condition keys ───────────────────────────────────────────────────────────────────────────────────────────────
def request_tags(ask: Ask) -> Mapping[str, Value]:
    """`aws:RequestTag/…` and `aws:TagKeys` of the tags that are passed."""
    tags = ask.parameters.get("Tags") or ()
    if not tags:
        return {}
    keys: dict[str, Value] = {f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in tags}
    keys["aws:tagkeys"] = tuple(tag["Key"] for tag in tags)
    return keys


def removed_tags(ask: Ask) -> Mapping[str, Value]:
    """`aws:TagKeys` of the tags that are taken off."""
    return {"aws:tagkeys": tuple(ask.parameters["TagKeys"])}


def policy_arn(ask: Ask) -> Mapping[str, Value]:
    """`iam:PolicyARN` of the policy that is attached or detached. Raises ValidationError for what is not an ARN."""
    arn = ask.parameters["PolicyArn"]
    if parse_arn(arn) is None:
        raise ValidationError(f"ARN {arn} is not valid.")
    return {"iam:policyarn": arn}


def requested_boundary(ask: Ask) -> Mapping[str, Value]:
    """`iam:PermissionsBoundary` that the request would set."""
    arn = ask.parameters.get("PermissionsBoundary")
    return {"iam:permissionsboundary": arn} if arn else {}


def present_boundary(find: Callable[[Ask], User | Role | None]) -> Callable[[Ask], Mapping[str, Value]]:
    """`iam:PermissionsBoundary` that the target has now."""

    def keys(ask: Ask) -> Mapping[str, Value]:
        entity = find(ask)
        return {"iam:permissionsboundary": entity.boundary} if entity is not None and entity.boundary else {}

    return keys


def target_user(ask: Ask) -> User | None:
    """The existing user of parameter UserName."""
    return ask.account.user(ask.parameters["UserName"])


def target_role(ask: Ask) -> Role | None:
    """The existing role of parameter RoleName."""
    return ask.account.role(ask.parameters["RoleName"])


def target_policy(ask: Ask) -> Policy | None:
    """The existing managed policy of parameter PolicyArn."""
    return ask.account.policy_by_arn(ask.parameters["PolicyArn"])
