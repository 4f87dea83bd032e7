"""The order in which the services write the elements of a structure, where it isn't the model's order.

Sources: STS: responses recorded on AWS in 2026 (GetCallerIdentity, AssumeRole); IAM: raw response bodies of AWS in
public debug logs (GetRole, GetUser, GetPolicy, ListRoles). Members that a row doesn't name follow in the model's order.
"""

from __future__ import annotations

_PAGE = ("IsTruncated", "Marker")

#: service -> structure shape -> the members that come first, in order
ELEMENT_ORDER: dict[str, dict[str, tuple[str, ...]]] = {
    "sts": {
        "GetCallerIdentityResponse": ("Arn", "UserId", "Account"),
        "AssumeRoleResponse": ("AssumedRoleUser", "Credentials", "PackedPolicySize", "SourceIdentity"),
        "AssumedRoleUser": ("AssumedRoleId", "Arn"),
        "Credentials": ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"),
    },
    "iam": {
        "Role": (
            "Path",
            "AssumeRolePolicyDocument",
            "MaxSessionDuration",
            "RoleId",
            "RoleLastUsed",
            "RoleName",
            "Description",
            "Arn",
            "CreateDate",
        ),
        "User": ("PasswordLastUsed", "Path", "Arn", "UserName", "UserId", "CreateDate"),
        "Policy": (
            "PermissionsBoundaryUsageCount",
            "Path",
            "UpdateDate",
            "DefaultVersionId",
            "PolicyId",
            "IsAttachable",
            "PolicyName",
            "AttachmentCount",
            "Arn",
            "CreateDate",
        ),
        "ListRolesResponse": _PAGE,
        "ListUsersResponse": _PAGE,
        "ListPoliciesResponse": _PAGE,
    },
}


def in_order(service: str, shape: str, members: list[str]) -> list[str]:
    """Return a structure's members in the order the service writes them."""
    first = [name for name in ELEMENT_ORDER.get(service, {}).get(shape, ()) if name in members]
    return first + [name for name in members if name not in first]
