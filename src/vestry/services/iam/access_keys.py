"""Access keys of users and of the root user.

Source: IAM API reference, CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry import limits
from vestry.directory.entities import AccessKey
from vestry.errors import InvalidInput, NoSuchEntity
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import check_quota, the_user
from vestry.services.new_keys import make_key
from vestry.services.operation import Answer, Call, operation


def _owner(call: Call) -> tuple[str, str | None]:
    """Return the unique id of the keys' owner (`""`: the root user) and the user's name."""
    name = call.get("UserName")
    if name is None and call.caller.user is None:
        return "", None
    user = the_user(call, name if name is not None else call.caller.user.name)  # type: ignore[union-attr]
    return user.id, user.name


def _the_key(call: Call) -> AccessKey:
    owner, _ = _owner(call)
    identifier = call.parameters["AccessKeyId"]
    key = call.account.keys.get(identifier)
    if key is None or key.owner != owner:
        raise NoSuchEntity(f"The Access Key with id {identifier} cannot be found.")
    return key


def _shape(key: AccessKey, name: str | None) -> dict[str, Any]:
    return {
        "UserName": name,
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }


@operation("iam:CreateAccessKey", on=resources.user_or_self, writes=True)
def create_access_key(call: Call) -> Answer:
    """Create an access key; only this answer carries the secret. Errors: NoSuchEntity, LimitExceeded."""
    owner, name = _owner(call)
    check_quota(len(call.account.keys_of(owner)), limits.ACCESS_KEYS_PER_USER, "AccessKeysPerUser")
    key, secret = make_key(call.account.id, owner, call.now, call.entropy, call.keyring)
    call.put(key)
    return {"AccessKey": _shape(key, name) | {"SecretAccessKey": secret}}


@operation("iam:ListAccessKeys", on=resources.user_or_self)
def list_access_keys(call: Call) -> Answer:
    """List a user's access keys. Errors: NoSuchEntity."""
    owner, name = _owner(call)
    keys = sorted(call.account.keys_of(owner), key=lambda key: key.id)
    return pages.paged(call, "AccessKeyMetadata", keys, lambda key: key.id, lambda key: _shape(key, name))


@operation("iam:UpdateAccessKey", on=resources.user_or_self, writes=True)
def update_access_key(call: Call) -> Answer:
    """Activate or deactivate an access key. Errors: NoSuchEntity, InvalidInput."""
    key = _the_key(call)
    status = call.parameters["Status"]
    if status not in ("Active", "Inactive"):
        raise InvalidInput(f"Status {status} cannot be set.")
    call.put(msgspec.structs.replace(key, active=status == "Active"), replacing=key)
    return {}


@operation("iam:DeleteAccessKey", on=resources.user_or_self, writes=True)
def delete_access_key(call: Call) -> Answer:
    """Delete an access key. Errors: NoSuchEntity."""
    call.remove(_the_key(call))
    return {}


@operation("iam:GetAccessKeyLastUsed", on=resources.key_owner)
def get_access_key_last_used(call: Call) -> Answer:
    """Say when, where and for what a key was last used. An unknown key is AccessDenied, as on AWS."""
    key = call.account.keys[call.parameters["AccessKeyId"]]
    owner = call.account.user_by_id(key.owner) if key.owner else None
    used = call.last_used(key.id)
    last: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if used is not None:
        last = {"LastUsedDate": used.date, "ServiceName": used.service, "Region": used.region}
    return {"UserName": None if owner is None else owner.name, "AccessKeyLastUsed": last}
