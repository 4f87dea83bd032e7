"""AWS Identity and Access Management, one module per resource.

Enters: calls of the service `iam`. Leaves: answers in the model's shapes. Start in `roles`; `resources` says what each
operation is performed on.
"""

from vestry.services.iam import (
    access_keys,
    attachments,
    boundaries,
    inline_policies,
    instance_profiles,
    mfa_assignments,
    mfa_devices,
    oidc_providers,
    outbound_federation,
    policies,
    policy_entities,
    policy_versions,
    profile_roles,
    role_updates,
    roles,
    saml_keys,
    saml_providers,
    tags,
    users,
)

__all__ = [
    "access_keys",
    "attachments",
    "boundaries",
    "inline_policies",
    "instance_profiles",
    "mfa_assignments",
    "mfa_devices",
    "oidc_providers",
    "outbound_federation",
    "policies",
    "policy_entities",
    "policy_versions",
    "profile_roles",
    "role_updates",
    "roles",
    "saml_keys",
    "saml_providers",
    "tags",
    "users",
]
