"""What an instance is told of itself: names, addresses, place, tags, user data.

What a virtual machine would have (a boot disk, maintenance events) is told as of an ordinary Linux instance, because
clients read it; DescribeInstances says the same. Source: EC2 User Guide, "Instance metadata categories".
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from vestry.directory import network
from vestry.directory.machines import ROOT_DEVICE_NAME
from vestry.metadata.tree import ANY, Row
from vestry.metadata.view import View

TAGS = "meta-data/tags/instance"
PUBLIC_KEY = "meta-data/public-keys/0"


def tag_keys(view: View) -> Sequence[str]:
    """Return the keys of the tags that are part of the metadata."""
    instance = view.instance
    return [key for key, _ in instance.tags] if instance.options.tags == "enabled" else ()


def shown_key(view: View) -> str:
    """Return how the listing of public keys names the only one."""
    return f"0={view.instance.key_name}"


def _tag(view: View, key: str) -> str | None:
    return next((value for name, value in view.instance.tags if name == key), None)


def _user_data(view: View, _: str) -> bytes | None:
    text = view.instance.user_data
    return base64.b64decode(text) if text else None


def _public_key(view: View, _: str) -> str | None:
    """Return a comment in the place of a key: of key pairs only the names are known here."""
    name = view.instance.key_name
    return f"# {name}: the name of a key pair, of which Vestry holds no key\n" if name else None


def detail(*path: str) -> Callable[[View, str], str | None]:
    """Return a row's value: what was recorded at launch under those names, where it was."""

    def value(view: View, _: str) -> str | None:
        found: Any = msgspec.json.decode(view.instance.details or "{}")
        for name in path:
            found = (found or {}).get(name)
        return None if found is None else str(found)

    return value


def _monitoring(view: View, _: str) -> str:
    return detail("Monitoring", "State")(view, "") or "disabled"


ROWS = (
    Row("meta-data/ami-id", lambda view, _: view.instance.image),
    Row("meta-data/ami-launch-index", lambda view, _: str(view.instance.index)),
    Row("meta-data/ami-manifest-path", lambda view, _: "(unknown)"),
    Row("meta-data/block-device-mapping/ami", lambda view, _: ROOT_DEVICE_NAME),
    Row("meta-data/block-device-mapping/root", lambda view, _: ROOT_DEVICE_NAME),
    Row("meta-data/events/maintenance/history", lambda view, _: "[]"),
    Row("meta-data/events/maintenance/scheduled", lambda view, _: "[]"),
    Row("meta-data/hostname", lambda view, _: network.host_name(view.instance)),
    Row("meta-data/instance-action", lambda view, _: "none"),
    Row("meta-data/instance-id", lambda view, _: view.instance.id),
    Row("meta-data/instance-life-cycle", lambda view, _: "on-demand"),
    Row("meta-data/instance-type", lambda view, _: view.instance.type),
    Row("meta-data/kernel-id", detail("KernelId")),
    Row("meta-data/local-hostname", lambda view, _: network.host_name(view.instance)),
    Row("meta-data/local-ipv4", lambda view, _: view.instance.address),
    Row("meta-data/mac", lambda view, _: network.mac_address(view.instance)),
    Row("meta-data/placement/availability-zone", lambda view, _: view.instance.zone),
    Row("meta-data/placement/availability-zone-id", lambda view, _: network.zone_id(view.instance.zone)),
    Row("meta-data/placement/group-name", detail("Placement", "GroupName")),
    Row("meta-data/placement/host-id", detail("Placement", "HostId")),
    Row("meta-data/placement/partition-number", detail("Placement", "PartitionNumber")),
    Row("meta-data/placement/region", lambda view, _: view.instance.region),
    Row("meta-data/profile", lambda view, _: "default-hvm"),
    Row(f"{PUBLIC_KEY}/openssh-key", _public_key),
    Row("meta-data/ramdisk-id", detail("RamdiskId")),
    Row("meta-data/reservation-id", lambda view, _: view.instance.reservation),
    Row("meta-data/security-groups", lambda view, _: "\n".join(name for _, name in view.instance.groups)),
    Row("meta-data/services/domain", lambda view, _: "amazonaws.com"),
    Row("meta-data/services/partition", lambda view, _: "aws"),
    Row(f"{TAGS}/{ANY}", _tag),
    Row("dynamic/fws/instance-monitoring", _monitoring),
    Row("user-data", _user_data),
)
