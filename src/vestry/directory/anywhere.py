"""What IAM Roles Anywhere knows: trust anchors, profiles, revocation lists, and the subjects that were seen.

Each belongs to one region of an account and is found by a UUID. Times are epoch seconds (UTC).
Source: IAM Roles Anywhere User Guide and API reference.
"""

from __future__ import annotations

import uuid

import msgspec

from vestry.arn import PARTITION

Pairs = tuple[tuple[str, str], ...]

#: Sets the ids of subjects apart from all other name-based UUIDs.
_SUBJECTS = uuid.UUID("5b1f0c38-54e5-4a0b-9b5e-6a52c0e9d1f7")

#: What a profile maps until it is told otherwise: every attribute of the names, the first of each alternative name.
DEFAULT_MAPPINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("x509Issuer", ("*",)),
    ("x509SAN", ("DNS", "URI", "Name/*")),
    ("x509Subject", ("*",)),
)


class Notification(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A customized notification setting of a trust anchor. `threshold` is in days, 0 where none was given."""

    event: str
    enabled: bool
    threshold: int = 0
    channel: str = "ALL"


class TrustAnchor(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A certificate authority that an account trusts: `certificates` are PEM, as they were given."""

    account: str
    id: str
    region: str
    name: str
    created: int
    updated: int
    certificates: str
    enabled: bool = False
    notifications: tuple[Notification, ...] = ()
    alias: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The trust anchor's ARN."""
        return anywhere_arn(self.region, self.account, "trust-anchor", self.id)


class AnywhereProfile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A profile: the roles that certificates may be exchanged for, and what bounds those sessions."""

    account: str
    id: str
    region: str
    name: str
    created: int
    updated: int
    roles: tuple[str, ...]  # ARNs
    managed: tuple[str, ...] = ()  # ARNs of managed session policies
    policy: str = ""  # session policy
    duration: int = 3600  # seconds
    enabled: bool = False
    accepts_name: bool = False  # acceptRoleSessionName
    wants_properties: bool = False  # requireInstanceProperties
    mappings: tuple[tuple[str, tuple[str, ...]], ...] = DEFAULT_MAPPINGS  # certificate field -> specifiers
    alias: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The profile's ARN."""
        return anywhere_arn(self.region, self.account, "profile", self.id)


class RevocationList(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An imported certificate revocation list (PEM) of one trust anchor."""

    account: str
    id: str
    region: str
    name: str
    created: int
    updated: int
    anchor: str  # the trust anchor's id
    data: bytes
    enabled: bool = False
    alias: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The list's ARN."""
        return anywhere_arn(self.region, self.account, "crl", self.id)


class SeenCertificate(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A certificate of a subject, when it was last presented, and what came of it."""

    serial: str  # decimal
    issuer: str
    at: int
    certificate: str  # PEM
    failed: bool = False
    properties: Pairs = ()


class Subject(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Who asked for sessions with certificates: one for each distinguished name."""

    account: str
    region: str
    name: str  # the subject of its certificates (RFC 4514)
    created: int
    seen: int
    certificates: tuple[SeenCertificate, ...]  # the last one presented comes first

    @property
    def id(self) -> str:
        """The subject's id, which follows from where it was seen and its name."""
        return subject_id(self.account, self.region, self.name)

    @property
    def arn(self) -> str:
        """The subject's ARN."""
        return anywhere_arn(self.region, self.account, "subject", self.id)


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A certificate that was presented to an account, in one region, and proven; the account as it was then."""

    account: str
    incarnation: str
    region: str
    subject: str
    certificate: SeenCertificate


def seen(subject: Subject | None, sighting: Sighting, most: int) -> Subject:
    """Return a subject with what was seen of it now; it remembers `most` certificates."""
    new = sighting.certificate
    if subject is None:
        return Subject(sighting.account, sighting.region, sighting.subject, new.at, new.at, (new,))
    others = tuple(one for one in subject.certificates if one.serial != new.serial)
    return msgspec.structs.replace(
        subject, seen=max(subject.seen, new.at), certificates=(new, *others)[:most]
    )


def anywhere_arn(region: str, account: str, kind: str, identifier: str) -> str:
    """Return the ARN of something of IAM Roles Anywhere, existing or not."""
    return f"arn:{PARTITION}:rolesanywhere:{region}:{account}:{kind}/{identifier}"


def alias_arn(region: str, account: str, kind: str, alias: str) -> str:
    """Return the ARN by which something may be called by its alias in requests, never in policies."""
    return f"arn:{PARTITION}:rolesanywhere:{region}:{account}:alias/{kind}/{alias}"


def subject_id(account: str, region: str, name: str) -> str:
    """Return the id of the subject with that distinguished name."""
    return str(uuid.uuid5(_SUBJECTS, f"{account}/{region}/{name}"))
