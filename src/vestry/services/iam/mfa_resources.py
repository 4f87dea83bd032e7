"""What the operations on MFA devices are performed on, and whose devices they mean.

A device is matched and named by its ARN; what is done to a user's devices is done to the user.
Source: Service Authorization Reference, "AWS Identity and Access Management".
"""

from __future__ import annotations

from vestry.access.declaration import Ask, Resource
from vestry.arn import iam_arn, root_arn
from vestry.directory.devices import MfaDevice
from vestry.directory.snapshot import Account
from vestry.errors import NoSuchEntity
from vestry.policy.request import Kind
from vestry.services.iam import resources
from vestry.services.iam.lookups import the_user
from vestry.services.operation import Call


def new_device(ask: Ask) -> Resource:
    """The device that would be created."""
    arn = iam_arn(
        ask.account.id, "mfa", ask.parameters.get("Path", "/"), ask.parameters["VirtualMFADeviceName"]
    )
    tags = tuple((tag["Key"], tag["Value"]) for tag in ask.parameters.get("Tags", ()))
    return Resource(arn, arn, ask.account.id, tags)


def device_numbered(ask: Ask) -> Resource:
    """The device of parameter SerialNumber."""
    serial = ask.parameters["SerialNumber"]
    device = ask.account.devices.get(serial)
    return Resource(serial, serial, ask.account.id, () if device is None else device.tags)


def devices(ask: Ask) -> Resource:
    """All devices of the account."""
    arn = iam_arn(ask.account.id, "mfa", "/", "")
    return Resource(arn, arn, ask.account.id)


def wearer(ask: Ask) -> Resource:
    """The user of UserName, the root user where they ask for themselves, or the caller."""
    if _is_root(ask.parameters.get("UserName"), ask.caller.principal.kind, ask.account):
        return Resource(root_arn(ask.account.id), "user root", ask.account.id)
    return resources.user_or_self(ask)


def the_owner(call: Call) -> str:
    """Return the unique id of the user meant, empty for the root user. Errors: NoSuchEntity."""
    name, caller = call.get("UserName"), call.caller
    if _is_root(name, caller.principal.kind, call.account):
        return ""
    return the_user(call, name if name is not None or caller.user is None else caller.user.name).id


def the_device(call: Call) -> MfaDevice:
    """Return the device of parameter SerialNumber. Errors: NoSuchEntity."""
    serial = call.parameters["SerialNumber"]
    device = call.account.devices.get(serial)
    if device is None:
        raise NoSuchEntity(f"MFA Device with serial number {serial} does not exist.")
    return device


def the_device_of(call: Call, owner: str) -> MfaDevice:
    """Return the device of parameter SerialNumber, which must be the owner's. Errors: NoSuchEntity."""
    device = the_device(call)
    if device.owner != owner:
        raise NoSuchEntity(f"MFA Device with serial number {device.serial} does not exist.")
    return device


def _is_root(name: str | None, kind: Kind, account: Account) -> bool:
    """Tell whether the root user means itself: without a name, as GetUser calls it, or as `root`.

    A user who has one of these names comes first.
    """
    if kind is not Kind.ROOT or (name is not None and account.user(name) is not None):
        return False
    return name in (None, "root", account.settings.alias)
