"""Machines and the roles they carry: instance profiles, instances, and an account's defaults for instance metadata.

An instance is a registered machine: a name, addresses, tags and options under which some computer of the user's (a
process, a container, a virtual machine) is known. Vestry starts none. Times are epoch seconds (UTC).
"""

from __future__ import annotations

import re

import msgspec

from vestry.arn import PARTITION, iam_arn

Pairs = tuple[tuple[str, str], ...]

_ARM = re.compile(r"a1\.|[a-z]+\d+g[a-z]*\.", re.ASCII)

#: The name of the disk that every instance is said to have booted from.
ROOT_DEVICE_NAME = "/dev/xvda"

#: The states of an instance. The ones in between (pending, stopping, …) last no time here.
RUNNING, STOPPED, TERMINATED = "running", "stopped", "terminated"


class InstanceProfile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An instance profile. `role` is the unique id of the one role in it, empty where there is none.

    INVARIANT: the role exists: deleting a role that is in a profile is refused.
    """

    account: str
    id: str  # AIPA…
    name: str
    path: str
    created: int
    role: str = ""
    tags: Pairs = ()

    @property
    def arn(self) -> str:
        """The profile's ARN, path included."""
        return iam_arn(self.account, "instance-profile", self.path, self.name)


class MetadataOptions(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How an instance's metadata is served; the defaults are those of EC2."""

    tokens: str = "optional"  # `required`: IMDSv2 only
    hop_limit: int = 1  # of the answer to a token request, in hops
    endpoint: str = "enabled"
    ipv6: str = "disabled"
    tags: str = "disabled"  # `enabled`: the instance's tags are part of its metadata


class Association(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An instance's association with a profile, by ARN and unique id: a namesake made later is another profile."""

    id: str  # iip-assoc-…
    arn: str
    profile: str  # AIPA…
    since: int


class Instance(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A registered machine, in one region. `details` is JSON: what was recorded at launch only to be returned.

    INVARIANT: a terminated instance has no association and no claim on its address.
    """

    account: str
    id: str  # i-…
    region: str
    zone: str
    reservation: str  # r-…
    launched: int
    started: int  # the last launch or start, which is EC2's LaunchTime
    image: str
    type: str
    address: str  # private IPv4
    subnet: str
    groups: Pairs  # (id, name) of its security groups
    options: MetadataOptions
    index: int = 0  # in its reservation
    state: str = RUNNING
    changed: int = 0  # when the state was changed by a request, 0 for never
    association: Association | None = None
    key_name: str = ""
    user_data: str = ""  # base64, as it was given
    tags: Pairs = ()
    host_type: str = "ip-name"  # what its host name is made of: `ip-name` or `resource-name`
    shutdown: str = "stop"  # InstanceInitiatedShutdownBehavior
    token: str = ""  # the client token of its launch
    asked: str = ""  # the fingerprint of what was asked under that token
    details: str = ""

    @property
    def architecture(self) -> str:
        """What the processor of its type is called: families with a `g` behind their number are Graviton's."""
        return "arm64" if _ARM.match(self.type) else "x86_64"

    @property
    def arn(self) -> str:
        """The instance's ARN."""
        return instance_arn(self.region, self.account, self.id)


class MetadataDefaults(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What launches in one region of an account begin with; empty and 0 stand for no preference."""

    account: str
    region: str
    tokens: str = ""
    hop_limit: int = 0
    endpoint: str = ""
    tags: str = ""
    enforced: str = ""  # `enabled`: a launch whose instances would not require IMDSv2 fails

    @property
    def id(self) -> str:
        """The row's id: there is one such row for a region."""
        return self.region


def instance_arn(region: str, account: str, identifier: str) -> str:
    """Return the ARN of an instance, existing or not; `*` stands for those that a launch would make."""
    return f"arn:{PARTITION}:ec2:{region}:{account}:instance/{identifier}"
