"""Who uses a managed policy. Source: IAM API reference, ListEntitiesForPolicy."""

from __future__ import annotations

from typing import Any

from vestry.arn import ROLE
from vestry.directory.snapshot import ATTACHED, BOUNDARY
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import the_policy
from vestry.services.operation import Answer, Call, operation


@operation("iam:ListEntitiesForPolicy", on=resources.policy_named)
def list_entities_for_policy(call: Call) -> Answer:
    """List the users and roles that a policy is attached to or bounds; groups do not exist yet. Errors: NoSuchEntity."""
    policy = the_policy(call)
    account = call.account
    kind, prefix = call.get("EntityFilter"), call.get("PathPrefix", "/")
    usage = call.get("PolicyUsageFilter")
    wanted = {"PermissionsPolicy": ATTACHED, "PermissionsBoundary": BOUNDARY}.get(usage, ATTACHED | BOUNDARY)
    found = []
    for unique_id, uses in account.uses.get(policy.arn, {}).items():
        of_role = unique_id.startswith(ROLE)  # a user may have a role's name, never its kind of id
        entity = account.role_by_id(unique_id) if of_role else account.user_by_id(unique_id)
        if entity is None or not uses & wanted or not entity.path.startswith(prefix):
            continue
        word = "Role" if of_role else "User"
        if kind in (None, word):
            found.append((f"{word}/{entity.name.lower()}", word, entity))
    found.sort(key=lambda row: row[0])
    page = dict(pages.paged(call, "Entities", found, lambda row: row[0], lambda row: row))
    shown = page.pop("Entities")
    users = [{"UserName": e.name, "UserId": e.id} for _, word, e in shown if word == "User"]
    roles = [{"RoleName": e.name, "RoleId": e.id} for _, word, e in shown if word == "Role"]
    groups: list[dict[str, Any]] = []
    return page | {"PolicyGroups": groups, "PolicyUsers": users, "PolicyRoles": roles}
