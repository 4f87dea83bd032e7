"""What an instance is told of its only network interface. It has no public address and none of IPv6.

Source: EC2 User Guide, "Instance metadata categories".
"""

from __future__ import annotations

from collections.abc import Sequence

from vestry.directory import network
from vestry.directory.machines import Instance
from vestry.metadata.tree import ANY, Row
from vestry.metadata.view import View

MACS = "meta-data/network/interfaces/macs"
_AT = f"{MACS}/{ANY}"


def macs(view: View) -> Sequence[str]:
    """Return the hardware addresses of an instance: one."""
    return (network.mac_address(view.instance),)


def _block(instance: Instance) -> str:
    """Return the range that an instance's address is said to lie in: as large a one as the default VPC's."""
    first, second, *_ = instance.address.split(".")
    return f"{first}.{second}.0.0/{network.RANGE.prefixlen}"


ROWS = (
    Row(f"{_AT}/device-number", lambda view, _: "0"),
    Row(f"{_AT}/interface-id", lambda view, _: network.interface_id(view.instance)),
    Row(f"{_AT}/local-hostname", lambda view, _: network.host_name(view.instance)),
    Row(f"{_AT}/local-ipv4s", lambda view, _: view.instance.address),
    Row(f"{_AT}/mac", lambda view, _: network.mac_address(view.instance)),
    Row(f"{_AT}/network-card-index", lambda view, _: "0"),
    Row(f"{_AT}/owner-id", lambda view, _: view.instance.account),
    Row(f"{_AT}/security-group-ids", lambda view, _: "\n".join(one for one, _ in view.instance.groups)),
    Row(f"{_AT}/security-groups", lambda view, _: "\n".join(name for _, name in view.instance.groups)),
    Row(f"{_AT}/subnet-id", lambda view, _: view.instance.subnet),
    Row(f"{_AT}/subnet-ipv4-cidr-block", lambda view, _: _block(view.instance)),
    Row(f"{_AT}/vpc-id", lambda view, _: network.vpc_id(view.instance.account, view.instance.region)),
    Row(f"{_AT}/vpc-ipv4-cidr-block", lambda view, _: _block(view.instance)),
    Row(f"{_AT}/vpc-ipv4-cidr-blocks", lambda view, _: _block(view.instance)),
)
