"""The indexes of instances: by id and by address in the whole installation, by association and client token in an account.

`Hosts` finds the account of an instance id and the instances that claim an address; only instances that are not
terminated claim one. An address is claimed once in a region of an account, but may be claimed in several accounts.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from immutables import Map

from vestry.directory.machines import TERMINATED, Instance


class Hosts(msgspec.Struct, frozen=True, gc=False):
    """Where instances are: `accounts` by instance id, `addresses` to the ids that claim them, sorted."""

    accounts: Map[str, str] = Map()
    addresses: Map[str, tuple[str, ...]] = Map()

    def moved(self, old: Instance | None, new: Instance | None) -> Hosts:
        """Return the index with `new` in the place of `old`."""
        accounts, addresses = self.accounts, self.addresses
        if old is not None and new is None:
            accounts = accounts.delete(old.id)
        elif old is None and new is not None:
            accounts = accounts.set(new.id, new.account)
        before, after = claimed(old), claimed(new)
        if before != after:
            if old is not None and before:
                addresses = _without(addresses, before, old.id)
            if new is not None and after:
                addresses = _with(addresses, after, new.id)
        return Hosts(accounts, addresses)


class Machines(msgspec.Struct, frozen=True, gc=False):
    """The instances of an account, and what finds them: an association's id, a region's client token."""

    instances: Map[str, Instance] = Map()
    associations: Map[str, str] = Map()  # iip-assoc-… -> instance id
    launches: Map[str, tuple[str, ...]] = Map()  # "region token" -> instance ids

    def moved(self, old: Instance | None, new: Instance | None) -> Machines:
        """Return these machines with `new` in the place of `old`."""
        instances, associations, launches = self.instances, self.associations, self.launches
        if old is not None and old.association is not None:
            associations = associations.delete(old.association.id)
        if new is not None and new.association is not None:
            associations = associations.set(new.association.id, new.id)
        if new is not None:
            instances = instances.set(new.id, new)
            if old is None and new.token:
                launches = _with(launches, launch_key(new.region, new.token), new.id)
        elif old is not None:
            instances = instances.delete(old.id)
            if old.token:
                launches = _without(launches, launch_key(old.region, old.token), old.id)
        return Machines(instances, associations, launches)

    def launched(self, region: str, token: str) -> list[Instance]:
        """Return the instances that were launched in a region under a client token, in the order of launch."""
        found = [
            self.instances[identifier] for identifier in self.launches.get(launch_key(region, token), ())
        ]
        return sorted(found, key=lambda instance: instance.index)

    def by_association(self, identifier: str) -> Instance | None:
        """Return the instance that has the association of that id."""
        instance = self.associations.get(identifier)
        return None if instance is None else self.instances[instance]


def launch_key(region: str, token: str) -> str:
    """Return the key of a client token: tokens of different regions have nothing to do with each other."""
    return f"{region} {token}"


def claimed(instance: Instance | None) -> str:
    """Return the address that an instance claims; empty for one that is terminated or not there."""
    return "" if instance is None or instance.state == TERMINATED else instance.address


def machines_of(instances: Iterable[Instance]) -> Machines:
    """Return the machines of one account (used when a store is loaded)."""
    listed = list(instances)
    launches: dict[str, list[str]] = {}
    for instance in listed:
        if instance.token:
            launches.setdefault(launch_key(instance.region, instance.token), []).append(instance.id)
    return Machines(
        Map({instance.id: instance for instance in listed}),
        Map({one.association.id: one.id for one in listed if one.association is not None}),
        Map({key: tuple(sorted(identifiers)) for key, identifiers in launches.items()}),
    )


def hosts_of(instances: Iterable[Instance]) -> Hosts:
    """Return the index of all instances of the installation (used when a store is loaded)."""
    accounts: dict[str, str] = {}
    addresses: dict[str, list[str]] = {}
    for instance in instances:
        accounts[instance.id] = instance.account
        address = claimed(instance)
        if address:
            addresses.setdefault(address, []).append(instance.id)
    return Hosts(Map(accounts), Map({address: tuple(sorted(ids)) for address, ids in addresses.items()}))


def _with(shelf: Map[str, tuple[str, ...]], key: str, identifier: str) -> Map[str, tuple[str, ...]]:
    return shelf.set(key, tuple(sorted((*shelf.get(key, ()), identifier))))


def _without(shelf: Map[str, tuple[str, ...]], key: str, identifier: str) -> Map[str, tuple[str, ...]]:
    rest = tuple(one for one in shelf[key] if one != identifier)
    return shelf.set(key, rest) if rest else shelf.delete(key)
