"""A directory full of everything, and random lives of directories: what operations could do with a Draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from msgspec.structs import replace

from suites.anywhere import every_anywhere, live_anywhere
from suites.machines import every_machine, live
from suites.workloads import every_workload, live_workloads
from vestry.directory.devices import MfaDevice
from vestry.directory.draft import Change, Draft
from vestry.directory.entities import (
    KINDS,
    AccessKey,
    Entity,
    Named,
    Policy,
    PolicyVersion,
    RingKey,
    Role,
    Service,
    Settings,
    User,
)
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.issuers import SigningKey, WebIdentityIssuer
from vestry.directory.machines import InstanceProfile
from vestry.directory.providers import OidcProvider, SamlKey, SamlProvider, UsedAssertion
from vestry.directory.snapshot import Account, Root

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}]}'
TRUST = DOCUMENT.replace('"Resource":"*"', '"Principal":{"AWS":"AIDA0000000000000ANN"}')
SHARED = f"arn:aws:iam::{ONE}:policy/team/Readers"

#: Every kind of entity, each once with all its fields and once with as few as possible.
EVERY_ENTITY: tuple[Entity, ...] = (
    Settings(ONE, "production", "1f00", 1_790_000_000, True),
    Settings(TWO, "development", "2f00", 1_790_000_001),
    User(
        ONE,
        "AIDA0000000000000ANN",
        "Ann",
        "/team/",
        1_790_000_002,
        (("a", DOCUMENT), ("b", " {}\n")),
        (SHARED, "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        SHARED,
        (("Größe", "ünïcode \U0001f511"), ("empty", "")),
    ),
    User(TWO, "AIDA0000000000000BOB", "bob", "/", 0),
    Role(
        ONE,
        "AROA0000000000000APP",
        "UpdateApp",
        "/service/",
        1_790_000_003,
        TRUST,
        'said "so"\t\\',
        43_200,
        (("inline", DOCUMENT),),
        (SHARED,),
        SHARED,
        (("k", "v"),),
    ),
    Role(TWO, "AROA0000000000000MIN", "minimal", "/", 1_790_000_004, TRUST),
    Role(TWO, "AROA0000000000000NUL", "described", "/", 1_790_000_004, TRUST, ""),
    Policy(
        ONE,
        "ANPA0000000000000ALL",
        "Readers",
        "/team/",
        1_790_000_005,
        1_790_000_006,
        4,
        7,
        (PolicyVersion(4, DOCUMENT, 1_790_000_005), PolicyVersion(7, "{}", 1_790_000_006)),
        "described",
        (("k", "v"),),
    ),
    Policy(TWO, "ANPA0000000000000MIN", "least", "/", 1, 1, 1, 1, (PolicyVersion(1, DOCUMENT, 1),)),
    AccessKey(ONE, "AKIA000000000000ROOT", "", 1_790_000_007, bytes(range(256))),
    AccessKey(ONE, "AKIA0000000000000ANN", "AIDA0000000000000ANN", 1_790_000_008, b"", False),
    MfaDevice(
        ONE,
        "0d" * 10,
        "ann",
        "/team/",
        1_790_000_011,
        b"sealed",
        "AIDA0000000000000ANN",
        9,
        -2,
        59,
        3,
        7,
        (("k", "v"),),
    ),
    MfaDevice(ONE, "0e" * 10, "root", "/", 1_790_000_011, b"sealed", "", 9, last_step=59),
    MfaDevice(TWO, "0f" * 10, "spare", "/", 1, b""),
    WebIdentityIssuer(
        ONE,
        "0000-issuer",
        True,
        (
            SigningKey("RSA_1", "RS256", 5, '{"kty":"RSA"}', b"sealed"),
            SigningKey("EC384_2", "ES384", 6, "{}", b""),
        ),
    ),
    WebIdentityIssuer(TWO, "0001-issuer", False, ()),
    RingKey(1, 1_790_000_009, b"\x00sealed\xff"),
    RingKey(2, 1_790_000_010, b""),
    IdentityCertificate(1_790_000_021, "-----BEGIN CERTIFICATE-----\n", b"\x00sealed\xff"),
    Service(
        "backup.internal",
        1_790_000_017,
        (
            AccessKey(
                "000000000000", "AKIA000000000000BACK", "backup.internal", 1_790_000_018, b"\x00sealed\xff"
            ),
            AccessKey("000000000000", "AKIA000000000000NEXT", "backup.internal", 1_790_000_019, b"", False),
        ),
    ),
    Service("least.internal", 1),
    *every_machine(ONE, TWO),
    *every_workload(ONE, TWO),
    *every_anywhere(ONE, TWO),
    OidcProvider(
        ONE,
        "token.example.org:8443/realms/größe",
        1_790_000_016,
        ("sts.amazonaws.com", "größe"),
        ("6938fd4d98bab03faadb97b34396831e3780aea1",),
        (("k", "v"),),
    ),
    OidcProvider(TWO, "idp.example.org", 1),
    SamlProvider(
        ONE,
        "Corp.IdP_1-2",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        1_790_000_017,
        "<EntityDescriptor>größe</EntityDescriptor>",
        "https://idp.example.org/größe",
        ("AAAA", "BBBB"),
        1_790_000_018,
        True,
        (SamlKey("KEY0000000000000000000001", 1_790_000_019, b"sealed"), SamlKey("KEY2", 1, b"")),
        (("k", "v"),),
    ),
    SamlProvider(TWO, "least", "U", 1, "", "e", ()),
    UsedAssertion(ONE, "0123456789abcdef", 1_790_000_020),
    UsedAssertion(TWO, "", 0),
)


def change(entity: Entity) -> Change:
    """Return the change that writes an entity."""
    return Change(entity.account, KINDS[type(entity)], entity.id, entity)


Step = tuple[int, int, int, int]
#: Steps are small numbers, so that hypothesis can shrink a life to the few that matter.
STEPS = st.lists(st.tuples(*(st.integers(0, 13) for _ in range(4))), max_size=40)

_NUMBERS = (ONE, TWO, THREE)
_NAMES = ("Alpha", "alpha", "Beta", "gamma")
_ALIASES = ("red", "green", "blue", "white")
_PATHS = ("/", "/a/")
_TEXTS = (DOCUMENT, TRUST, "{}")


class Life:
    """Lives a directory: each step is one thing that an operation could do to `draft`, or nothing if it can't."""

    def __init__(self, root: Root) -> None:
        self.draft = Draft(root)
        self.made = 0

    def step(self, step: Step) -> None:
        """Do one step: the first number says what, the others to what and with which values."""
        what, which, first, second = step
        account = self.draft.root.accounts.get(_NUMBERS[which % 3])
        if what == 0 or account is None:
            self._settle(account, _NUMBERS[which % 3], _ALIASES[first % 4], second % 2 == 1)
        elif what in {1, 2}:
            self._end(account, stays=what == 1 and first % 3 > 0)
        elif what == 3:
            self._turn_ring(first % 3, second)
            self._serve(_NAMES[first % 4], second)
            self._prove(second)
        elif what == 4:
            self._key(account, first, second)
        elif what == 10:
            _live_providers(self.draft, account, first, second)
        elif what == 5 and first < 4:
            self._issuer(account, second)
        elif what == 5:
            self._device(account, _NAMES[first % 4], second)
        elif what == 13:
            live_anywhere(self.draft, account, first, second)
        elif what == 12:
            live_workloads(self.draft, account, self._id("", second), first, second)
        elif what == 11:
            live(self.draft, account, self._id("", second), first, second)
        else:
            self._entity(account, (User, Role, Policy, InstanceProfile)[what % 4], first, second)

    def end_everything(self) -> None:
        """Begin a new life."""
        for account in self.draft.root.accounts.values():
            self.draft.remove_account(account)
        for kept in (*self.draft.root.ring.values(), *self.draft.root.services.values()):
            self.draft.remove(kept)

    def next_draft(self) -> Sequence[Change]:
        """Return the changes so far, and go on from the state that they led to."""
        changes, self.draft = self.draft.changes, Draft(self.draft.root)
        return changes

    def _id(self, prefix: str, variant: int) -> str:
        """Return a fresh id; later ids don't always sort behind earlier ones."""
        self.made += 1
        return f"{prefix}{9 - variant % 10}{self.made:015}"

    def _settle(self, account: Account | None, number: str, alias: str, wildcards: bool) -> None:
        taken = self.draft.root.aliases.get(alias)
        if account is None and taken is None:
            self.draft.put(Settings(number, alias, self._id("i", 0), 1))
        elif account is not None and taken in {None, number}:
            old = account.settings
            manager = ONE if wildcards else ""
            changed = replace(old, alias=alias, wildcard_principals=wildcards, root_manager=manager)
            self.draft.put(changed, replacing=old)

    def _end(self, account: Account, *, stays: bool) -> None:
        self.draft.remove_account(account)
        if stays:
            self.draft.put(replace(account.settings, incarnation=self._id("i", 0)))
            for key in account.keys_of(""):
                self.draft.put(key)

    def _turn_ring(self, number: int, variant: int) -> None:
        present = self.draft.root.ring.get(number)
        if present is not None and variant % 3 == 0:
            self.draft.remove(present)
        else:
            self.draft.put(RingKey(number, variant, bytes([variant])), replacing=present)

    def _prove(self, variant: int) -> None:
        present = self.draft.root.identity
        if present is not None and variant % 3 == 2:
            self.draft.remove(present)
        else:
            self.draft.put(IdentityCertificate(variant, "", bytes([variant])), replacing=present)

    def _serve(self, name: str, variant: int) -> None:
        present = self.draft.root.services.get(name)
        if present is not None and variant % 3 == 1:
            self.draft.remove(present)
        else:
            key = AccessKey("000000000000", self._id("AKIA", variant), name, variant, b"s")
            self.draft.put(Service(name, variant, (key,) * (variant % 2)), replacing=present)

    def _key(self, account: Account, first: int, second: int) -> None:
        owners = ["", *sorted(account.names)]
        owner = owners[first % len(owners)]
        held = account.keys_of(owner)
        if held and second % 3 == 0:
            self.draft.remove(held[second % len(held)])
        elif held and second % 3 == 1:
            self.draft.put(replace(held[0], active=not held[0].active), replacing=held[0])
        elif len(held) < 3:
            self.draft.put(AccessKey(account.id, self._id("AKIA", second), owner, second % 2, b"s"))

    def _issuer(self, account: Account, variant: int) -> None:
        present = account.issuer
        if present is not None and variant % 3 == 0:
            self.draft.remove(present)
        else:
            issuer = WebIdentityIssuer(account.id, str(variant), variant % 2 == 0, ())
            self.draft.put(issuer, replacing=present)

    def _device(self, account: Account, name: str, variant: int) -> None:
        owner = (None, "", *sorted(account.names))[variant % (2 + len(account.names))]
        device = MfaDevice(account.id, self._id("m", variant), name, _PATHS[variant % 2], 1, b"s", owner)
        present = account.devices.get(device.serial)
        if present is None:
            self.draft.put(device)
        elif variant % 3 == 0:
            self.draft.remove(present)
        else:
            self.draft.put(replace(present, owner=owner, last_step=variant), replacing=present)

    def _entity(self, account: Account, kind: type[Named], first: int, second: int) -> None:
        shelf = {
            User: account.users,
            Role: account.roles,
            Policy: account.policies,
            InstanceProfile: account.profiles,
        }[kind]
        name = _NAMES[first % 4]
        present: Named | None = shelf.get(name.lower())
        if present is None:
            self.draft.put(_fresh(account.id, kind, self._id(kind.__name__, second), name, second))
        elif second % 4 == 0:
            self.draft.remove(present)
        elif isinstance(present, Policy):
            self.draft.put(_versioned(present, second), replacing=present)
        elif isinstance(present, InstanceProfile):
            self.draft.put(replace(present, role=f"AROA{second}"), replacing=present)
        elif second % 4 == 1:
            other = _NAMES[(first + second) % 4]
            if shelf.get(other.lower()) in {None, present}:
                self.draft.put(replace(present, name=other, path=_PATHS[second % 2]), replacing=present)
        else:
            self.draft.put(_USES[second % len(_USES)](present), replacing=present)


