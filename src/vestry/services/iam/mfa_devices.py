"""Virtual MFA devices: created with a seed that is shown once, listed, deleted.

Source: IAM API reference, CreateVirtualMFADevice, ListVirtualMFADevices, DeleteVirtualMFADevice.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from vestry import limits
from vestry.access.authenticate import sealed_for
from vestry.credentials.totp import SEED_BYTES, new_seed
from vestry.credentials.vault import NONCE_BYTES
from vestry.directory.devices import MfaDevice
from vestry.errors import DeleteConflict, EntityAlreadyExists, ValidationError
from vestry.services.iam import mfa_resources, pages, resources
from vestry.services.iam.lookups import check_quota, new_tags, tag_list
from vestry.services.iam.mfa_resources import the_device
from vestry.services.iam.tagging import also_tag
from vestry.services.iam.users import user_shape
from vestry.services.operation import Answer, Call, operation

#: [M] serialNumberType: a longer one could not be named in any other operation.
_LONGEST_SERIAL = 256


@operation(
    "iam:CreateVirtualMFADevice",
    on=mfa_resources.new_device,
    keys=(resources.request_tags,),
    more=(also_tag("iam:TagMFADevice"),),
    writes=True,
)
def create_virtual_mfa_device(call: Call) -> Answer:
    """Create a device; only this answer carries the seed. Errors: EntityAlreadyExists, LimitExceeded, InvalidInput."""
    tags = new_tags(call, ignore_case=False)
    seed = new_seed(call.entropy(SEED_BYTES))
    device = MfaDevice(
        account=call.account.id,
        id=call.entropy(10).hex(),
        name=call.parameters["VirtualMFADeviceName"],
        path=call.get("Path", "/"),
        created=call.now,
        seed=b"",
        tags=tags,
    )
    if len(device.serial) > _LONGEST_SERIAL:
        raise ValidationError(
            "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: Member must "
            f"have length less than or equal to {_LONGEST_SERIAL - len(device.serial) + len(device.name)}"
        )
    if device.serial in call.account.devices:
        raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.")
    check_quota(len(call.account.devices), limits.MFA_DEVICES_PER_ACCOUNT, "MFADevicesPerAccount")
    sealed = call.keyring.vault.seal(seed.encode(), sealed_for(device), call.entropy(NONCE_BYTES))
    call.put(replace(device, seed=sealed))
    return {
        "VirtualMFADevice": {
            "SerialNumber": device.serial,
            "Base32StringSeed": seed.encode(),
            "QRCodePNG": qr_code(key_uri(device.name, call.account.settings.alias, seed)),
            "Tags": tag_list(tags) or None,
        }
    }


def key_uri(name: str, account: str, seed: str) -> str:
    """Return what an authenticator application reads. Source: IAM API reference, VirtualMFADevice, QRCodePNG."""
    return f"otpauth://totp/{quote(name)}@{quote(account)}?secret={seed}"


def qr_code(text: str) -> bytes:
    """Return a QR code of `text` as a PNG image."""
    import segno  # noqa: PLC0415 - it takes long to load, and hardly any server needs it

    image = BytesIO()
    segno.make_qr(text).save(image, kind="png", scale=5)
    return image.getvalue()


@operation("iam:ListVirtualMFADevices", on=mfa_resources.devices)
def list_virtual_mfa_devices(call: Call) -> Answer:
    """List the account's virtual devices by serial number: all, or those that are assigned or not."""
    wanted = call.get("AssignmentStatus", "Any")
    found = [
        device
        for device in call.account.devices.values()
        if wanted == "Any" or (device.owner is not None) is (wanted == "Assigned")
    ]
    found.sort(key=lambda device: device.serial)
    return pages.paged(
        call, "VirtualMFADevices", found, lambda device: device.serial, lambda device: _shape(call, device)
    )


def _shape(call: Call, device: MfaDevice) -> dict[str, Any]:
    shape: dict[str, Any] = {"SerialNumber": device.serial}
    if device.owner is None:
        return shape
    user = call.account.user_by_id(device.owner)
    return shape | {
        "EnableDate": device.enabled,
        "User": root_shape(call) if user is None else user_shape(user),
    }


def root_shape(call: Call) -> dict[str, Any]:
    """Return the root user in the shape of a user, as answers that list the owners of devices have it."""
    settings = call.account.settings
    arn = f"arn:aws:iam::{settings.account}:root"
    return {
        "Path": "/",
        "UserName": settings.alias,
        "UserId": settings.account,
        "Arn": arn,
        "CreateDate": settings.created,
    }


@operation("iam:DeleteVirtualMFADevice", on=mfa_resources.device_numbered, writes=True)
def delete_virtual_mfa_device(call: Call) -> Answer:
    """Delete a device that is assigned to nobody. Errors: NoSuchEntity, DeleteConflict."""
    device = the_device(call)
    if device.owner is not None:
        raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
    call.remove(device)
    return {}
