"""Accounts: created, listed, set, reset and deleted by the operator."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from vestry.arn import NO_ACCOUNT, is_account_id
from vestry.directory.entities import Settings
from vestry.directory.snapshot import Account
from vestry.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from vestry.services.new_keys import make_key
from vestry.services.operator.call import OperatorCall

#: IAM User Guide, "Creating an account alias": 3 to 63 characters, and not what could be an account id.
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]", re.ASCII)


def create(call: OperatorCall) -> dict[str, Any]:
    """Create an account with a root access key, whose secret only this answer carries.

    Errors: ValidationError (alias or id), EntityAlreadyExists.
    """
    alias = str(call.arguments["alias"])
    if not _ALIAS.fullmatch(alias) or is_account_id(alias):
        raise ValidationError(
            f"{alias!r} cannot be an account alias.",
            hint="An alias has 3 to 63 lower-case letters, digits and single hyphens, and is no account id.",
        )
    root = call.draft.root
    if alias in root.aliases:
        raise EntityAlreadyExists(f"The account alias {alias} already exists.", hint="Choose another alias.")
    number = call.arguments.get("id") or _free_number(call)
    if not is_account_id(number) or number == NO_ACCOUNT:
        raise ValidationError(f"{number!r} is not an account id.", hint="An account id has twelve digits.")
    if number in root.accounts:
        raise EntityAlreadyExists(f"The account {number} already exists.", hint="Choose another --id.")
    settings = Settings(number, alias, call.entropy(8).hex(), call.now)
    call.draft.put(settings)
    key, secret = make_key(number, "", call.now, call.entropy, call.keyring)
    call.draft.put(key)
    return {"AccountId": number, "Alias": alias, "AccessKeyId": key.id, "SecretAccessKey": secret}


def list_all(call: OperatorCall) -> dict[str, Any]:
    """List the accounts, by alias."""
    accounts = sorted(call.draft.root.accounts.values(), key=lambda account: account.settings.alias)
    return {"Accounts": [_shape(account) for account in accounts]}


def set_options(call: OperatorCall) -> dict[str, Any]:
    """Change an account's options; what is not given stays. Errors: NoSuchEntity, ValidationError."""
    account = _the_account(call)
    wildcard, manager = call.arguments.get("allow_wildcard_principals"), call.arguments.get("root_manager")
    settings = changed = account.settings
    if wildcard is not None:
        changed = msgspec.structs.replace(changed, wildcard_principals=bool(wildcard))
    if manager is not None:
        changed = msgspec.structs.replace(changed, root_manager=_manager(call, account, str(manager)))
    if changed != settings:
        call.draft.put(changed, replacing=settings)
    return _shape(call.draft.root.accounts[account.id])


def reset(call: OperatorCall) -> dict[str, Any]:
    """Empty an account: it keeps its id, alias, options and root keys, and its sessions end. Errors: NoSuchEntity."""
    account = _the_account(call)
    keys = account.keys_of("")
    call.draft.remove_account(account)
    call.draft.put(msgspec.structs.replace(account.settings, incarnation=call.entropy(8).hex()))
    for key in keys:
        call.draft.put(key)
    return _shape(call.draft.root.accounts[account.id])


def delete(call: OperatorCall) -> dict[str, Any]:
    """Delete an account and everything in it. Errors: NoSuchEntity."""
    account = _the_account(call)
    call.draft.remove_account(account)
    for other in call.draft.root.accounts.values():
        if other.settings.root_manager == account.id:
            freed = msgspec.structs.replace(other.settings, root_manager="")
            call.draft.put(freed, replacing=other.settings)
    return {"AccountId": account.id, "Alias": account.settings.alias}


def _manager(call: OperatorCall, account: Account, name: str) -> str:
    """Return the id of the account that may assume this one's root user, empty for `none`. Raises NoSuchEntity,
    ValidationError."""
    if name == "none":
        return ""
    manager = call.draft.root.account(name)
    if manager is None:
        raise NoSuchEntity(f"The account {name} cannot be found.", hint="vestry account list shows them.")
    if manager.id == account.id:
        raise ValidationError("An account cannot manage its own root user.", hint="Name another account.")
    return manager.id


def _the_account(call: OperatorCall) -> Account:
    name = str(call.arguments["account"])
    account = call.draft.root.account(name)
    if account is None:
        raise NoSuchEntity(f"The account {name} cannot be found.", hint="vestry account list shows them.")
    return account


def _shape(account: Account) -> dict[str, Any]:
    return {
        "AccountId": account.id,
        "Alias": account.settings.alias,
        "Users": len(account.users),
        "Roles": len(account.roles),
        "Policies": len(account.policies),
        "AllowWildcardPrincipals": account.settings.wildcard_principals,
        "RootSessionsBy": account.settings.root_manager or None,
    }


def _free_number(call: OperatorCall) -> str:
    while True:
        number = f"{int.from_bytes(call.entropy(6), 'big') % 900_000_000_000 + 100_000_000_000}"
        if number not in call.draft.root.accounts:
            return number
