"""The entities of an account as frozen values, one class each, exactly as they are stored.

Times are epoch seconds (UTC). Tags are (key, value) pairs sorted by key; inline policies are (name, text) pairs sorted
by name. A field added here needs a default, or a new body version in the store.
"""

from __future__ import annotations

import msgspec

from vestry.arn import iam_arn
from vestry.directory.anywhere import AnywhereProfile, RevocationList, Subject, TrustAnchor
from vestry.directory.devices import MfaDevice
from vestry.directory.identity_certificates import IdentityCertificate
from vestry.directory.issuers import WebIdentityIssuer
from vestry.directory.machines import Instance, InstanceProfile, MetadataDefaults
from vestry.directory.providers import OidcProvider, SamlProvider, UsedAssertion
from vestry.directory.workloads import Cluster, ContainerTask, PodAssociation

Pairs = tuple[tuple[str, str], ...]


class User(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An IAM user."""

    account: str
    id: str  # AIDA…
    name: str
    path: str
    created: int
    inline: Pairs = ()
    attached: tuple[str, ...] = ()  # ARNs of managed policies, in the order of attachment
    boundary: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The user's ARN, path included."""
        return iam_arn(self.account, "user", self.path, self.name)


class Role(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A role. INVARIANT: `trust` names users and roles of hosted accounts by unique id only."""

    account: str
    id: str  # AROA…
    name: str
    path: str
    created: int
    trust: str
    description: str | None = None
    longest_session: int = 3600  # MaxSessionDuration, seconds
    inline: Pairs = ()
    attached: tuple[str, ...] = ()
    boundary: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The role's ARN, path included."""
        return iam_arn(self.account, "role", self.path, self.name)


class PolicyVersion(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One version of a managed policy."""

    number: int
    text: str
    created: int

    @property
    def id(self) -> str:
        """The version's id as AWS writes it."""
        return f"v{self.number}"


class Policy(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A customer managed policy. INVARIANT: `default` is the number of one of `versions`; numbers are never reused."""

    account: str
    id: str  # ANPA…
    name: str
    path: str
    created: int
    updated: int
    default: int
    last_number: int
    versions: tuple[PolicyVersion, ...]  # oldest first
    description: str | None = None
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The policy's ARN, path included."""
        return iam_arn(self.account, "policy", self.path, self.name)

    @property
    def text(self) -> str:
        """The document of the default version."""
        return next(version.text for version in self.versions if version.number == self.default)


class AccessKey(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A long-term access key. `secret` is sealed; `owner` is the user's unique id, empty for the root user.

    A service's key is kept in its `Service`: `owner` is then its name and `account` is `arn.NO_ACCOUNT`.
    """

    account: str
    id: str  # AKIA…
    owner: str
    created: int
    secret: bytes
    active: bool = True


class Settings(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An account's row of its own. `incarnation` changes when the account is reset: its sessions end with it."""

    account: str
    alias: str
    incarnation: str
    created: int
    wildcard_principals: bool = False
    root_manager: str = ""  # id of the account whose principals may assume this one's root user

    @property
    def id(self) -> str:
        """The row's id: there is one such row in an account."""
        return "settings"


class RingKey(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A key that seals session tokens, itself sealed under the master key. It belongs to the installation.

    `directory.ring` says what `standby` and `retired` (when it was last in use, 0: it is) mean.
    """

    number: int
    created: int
    secret: bytes
    account: str = ""
    standby: bool = False
    retired: int = 0

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.number)


class Service(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A service principal such as `backup.internal`. It belongs to the installation.

    It is known by its name, as AWS's own are: one that is deleted and made again under the same name is trusted again by
    the trust policies that name it.
    """

    name: str
    created: int
    keys: tuple[AccessKey, ...] = ()  # oldest first
    account: str = ""

    @property
    def id(self) -> str:
        """The row's id."""
        return self.name


#: What an account holds under a name of its own.
Named = User | Role | Policy | InstanceProfile
Entity = (
    User
    | Role
    | Policy
    | InstanceProfile
    | Instance
    | MetadataDefaults
    | ContainerTask
    | Cluster
    | PodAssociation
    | TrustAnchor
    | AnywhereProfile
    | RevocationList
    | Subject
    | OidcProvider
    | SamlProvider
    | UsedAssertion
    | AccessKey
    | MfaDevice
    | WebIdentityIssuer
    | Settings
    | RingKey
    | IdentityCertificate
    | Service
)

#: The kind under which each class is stored.
KINDS: dict[type[Entity], str] = {
    User: "user",
    Role: "role",
    Policy: "policy",
    InstanceProfile: "instance-profile",
    Instance: "instance",
    OidcProvider: "oidc-provider",
    SamlProvider: "saml-provider",
    UsedAssertion: "used-assertion",
    MetadataDefaults: "metadata-defaults",
    ContainerTask: "container-task",
    Cluster: "cluster",
    PodAssociation: "pod-association",
    TrustAnchor: "trust-anchor",
    AnywhereProfile: "anywhere-profile",
    RevocationList: "revocation-list",
    Subject: "anywhere-subject",
    AccessKey: "key",
    MfaDevice: "mfa-device",
    WebIdentityIssuer: "issuer",
    Settings: "account",
    RingKey: "ring-key",
    IdentityCertificate: "identity-certificate",
    Service: "service",
}