def _live_providers(draft: Draft, account: Account, first: int, second: int) -> None:
    """Do one thing to a provider of either kind, or to what is remembered of one."""
    name = _NAMES[first % 4]
    known = account.oidc_providers.get(name)
    registered = account.saml_providers.get(name.lower())
    used = next((shelf[name] for shelf in account.used_assertions.values() if name in shelf), None)
    if first < 4 and known is None:
        draft.put(OidcProvider(account.id, name, second))
    elif first < 4 and known is not None and second % 2:
        draft.put(replace(known, client_ids=(str(second),)), replacing=known)
    elif first < 4 and known is not None:
        draft.remove(known)
    elif first < 8 and registered is None:
        draft.put(SamlProvider(account.id, name, str(second), 1, "", "", ()))
    elif first < 8 and registered is not None and second % 2:
        draft.put(replace(registered, metadata=str(second)), replacing=registered)
    elif first < 8 and registered is not None:
        draft.remove(registered)
    elif used is None:
        draft.put(UsedAssertion(account.id, name, second * 20))
    else:
        draft.remove(used)


def _fresh(account: str, kind: type[Named], identifier: str, name: str, variant: int) -> Named:
    path, text = _PATHS[variant % 2], _TEXTS[variant % 3]
    if kind is User:
        return User(account, identifier, name, path, variant)
    if kind is Role:
        return Role(account, identifier, name, path, variant, text, attached=(SHARED,) * (variant % 2))
    if kind is InstanceProfile:
        return InstanceProfile(account, identifier, name, path, variant)
    return Policy(account, identifier, name, path, 1, 1, 1, 1, (PolicyVersion(1, text, 1),))


