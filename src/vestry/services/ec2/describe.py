"""Instances and their status, described. Source: EC2 API reference, DescribeInstances, DescribeInstanceStatus.

`IncludeManagedResources` asks for instances that a service of AWS manages: there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vestry.directory.machines import RUNNING, Instance
from vestry.directory.network import zone_id
from vestry.services.ec2 import pages, resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.filters import Filters
from vestry.services.ec2.instance_filters import INSTANCE_FILTERS, STATE_FILTERS
from vestry.services.ec2.lookups import all_instances, place_of, the_instances
from vestry.services.ec2.shapes import reservations, state_shape
from vestry.services.operation import Answer, Call

#: Parameters that ask for what does not exist here: instances that a service of AWS manages.
WITHOUT_EFFECT = ("IncludeManagedResources",)

_KEYS = (resources.region_key,)


@ec2_operation("ec2:DescribeInstances", on=resources.everything, keys=_KEYS)
def describe_instances(call: Call) -> Answer:
    """Describe instances by reservation, oldest first. Errors: InvalidInstanceID.NotFound, InvalidParameterValue."""
    pages.not_with_ids(call, "InstanceIds", "instancesSet")
    shown, token = pages.paged(call, _wanted(call, INSTANCE_FILTERS), place_of)
    return {"Reservations": reservations(shown), "NextToken": token}


@ec2_operation("ec2:DescribeInstanceStatus", on=resources.everything, keys=_KEYS)
def describe_instance_status(call: Call) -> Answer:
    """Describe the status of running instances, of all with IncludeAllInstances: one that runs is well."""
    pages.not_with_ids(call, "InstanceIds", "instancesSet")
    found = _wanted(call, _STATUS_FILTERS)
    if not call.get("IncludeAllInstances"):
        found = [instance for instance in found if instance.state == RUNNING]
    shown, token = pages.paged(call, found, place_of)
    return {"InstanceStatuses": [_status(instance) for instance in shown], "NextToken": token}


def _wanted(call: Call, filters: Filters[Instance]) -> Sequence[Instance]:
    """Return the instances that ids and filters name, in their order."""
    identifiers = call.get("InstanceIds")
    if identifiers:
        return filters.chosen(call, sorted(the_instances(call, identifiers), key=place_of))
    return filters.chosen(call, all_instances(call))


def _summary(instance: Instance) -> str:
    return "ok" if instance.state == RUNNING else "not-applicable"


def _reachability(instance: Instance) -> Sequence[str]:
    return ("passed",) if instance.state == RUNNING else ()


def _status(instance: Instance) -> dict[str, Any]:
    details = [{"Name": "reachability", "Status": status} for status in _reachability(instance)]
    summary = {"Status": _summary(instance), "Details": details or None}
    return {
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": zone_id(instance.zone) or None,
        "InstanceId": instance.id,
        "InstanceState": state_shape(instance.state),
        "InstanceStatus": summary,
        "SystemStatus": summary,
    }


_STATUS_FILTERS: Filters[Instance] = Filters(
    STATE_FILTERS
    | {
        "instance-status.reachability": _reachability,
        "instance-status.status": lambda instance: (_summary(instance),),
        "system-status.reachability": _reachability,
        "system-status.status": lambda instance: (_summary(instance),),
    },
    tags=None,
)
