"""Handing a role over to a service: the permission that is asked beside the operation that does it.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; `iam:PassRole` is a permission
without an API call of its own, and a role's tags do not take part in it.
"""

from __future__ import annotations

from vestry.access.context import Question
from vestry.directory.entities import Role
from vestry.policy.request import Value


def pass_role(role: Role, service: str, associated: str = "") -> Question:
    """Ask whether the caller may hand `role` to `service` (a service principal).

    `associated` is the ARN of the resource that the role will be associated with, where the service tells it.
    """
    return pass_role_arn(role.arn, role.account, service, associated)


def pass_role_arn(arn: str, account: str, service: str, associated: str = "") -> Question:
    """Ask the same of a role that need not exist."""
    keys: dict[str, Value] = {"iam:passedtoservice": service}
    if associated:
        keys["iam:associatedresourcearn"] = associated
    return Question("iam:PassRole", arn, arn, account, keys)