def _versioned(policy: Policy, variant: int) -> Policy:
    number = policy.last_number + 1
    versions = (*policy.versions[-4:], PolicyVersion(number, _TEXTS[variant % 3], variant))
    return replace(policy, versions=versions, default=number, last_number=number, updated=variant)


_USES: tuple[Callable[[User | Role], User | Role], ...] = (
    lambda entity: replace(entity, attached=(*entity.attached, SHARED)[:2]),
    lambda entity: replace(entity, attached=entity.attached[1:]),
    lambda entity: replace(entity, boundary=SHARED),
    lambda entity: replace(entity, boundary=""),
    lambda entity: replace(entity, inline=(*entity.inline, ("p", "{}"))[-2:]),
    lambda entity: replace(entity, tags=(("k", "v"),), attached=(SHARED, "arn:aws:iam::aws:policy/X")),
)


def differences(found: Root, expected: Root) -> list[str]:
    """Return what differs between two roots, their indexes included; their revisions are not compared."""
    said = [
        name
        for name in ("aliases", "ring", "hosts", "task_ids")
        if getattr(found, name) != getattr(expected, name)
    ]
    for number in sorted({*found.accounts, *expected.accounts}):
        here, there = found.accounts.get(number), expected.accounts.get(number)
        if here is None or there is None:
            said.append(f"{number} is {'there' if there is None else 'missing'}")
            continue
        for field in Account.__struct_fields__:
            if getattr(here, field) != getattr(there, field):
                said.append(f"{number}.{field}: {getattr(here, field)!r} != {getattr(there, field)!r}")
    return said
