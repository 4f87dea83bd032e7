"""Everything that exists, as one immutable value.

A `Root` is published by one reference swap; whoever holds one reads a consistent state for as long as they like.
Names are unique without regard to case, so maps are keyed by the lower-case name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from immutables import Map

from vestry.arn import is_account_id
from vestry.directory.anywhere_index import Anywhere, anywhere_of, is_anywhere
from vestry.directory.devices import MfaDevice
from vestry.directory.entities import AccessKey, Entity, Policy, RingKey, Role, Service, Settings, User
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.issuers import WebIdentityIssuer
from vestry.directory.machine_index import Hosts, Machines, hosts_of, machines_of
from vestry.directory.machines import Instance, InstanceProfile, MetadataDefaults
from vestry.directory.providers import OidcProvider, SamlProvider, UsedAssertion
from vestry.directory.shelves import SHELVES
from vestry.directory.workload_index import (
    TaskIds,
    Workloads,
    is_workload,
    task_ids_of,
    workloads_of,
)
from vestry.directory.workloads import ContainerTask

#: How an entity uses a managed policy.
ATTACHED, BOUNDARY = 1, 2

Uses = Map[str, int]


class Account(msgspec.Struct, frozen=True, gc=False):
    """One account. `names` finds a user or role by unique id; `uses` says who uses a managed policy (by its ARN)."""

    settings: Settings
    users: Map[str, User] = Map()
    roles: Map[str, Role] = Map()
    policies: Map[str, Policy] = Map()
    profiles: Map[str, InstanceProfile] = Map()
    machines: Machines = Machines()
    metadata_defaults: Map[str, MetadataDefaults] = Map()  # by region
    oidc_providers: Map[str, OidcProvider] = Map()  # by URL without https://
    saml_providers: Map[str, SamlProvider] = Map()  # by lower-case name
    used_assertions: Map[int, Map[str, UsedAssertion]] = Map()  # by the minute in which they end, then by id
    keys: Map[str, AccessKey] = Map()
    names: Map[str, str] = Map()  # AIDA… or AROA… -> lower-case name
    owned: Map[str, tuple[str, ...]] = Map()  # user id, or "" for root -> ids of access keys, oldest first
    uses: Map[str, Uses] = Map()  # policy ARN -> unique id -> ATTACHED | BOUNDARY
    devices: Map[str, MfaDevice] = Map()  # by serial number
    issuer: WebIdentityIssuer | None = None
    workloads: Workloads = Workloads()
    anywhere: Anywhere = Anywhere()

    @property
    def id(self) -> str:
        """The twelve-digit account id."""
        return self.settings.account

    def saml_provider(self, arn: str) -> SamlProvider | None:
        """Return the SAML provider with exactly that ARN."""
        found = self.saml_providers.get(arn.partition(":saml-provider/")[2].lower())
        return found if found is not None and found.arn == arn else None

    def user(self, name: str) -> User | None:
        """Return the user of that name, ignoring case."""
        return self.users.get(name.lower())

    def role(self, name: str) -> Role | None:
        """Return the role of that name, ignoring case."""
        return self.roles.get(name.lower())

    def user_by_id(self, unique_id: str) -> User | None:
        """Return the user with that unique id."""
        name = self.names.get(unique_id)
        found = None if name is None else self.users.get(name)
        return found if found is not None and found.id == unique_id else None

    def role_by_id(self, unique_id: str) -> Role | None:
        """Return the role with that unique id."""
        name = self.names.get(unique_id)
        found = None if name is None else self.roles.get(name)
        return found if found is not None and found.id == unique_id else None

    def policy_by_arn(self, arn: str) -> Policy | None:
        """Return the managed policy with exactly that ARN."""
        policy = self.policies.get(arn.rpartition("/")[2].lower())
        return policy if policy is not None and policy.arn == arn else None

    def profile(self, name: str) -> InstanceProfile | None:
        """Return the instance profile of that name, ignoring case."""
        return self.profiles.get(name.lower())

    def profile_by_arn(self, arn: str) -> InstanceProfile | None:
        """Return the instance profile with exactly that ARN."""
        profile = self.profiles.get(arn.rpartition("/")[2].lower())
        return profile if profile is not None and profile.arn == arn else None

    def profiles_of(self, role: Role) -> list[InstanceProfile]:
        """Return the instance profiles that a role is in, by name."""
        found = [profile for profile in self.profiles.values() if profile.role == role.id]
        return sorted(found, key=lambda profile: profile.name.lower())

    def profile_of(self, instance: Instance) -> InstanceProfile | None:
        """Return the profile an instance is associated with; None where there is none or it was deleted since."""
        if instance.association is None:
            return None
        profile = self.profile_by_arn(instance.association.arn)
        return profile if profile is not None and profile.id == instance.association.profile else None

    def keys_of(self, owner: str) -> list[AccessKey]:
        """Return the access keys of a user (by unique id) or of the root user (`""`), oldest first."""
        return [self.keys[identifier] for identifier in self.owned.get(owner, ())]

    def devices_of(self, owner: str) -> list[MfaDevice]:
        """Return the MFA devices of a user (by unique id) or of the root user (`""`), by serial number.

        It looks at all devices: nothing that is asked often needs it.
        """
        found = [device for device in self.devices.values() if device.owner == owner]
        return sorted(found, key=lambda device: device.serial)


class Root(msgspec.Struct, frozen=True, gc=False):
    """All accounts and what belongs to the installation, at one revision."""

    revision: int = 0
    accounts: Map[str, Account] = Map()
    aliases: Map[str, str] = Map()  # alias -> account id
    ring: Map[int, RingKey] = Map()
    hosts: Hosts = Hosts()
    services: Map[str, Service] = Map()  # by name
    service_keys: Map[str, str] = Map()  # access key id -> service
    task_ids: TaskIds = Map()
    identity: IdentityCertificate | None = None  # proves the identity documents of instances

    def account(self, name: str) -> Account | None:
        """Return an account by its id or alias."""
        identifier = name if is_account_id(name) else self.aliases.get(name)
        return None if identifier is None else self.accounts.get(identifier)

    def service_with(self, access_key: str) -> tuple[Service, AccessKey] | None:
        """Return the service that an access key belongs to, and the key."""
        name = self.service_keys.get(access_key)
        if name is None:
            return None
        service = self.services[name]
        return service, next(key for key in service.keys if key.id == access_key)

    def instance(self, identifier: str) -> Instance | None:
        """Return the instance of that id, whatever its account, region and state."""
        number = self.hosts.accounts.get(identifier)
        return None if number is None else self.accounts[number].machines.instances[identifier]

    def instances_at(self, address: str) -> list[Instance]:
        """Return the instances that claim a private address: several where accounts or regions share it."""
        found = (self.instance(identifier) for identifier in self.hosts.addresses.get(address, ()))
        return [instance for instance in found if instance is not None]

    def task_of(self, credentials_id: str) -> ContainerTask | None:
        """Return the task whose credentials id has that fingerprint."""
        found = self.task_ids.get(credentials_id)
        return None if found is None else self.accounts[found[0]].workloads.tasks[found[1]]

    def principal(self, arn: str) -> User | Role | None:
        """Return the user or role with exactly that ARN."""
        account = self.accounts.get(arn[13:25])  # what stands elsewhere fails the comparison below
        if account is None:
            return None
        name = arn[arn.rfind("/") + 1 :].lower()
        found: User | Role | None = (
            account.roles.get(name) if arn[25:31] == ":role/" else account.users.get(name)
        )
        return found if found is not None and found.arn == arn else None


E = TypeVar("E", User, Role, Policy, InstanceProfile)


def page(
    values: Map[str, E], prefix: str, after: str, wanted: int, keep: Callable[[E], bool] | None = None
) -> tuple[Sequence[E], bool]:
    """Return up to `wanted` entities under a path prefix, by name, and whether there are more.

    `after` is the lower-case name behind which the page begins; it need not exist any more.
    """
    found: list[E] = []
    for key in sorted(key for key in values if key > after):
        entity = values[key]
        if entity.path.startswith(prefix) and (keep is None or keep(entity)):
            if len(found) == wanted:
                return found, True
            found.append(entity)
    return found, False


def policy_uses(entity: Entity | None) -> Iterator[tuple[str, int]]:
    """Yield (policy ARN, ATTACHED or BOUNDARY) for each use an entity makes of managed policies."""
    if isinstance(entity, User | Role):
        for arn in entity.attached:
            yield arn, ATTACHED
        if entity.boundary:
            yield entity.boundary, BOUNDARY


def assemble(entities: Iterable[Entity], revision: int) -> Root:
    """Return the Root that holds `entities`, in any order (used when a store is loaded).

    An entity whose account has no settings row raises ValueError: a store is never half an account.
    """
    shelves: dict[str, list[Entity]] = {}
    settings: dict[str, Settings] = {}
    ring: dict[int, RingKey] = {}
    services: dict[str, Service] = {}
    identity: IdentityCertificate | None = None
    for entity in entities:
        if isinstance(entity, RingKey):
            ring[entity.number] = entity
        elif isinstance(entity, Service):
            services[entity.name] = entity
        elif isinstance(entity, IdentityCertificate):
            identity = entity
        elif isinstance(entity, Settings):
            settings[entity.account] = entity
        else:
            shelves.setdefault(entity.account, []).append(entity)
    orphans = shelves.keys() - settings.keys()
    if orphans:
        raise ValueError(f"rows of accounts without settings: {', '.join(sorted(orphans))}")
    accounts = {number: _account(row, shelves.get(number, ())) for number, row in settings.items()}
    aliases = {row.alias: number for number, row in settings.items()}
    instances = (entity for shelf in shelves.values() for entity in shelf if isinstance(entity, Instance))
    return Root(
        revision,
        Map(accounts),
        Map(aliases),
        Map(ring),
        hosts_of(instances),
        Map(services),
        Map({key.id: service.name for service in services.values() for key in service.keys}),
        task_ids_of(
            entity for shelf in shelves.values() for entity in shelf if isinstance(entity, ContainerTask)
        ),
        identity,
    )


def _account(settings: Settings, entities: Iterable[Entity]) -> Account:
    shelved: dict[str, dict[str, Any]] = {shelf.field: {} for shelf in SHELVES.values()}
    others: list[Entity] = []
    uses: dict[str, dict[str, int]] = {}
    for entity in entities:
        shelf = SHELVES.get(type(entity))
        if shelf is None:
            others.append(entity)
        else:
            shelved[shelf.field][shelf.key(entity)] = entity
        for arn, use in policy_uses(entity):
            users = uses.setdefault(arn, {})
            users[entity.id] = users.get(entity.id, 0) | use
    return Account(
        settings,
        **{field: Map(found) for field, found in shelved.items()},
        machines=machines_of([entity for entity in others if isinstance(entity, Instance)]),
        used_assertions=_by_minute(others),
        names=Map(
            {entity.id: name for field in ("users", "roles") for name, entity in shelved[field].items()}
        ),
        owned=_owned(shelved["keys"].values()),
        uses=Map({arn: Map(users) for arn, users in uses.items()}),
        issuer=next((entity for entity in others if isinstance(entity, WebIdentityIssuer)), None),
        workloads=workloads_of([entity for entity in others if is_workload(entity)]),
        anywhere=anywhere_of([entity for entity in others if is_anywhere(entity)]),
    )


def _by_minute(entities: Iterable[Entity]) -> Map[int, Map[str, UsedAssertion]]:
    """Return the used assertions by the minute in which they end, then by id."""
    found: dict[int, dict[str, UsedAssertion]] = {}
    for entity in entities:
        if isinstance(entity, UsedAssertion):
            found.setdefault(entity.minute, {})[entity.id] = entity
    return Map({minute: Map(used) for minute, used in found.items()})


def _owned(keys: Iterable[AccessKey]) -> Map[str, tuple[str, ...]]:
    """Return the ids of the access keys by owner, oldest first."""
    found: dict[str, list[AccessKey]] = {}
    for key in keys:
        found.setdefault(key.owner, []).append(key)
    return Map({owner: tuple(key.id for key in sorted(held, key=age)) for owner, held in found.items()})


def age(key: AccessKey) -> tuple[int, str]:
    """Return what access keys are ordered by, oldest first; those of one second by id, so that the order is one."""
    return key.created, key.id
