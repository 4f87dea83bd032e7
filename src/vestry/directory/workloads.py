"""Who is given a role beside machines: tasks of containers, and the pods of clusters.

A task is a registered workload, as an instance is a registered machine: a name under which some container or process of
the user's is known. A cluster is a registered Kubernetes cluster: the issuer of its service accounts' tokens. Vestry
runs neither. Roles are kept by ARN, as ECS and EKS keep them: their trust policies are asked each time. Times are epoch
seconds (UTC).
"""

from __future__ import annotations

import msgspec

from vestry.arn import PARTITION

Pairs = tuple[tuple[str, str], ...]


class ContainerTask(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A task. Its two secrets are kept as fingerprints only, from which they cannot be told."""

    account: str
    id: str  # 32 hexadecimal digits, which are also the name of its role sessions
    name: str
    role: str  # ARN
    region: str
    cluster: str
    created: int
    credentials_id: str  # the fingerprint of the UUID in its relative URI
    token: str  # the fingerprint of its authorization token

    @property
    def arn(self) -> str:
        """The task's ARN, in the form that ECS gives it."""
        return f"arn:{PARTITION}:ecs:{self.region}:{self.account}:task/{self.cluster}/{self.id}"


class Cluster(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A Kubernetes cluster, known by the issuer that signs its service accounts' tokens."""

    account: str
    region: str
    name: str
    issuer: str  # URL
    created: int
    thumbprints: tuple[str, ...] = ()  # of certificates that may speak for the issuer, as an OIDC provider's

    @property
    def id(self) -> str:
        """The row's id: names are unique in a region of an account."""
        return cluster_key(self.region, self.name)

    @property
    def arn(self) -> str:
        """The cluster's ARN."""
        return cluster_arn(self.region, self.account, self.name)


class PodAssociation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an EKS Pod Identity association says: the pods of a service account are given a role.

    INVARIANT: its cluster exists, and has no second association for the same namespace and service account.
    """

    account: str
    id: str  # a-…
    region: str
    cluster: str
    namespace: str
    service_account: str
    role: str  # ARN
    created: int
    modified: int
    target: str = ""  # ARN of the role that is assumed with the first one
    no_tags: bool = False  # disableSessionTags
    policy: str = ""  # session policy
    tags: Pairs = ()
    asked: str = ""  # the client token of its creation

    @property
    def arn(self) -> str:
        """The association's ARN."""
        return f"arn:{PARTITION}:eks:{self.region}:{self.account}:podidentityassociation/{self.cluster}/{self.id}"

    @property
    def external_id(self) -> str:
        """The external id with which the target role is assumed: its trust policy may ask for it."""
        return f"{self.region}/{self.account}/{self.cluster}/{self.namespace}/{self.service_account}"


def cluster_key(region: str, name: str) -> str:
    """Return what a cluster is found by in its account."""
    return f"{region}/{name}"


def cluster_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of a cluster, existing or not."""
    return f"arn:{PARTITION}:eks:{region}:{account}:cluster/{name}"
