"""MFA devices in use: assigned to a user or the root user, set right, taken away, shown.

Source: IAM API reference, EnableMFADevice, ResyncMFADevice, DeactivateMFADevice, ListMFADevices, GetMFADevice.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from vestry import limits
from vestry.access.mfa import try_pair
from vestry.directory.devices import MfaDevice
from vestry.errors import EntityAlreadyExists, InvalidAuthenticationCode
from vestry.services.iam import mfa_resources, pages
from vestry.services.iam.lookups import check_quota
from vestry.services.iam.mfa_resources import the_device, the_device_of, the_owner
from vestry.services.operation import Answer, Call, operation


@operation("iam:EnableMFADevice", on=mfa_resources.wearer, writes=True)
def enable_mfa_device(call: Call) -> Answer:
    """Assign a device, proved by two consecutive codes. Errors: NoSuchEntity, EntityAlreadyExists, LimitExceeded,
    InvalidAuthenticationCode."""
    owner = the_owner(call)
    device = the_device(call)
    if device.owner is not None:
        raise EntityAlreadyExists("MFA Device is already in use.")
    check_quota(len(call.account.devices_of(owner)), limits.MFA_DEVICES_PER_USER, "MFADevicesPerUser")
    call.put(replace(_paired(call, device), owner=owner, enabled=call.now), replacing=device)
    return {}


@operation("iam:ResyncMFADevice", on=mfa_resources.wearer, writes=True)
def resync_mfa_device(call: Call) -> Answer:
    """Set a device right whose clock has drifted, by two consecutive codes. Errors: NoSuchEntity,
    InvalidAuthenticationCode."""
    device = the_device_of(call, the_owner(call))
    call.put(_paired(call, device), replacing=device)
    return {}


@operation("iam:DeactivateMFADevice", on=mfa_resources.wearer, writes=True)
def deactivate_mfa_device(call: Call) -> Answer:
    """Take a device from its user; it stays, assigned to nobody. Errors: NoSuchEntity."""
    device = the_device_of(call, the_owner(call))
    call.put(replace(device, owner=None, enabled=0), replacing=device)
    return {}


@operation("iam:ListMFADevices", on=mfa_resources.wearer)
def list_mfa_devices(call: Call) -> Answer:
    """List the devices of a user, by default the caller's. Errors: NoSuchEntity."""
    owner = the_owner(call)
    name = _name(call, owner)
    return pages.paged(
        call,
        "MFADevices",
        call.account.devices_of(owner),
        lambda device: device.serial,
        lambda device: _shape(device, name),
    )


@operation("iam:GetMFADevice", on=mfa_resources.wearer)
def get_mfa_device(call: Call) -> Answer:
    """Return a device of a user, by default the caller's. Errors: NoSuchEntity."""
    owner = the_owner(call)
    return _shape(the_device_of(call, owner), _name(call, owner))


def _paired(call: Call, device: MfaDevice) -> MfaDevice:
    first, second = call.parameters["AuthenticationCode1"], call.parameters["AuthenticationCode2"]
    tried = try_pair(device, first, second, call.keyring, call.wall)
    if not tried.proved:
        raise InvalidAuthenticationCode
    return tried.device


def _name(call: Call, owner: str) -> str:
    user = call.account.user_by_id(owner) if owner else None
    return call.account.settings.alias if user is None else user.name


def _shape(device: MfaDevice, name: str) -> dict[str, Any]:
    return {"UserName": name, "SerialNumber": device.serial, "EnableDate": device.enabled}
