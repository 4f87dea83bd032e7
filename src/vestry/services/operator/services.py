"""Service principals: registered, listed and deleted by the operator, with at most two access keys at a time."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from vestry.arn import NO_ACCOUNT
from vestry.directory.entities import Service
from vestry.directory.snapshot import Root
from vestry.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity, ValidationError
from vestry.limits import ACCESS_KEYS_PER_USER
from vestry.policy.callers import BY_ADDRESS
from vestry.services.new_keys import make_key
from vestry.services.operator.call import OperatorCall
from vestry.services.trusted_services import names_service

_NAME = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+", re.ASCII
)
_LONGEST_NAME = 128
#: So many roles are named when a service cannot be deleted.
_SHOWN = 3


def create(call: OperatorCall) -> dict[str, Any]:
    """Register a service with an access key, whose secret only this answer carries.

    AWS's own names may be registered: a service of one's own then plays that part. Errors: ValidationError,
    EntityAlreadyExists.
    """
    name = str(call.arguments["name"])
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME or name in BY_ADDRESS:
        raise ValidationError(
            f"{name!r} cannot be the name of a service.",
            hint="A service is named like a host, in lower case and with a dot: backup.internal",
        )
    if name in call.draft.root.services:
        raise EntityAlreadyExists(
            f"The service {name} already exists.", hint=f"vestry service new-key {name} gives it another key."
        )
    return _with_new_key(call, Service(name, call.now), None)


def list_all(call: OperatorCall) -> dict[str, Any]:
    """List the services, by name."""
    services = sorted(call.draft.root.services.values(), key=lambda service: service.name)
    return {"Services": [_shape(service) for service in services]}


def new_key(call: OperatorCall) -> dict[str, Any]:
    """Give a service a further access key. Errors: NoSuchEntity, LimitExceeded (two at a time)."""
    service = _the_service(call)
    if len(service.keys) >= ACCESS_KEYS_PER_USER:
        raise LimitExceeded(
            f"The service {service.name} has {ACCESS_KEYS_PER_USER} access keys.",
            hint=f"Delete one first: vestry service delete-key {service.name} {service.keys[0].id}",
        )
    return _with_new_key(call, service, service)


def delete_key(call: OperatorCall) -> dict[str, Any]:
    """Delete an access key of a service; it stops at the next request. Errors: NoSuchEntity."""
    service, identifier = _the_service(call), str(call.arguments["key"])
    rest = tuple(key for key in service.keys if key.id != identifier)
    if len(rest) == len(service.keys):
        raise NoSuchEntity(f"The service {service.name} has no access key {identifier}.")
    changed = replace(service, keys=rest)
    call.draft.put(changed, replacing=service)
    return _shape(changed)


def delete(call: OperatorCall) -> dict[str, Any]:
    """Delete a service with its keys; sessions of the roles it assumed go on until they end.

    Refused while trust policies name it, unless forced: they would trust the next service of that name.
    Errors: NoSuchEntity, DeleteConflict.
    """
    service = _the_service(call)
    trusting = [] if call.arguments.get("force") else roles_that_trust(call.draft.root, service.name)
    if trusting:
        more = f" and {len(trusting) - _SHOWN} more" if len(trusting) > _SHOWN else ""
        raise DeleteConflict(
            f"The service {service.name} is trusted by {', '.join(trusting[:_SHOWN])}{more}.",
            hint="Change those trust policies first, or --force: a later service of that name is then trusted.",
        )
    call.draft.remove(service)
    return _shape(service)


def roles_that_trust(root: Root, name: str) -> list[str]:
    """Return the ARNs of the roles whose trust policies name a service, sorted."""
    found = (role for account in root.accounts.values() for role in account.roles.values())
    return sorted(role.arn for role in found if names_service(role, name))


def _with_new_key(call: OperatorCall, service: Service, present: Service | None) -> dict[str, Any]:
    key, secret = make_key(NO_ACCOUNT, service.name, call.now, call.entropy, call.keyring)
    call.draft.put(replace(service, keys=(*service.keys, key)), replacing=present)
    return {"Service": service.name, "AccessKeyId": key.id, "SecretAccessKey": secret}


def _the_service(call: OperatorCall) -> Service:
    name = str(call.arguments["name"])
    service = call.draft.root.services.get(name)
    if service is None:
        raise NoSuchEntity(f"The service {name} does not exist.", hint="vestry service list shows them.")
    return service


def _shape(service: Service) -> dict[str, Any]:
    return {"Service": service.name, "AccessKeyIds": [key.id for key in service.keys]}
