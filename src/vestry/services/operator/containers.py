"""Container tasks: registered, listed and deleted by the operator.

ECS's own operations are not offered: whoever runs containers says here which of them is given which role. A task's two
secrets leave only in the answer that registers it; what is kept of them are fingerprints.
"""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode
from typing import Any

from vestry.access.workload_secrets import credentials_fingerprint, token_fingerprint
from vestry.directory.entities import Role
from vestry.directory.snapshot import Root
from vestry.directory.workloads import ContainerTask
from vestry.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from vestry.services.operator.call import OperatorCall
from vestry.services.operator.names import checked_name, checked_region

_TOKEN_BYTES = 32


def create(call: OperatorCall) -> dict[str, Any]:
    """Register a task with a role; this answer alone carries its relative URI and its authorization token.

    Whether the role trusts ECS is asked each time that credentials are. Errors: ValidationError, NoSuchEntity,
    EntityAlreadyExists.
    """
    name, cluster = checked_name(call.arguments["name"]), checked_name(call.arguments["cluster"])
    region = checked_region(call.arguments["region"])
    role = call.draft.root.principal(str(call.arguments["role"]))
    if not isinstance(role, Role):
        raise NoSuchEntity(
            f"The role {call.arguments['role']} cannot be found.",
            hint="Name a role of an account here by its ARN.",
        )
    tasks = call.draft.root.accounts[role.account].workloads.tasks.values()
    if any(task.name == name for task in tasks):
        raise EntityAlreadyExists(
            f"The account {role.account} already has a task {name}.", hint="Choose another name."
        )
    vault, identifier = call.keyring.vault, call.entropy(16).hex()
    credentials_id = str(uuid.UUID(bytes=call.entropy(16), version=4))
    token = urlsafe_b64encode(call.entropy(_TOKEN_BYTES)).decode().rstrip("=")
    task = ContainerTask(
        role.account,
        identifier,
        name,
        role.arn,
        region,
        cluster,
        call.now,
        credentials_fingerprint(vault, credentials_id),
        token_fingerprint(vault, identifier, token),
    )
    call.draft.put(task)
    return {
        **_shape(task),
        "RelativeUri": f"/v2/credentials/{credentials_id}",
        "Path": f"/tasks/{role.account}/{identifier}/credentials",
        "AuthorizationToken": token,
    }


def list_all(call: OperatorCall) -> dict[str, Any]:
    """List the tasks, by account and name."""
    tasks = sorted(_all(call.draft.root), key=lambda task: (task.account, task.name))
    return {"Containers": [_shape(task) for task in tasks]}


def show(call: OperatorCall) -> dict[str, Any]:
    """Say what is known of a task, beside its secrets. Errors: NoSuchEntity, ValidationError."""
    return _shape(the_task(call.draft.root, str(call.arguments["name"])))


def delete(call: OperatorCall) -> dict[str, Any]:
    """Delete a task: it is served no more, and credentials that it has live to their end. Errors: NoSuchEntity."""
    task = the_task(call.draft.root, str(call.arguments["name"]))
    call.draft.remove(task)
    return _shape(task)


def the_task(root: Root, name: str) -> ContainerTask:
    """Return the task of that name or id. Raises NoSuchEntity, ValidationError (the name is used in several accounts)."""
    found = [task for task in _all(root) if name in (task.id, task.name)]
    if not found:
        raise NoSuchEntity(f"The container {name} cannot be found.", hint="vestry container list shows them.")
    if len(found) > 1:
        raise ValidationError(
            f"Several accounts have a container {name}.",
            hint=f"Name it by its id: {', '.join(sorted(t.id for t in found))}",
        )
    return found[0]


def _all(root: Root) -> list[ContainerTask]:
    return [task for account in root.accounts.values() for task in account.workloads.tasks.values()]


def _shape(task: ContainerTask) -> dict[str, Any]:
    return {
        "TaskId": task.id,
        "Name": task.name,
        "AccountId": task.account,
        "RoleArn": task.role,
        "TaskArn": task.arn,
        "Region": task.region,
    }
