"""What the suites know of machines: one of every shape, and what operations could do to them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from vestry.directory.draft import Draft
from vestry.directory.entities import Entity
from vestry.directory.machines import (
    RUNNING,
    STOPPED,
    TERMINATED,
    Association,
    Instance,
    InstanceProfile,
    MetadataDefaults,
    MetadataOptions,
)
from vestry.directory.snapshot import Account

REGIONS = ("us-east-1", "eu-west-1")
ADDRESSES = ("172.31.0.4", "172.31.0.5", "10.0.0.1")


def every_machine(one: str, two: str) -> tuple[Entity, ...]:
    """Return each kind of entity twice: with all its fields, in account `one`, and with as few as possible, in `two`."""
    profile = InstanceProfile(
        one, "AIPA0000000000000APP", "Web", "/app/", 1_790_000_011, "AROA0000000000000APP", (("k", "v"),)
    )
    full = Instance(
        account=one,
        id="i-00000000000000001",
        region="eu-west-1",
        zone="eu-west-1b",
        reservation="r-00000000000000001",
        launched=1_790_000_012,
        started=1_790_000_013,
        image="ami-12345678",
        type="t3.micro",
        address="172.31.0.4",
        subnet="subnet-00000000000000001",
        groups=(("sg-00000000000000001", "default"),),
        options=MetadataOptions("required", 2, "disabled", "enabled", "enabled"),
        index=1,
        state=STOPPED,
        changed=1_790_000_014,
        association=Association("iip-assoc-00000000000000001", profile.arn, profile.id, 1_790_000_015),
        key_name="ann",
        user_data="IyEvYmluL3NoCg==",
        tags=(("Name", "größer"), ("empty", "")),
        host_type="resource-name",
        shutdown="terminate",
        token="a token",
        asked="1f00",
        details='{"EbsOptimized":true}',
    )
    return (
        profile,
        InstanceProfile(two, "AIPA0000000000000MIN", "least", "/", 1),
        full,
        fresh_instance(two, "i-00000000000000002", 0),
        MetadataDefaults(one, "eu-west-1", "required", 2, "enabled", "disabled", "enabled"),
        MetadataDefaults(two, "us-east-1"),
    )


def fresh_instance(account: str, identifier: str, variant: int) -> Instance:
    """Return an instance with as few fields as possible; `variant` chooses region, address and client token."""
    region = REGIONS[variant % 2]
    return Instance(
        account=account,
        id=identifier,
        region=region,
        zone=f"{region}a",
        reservation=f"r-{identifier[2:]}",
        launched=1,
        started=1,
        image="ami-1",
        type="t3.micro",
        address=ADDRESSES[variant % 3],
        subnet="",
        groups=(),
        options=MetadataOptions(),
        token=("", "one", "two")[variant % 3],
    )


def live(draft: Draft, account: Account, identifier: str, first: int, second: int) -> None:
    """Do one thing to the machines of an account: `identifier` is a fresh one, the numbers choose what and how."""
    instances = sorted(account.machines.instances.values(), key=lambda instance: instance.id)
    if first % 6 == 0:
        present = account.metadata_defaults.get(REGIONS[second % 2])
        if present is not None and second % 3 == 0:
            draft.remove(present)
        else:
            draft.put(MetadataDefaults(account.id, REGIONS[second % 2], hop_limit=second), replacing=present)
    elif not instances or first % 6 == 1:
        draft.put(fresh_instance(account.id, f"i-{identifier}", second))
    elif first % 6 == 2:
        draft.remove(instances[second % len(instances)])
    else:
        instance = instances[second % len(instances)]
        draft.put(_CHANGES[first % len(_CHANGES)](instance), replacing=instance)


_CHANGES: tuple[Callable[[Instance], Instance], ...] = (
    lambda one: replace(one, state=STOPPED),
    lambda one: replace(one, state=TERMINATED, association=None),
    lambda one: replace(one, state=RUNNING),
    lambda one: replace(one, association=Association(f"iip-assoc-{one.id}", "arn", "AIPA", 1)),
    lambda one: replace(one, association=None),
)
