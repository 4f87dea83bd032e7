"""A draft of the next Root: an operation writes on it, and it records what the store must make durable.

Putting and removing keep every index of the account true, so that a draft's `root` always equals what `assemble`
would make of the rows. A draft that is dropped changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from immutables import Map

from vestry.directory.anywhere_index import is_anywhere
from vestry.directory.entities import (
    KINDS,
    AccessKey,
    Entity,
    RingKey,
    Role,
    Service,
    Settings,
    User,
)
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.issuers import WebIdentityIssuer
from vestry.directory.machines import Instance
from vestry.directory.providers import UsedAssertion
from vestry.directory.shelves import SHELVES, Shelf
from vestry.directory.snapshot import Account, Root, age, policy_uses
from vestry.directory.workload_index import is_workload, moved_ids

#: The kind that stands for every row of an account.
EVERYTHING = "*"


class Change(NamedTuple):
    """One row to write, or to delete where `value` is None. Kind EVERYTHING deletes all rows of the account."""

    account: str
    kind: str
    id: str
    value: Entity | None


class Draft:
    """The next Root in the making; `changes` are in the order in which they must be written."""

    __slots__ = ("changes", "root")

    def __init__(self, root: Root) -> None:
        self.root = root
        self.changes: list[Change] = []

    def put(self, entity: Entity, *, replacing: Entity | None = None) -> None:
        """Write `entity`; `replacing` is the value it takes the place of (same id), None where it is new."""
        self.changes.append(Change(entity.account, KINDS[type(entity)], entity.id, entity))
        self._shelve(entity.account, replacing, entity)

    def remove(self, entity: Entity) -> None:
        """Delete `entity`."""
        self.changes.append(Change(entity.account, KINDS[type(entity)], entity.id, None))
        self._shelve(entity.account, entity, None)

    def remove_account(self, account: Account) -> None:
        """Delete an account and everything in it."""
        self.changes.append(Change(account.id, EVERYTHING, "", None))
        hosts = self.root.hosts
        for instance in account.machines.instances.values():
            hosts = hosts.moved(instance, None)
        task_ids = self.root.task_ids
        for task in account.workloads.tasks.values():
            task_ids = moved_ids(task_ids, task, None)
        self.root = msgspec.structs.replace(
            self.root,
            accounts=self.root.accounts.delete(account.id),
            aliases=self.root.aliases.delete(account.settings.alias),
            hosts=hosts,
            task_ids=task_ids,
        )

    def _shelve(self, number: str, old: Entity | None, new: Entity | None) -> None:
        root = self.root
        kept = new if new is not None else old
        if isinstance(kept, RingKey):
            ring = root.ring.delete(kept.number) if new is None else root.ring.set(kept.number, kept)
            self.root = msgspec.structs.replace(root, ring=ring)
            return
        if isinstance(kept, Service):
            self.root = _served(root, old, new)
            return
        if isinstance(kept, IdentityCertificate):
            self.root = msgspec.structs.replace(root, identity=new)
            return
        aliases, hosts = root.aliases, root.hosts
        if isinstance(new, Settings):
            present = root.accounts.get(number)
            account = Account(new) if present is None else msgspec.structs.replace(present, settings=new)
            if isinstance(old, Settings) and old.alias != new.alias:
                aliases = aliases.delete(old.alias)
            aliases = aliases.set(new.alias, number)
        else:
            account = _indexed(_placed(root.accounts[number], old, new), old, new)
            if isinstance(new, Instance) or isinstance(old, Instance):
                hosts = hosts.moved(_instance(old), _instance(new))
        self.root = msgspec.structs.replace(
            root,
            accounts=root.accounts.set(number, account),
            aliases=aliases,
            hosts=hosts,
            task_ids=moved_ids(root.task_ids, old, new),
        )


def _served(root: Root, old: Entity | None, new: Entity | None) -> Root:
    """Return `root` with a service and its keys in the place of what it was."""
    services, keys = root.services, root.service_keys
    if isinstance(old, Service):
        services = services.delete(old.name)
        for key in old.keys:
            keys = keys.delete(key.id)
    if isinstance(new, Service):
        services = services.set(new.name, new)
        for key in new.keys:
            keys = keys.set(key.id, new.name)
    return msgspec.structs.replace(root, services=services, service_keys=keys)


def _placed(account: Account, old: Entity | None, new: Entity | None) -> Account:
    """Return `account` with `new` in the place of `old`, and its indexes of ids and owners true."""
    kept = new if new is not None else old
    kind = type(kept)
    if kind in SHELVES:
        account = _shelved(account, SHELVES[kind], old, new)
        if kind is AccessKey:
            return _owned(account, old, new)
        return _named(account, old, new) if kind in (User, Role) else account
    if kind is Instance:
        machines = account.machines.moved(_instance(old), _instance(new))
        return msgspec.structs.replace(account, machines=machines)
    if is_workload(kept):
        return msgspec.structs.replace(account, workloads=account.workloads.moved(old, new))
    if is_anywhere(kept):
        return msgspec.structs.replace(account, anywhere=account.anywhere.moved(old, new))
    if kind is WebIdentityIssuer:
        return msgspec.structs.replace(account, issuer=new)
    if kind is UsedAssertion:
        return _placed_assertion(account, old, new)
    raise TypeError(f"nothing says where a {kind.__name__} lies")


def _shelved(account: Account, shelf: Shelf, old: Entity | None, new: Entity | None) -> Account:
    entities: Map[str, Entity] = getattr(account, shelf.field)
    if old is not None:
        entities = entities.delete(shelf.key(old))
    if new is not None:
        entities = entities.set(shelf.key(new), new)
    return msgspec.structs.replace(account, **{shelf.field: entities})


def _named(account: Account, old: Entity | None, new: Entity | None) -> Account:
    names = account.names
    if isinstance(old, User | Role):
        names = names.delete(old.id)
    if isinstance(new, User | Role):
        names = names.set(new.id, new.name.lower())
    return msgspec.structs.replace(account, names=names)


def _placed_assertion(account: Account, old: Entity | None, new: Entity | None) -> Account:
    used = account.used_assertions
    if isinstance(old, UsedAssertion):
        shelf = used[old.minute].delete(old.id)
        used = used.set(old.minute, shelf) if shelf else used.delete(old.minute)
    if isinstance(new, UsedAssertion):
        used = used.set(new.minute, used.get(new.minute, Map()).set(new.id, new))
    return msgspec.structs.replace(account, used_assertions=used)


def _instance(entity: Entity | None) -> Instance | None:
    return entity if isinstance(entity, Instance) else None


def _owned(account: Account, old: Entity | None, new: Entity | None) -> Account:
    keys, owned = account.keys, account.owned
    if isinstance(new, AccessKey):
        if old is None:
            held = sorted((*(keys[identifier] for identifier in owned.get(new.owner, ())), new), key=age)
            owned = owned.set(new.owner, tuple(key.id for key in held))
    elif isinstance(old, AccessKey):
        rest = tuple(identifier for identifier in owned[old.owner] if identifier != old.id)
        owned = owned.set(old.owner, rest) if rest else owned.delete(old.owner)
    return msgspec.structs.replace(account, owned=owned)


def _indexed(account: Account, old: Entity | None, new: Entity | None) -> Account:
    """Return `account` with its index of policy uses brought from `old` to `new`."""
    before, after = _shelf_of_uses(old), _shelf_of_uses(new)
    if before == after:
        return account
    identifier = (new if new is not None else old).id  # type: ignore[union-attr]
    uses = account.uses
    for arn in before.keys() | after.keys():
        shelf = uses.get(arn, Map())
        use = after.get(arn, 0)
        if use:
            shelf = shelf.set(identifier, use)
        elif identifier in shelf:
            shelf = shelf.delete(identifier)
        uses = uses.set(arn, shelf) if shelf else uses.delete(arn)
    return msgspec.structs.replace(account, uses=uses)


def _shelf_of_uses(entity: Entity | None) -> dict[str, int]:
    shelf: dict[str, int] = {}
    for arn, use in policy_uses(entity):
        shelf[arn] = shelf.get(arn, 0) | use
    return shelf
