"""Launches: RunInstances registers machines. Source: EC2 API reference, RunInstances, "Ensuring idempotency"."""

from __future__ import annotations

import hashlib

import msgspec

from vestry import limits
from vestry.directory import network
from vestry.directory.machines import Association, Instance
from vestry.errors import (
    IdempotentParameterMismatch,
    InsufficientFreeAddresses,
    InvalidIpAddressInUse,
    InvalidParameterValue,
)
from vestry.services.ec2 import launch_questions as questions
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.launch_plan import Plan, plan
from vestry.services.ec2.lookups import the_profile
from vestry.services.ec2.shapes import reservation
from vestry.services.operation import Answer, Call

#: What does not belong to the question whether a launch is the same.
_NOT_COMPARED = frozenset(("ClientToken", "DryRun"))


@ec2_operation(
    "ec2:RunInstances",
    on=questions.new_instances,
    keys=(questions.new_instance_keys,),
    more=(questions.other_resources, questions.tags_at_launch, questions.role_of_profile),
    writes=True,
)
def run_instances(call: Call) -> Answer:
    """Register machines, running at once; the same client token gives the same answer.

    Errors: IdempotentParameterMismatch, InvalidParameterValue (profile), InvalidIPAddress.InUse,
    InsufficientFreeAddressesInSubnet.
    """
    planned = plan(call.account, call.region, call.parameters)
    token, asked = call.get("ClientToken") or "", _fingerprint(call)
    before = call.account.machines.launched(call.region, token) if token else []
    if before:
        if before[0].asked != asked:
            raise IdempotentParameterMismatch
        return reservation(before)
    association = _profile(call)
    made = _registered(call, planned, association, token, asked)
    if len(made) < call.parameters["MinCount"]:
        raise InsufficientFreeAddresses
    return reservation(made)


def _registered(
    call: Call, planned: Plan, association: tuple[str, str] | None, token: str, asked: str
) -> list[Instance]:
    """Register as many instances as are wanted and there are addresses for."""
    reservation_id = f"r-{call.entropy(9).hex()[:17]}"
    details = msgspec.json.encode(planned.details).decode() if planned.details else ""
    made: list[Instance] = []
    for index in range(min(call.parameters["MaxCount"], limits.INSTANCES_PER_LAUNCH)):
        identifier = f"i-{call.entropy(9).hex()[:17]}"
        address = _address(call, planned.address, identifier)
        if address is None:
            break
        instance = Instance(
            account=call.account.id,
            id=identifier,
            region=call.region,
            zone=planned.zone,
            reservation=reservation_id,
            launched=call.now,
            started=call.now,
            image=planned.image,
            type=planned.type,
            address=address,
            subnet=planned.subnet,
            groups=planned.groups,
            options=planned.options,
            index=index,
            association=None if association is None else new_association(call, *association),
            key_name=call.get("KeyName") or "",
            user_data=planned.user_data,
            tags=planned.tags,
            host_type=planned.host_type,
            shutdown=call.get("InstanceInitiatedShutdownBehavior") or "stop",
            token=token,
            asked=asked if token else "",
            details=details,
        )
        call.put(instance)
        made.append(instance)
    return made


def new_association(call: Call, arn: str, profile: str) -> Association:
    """Return a fresh association with the profile of that ARN and unique id."""
    return Association(f"iip-assoc-{call.entropy(9).hex()[:17]}", arn, profile, call.now)


def _profile(call: Call) -> tuple[str, str] | None:
    """Return ARN and unique id of the profile that is given, which must hold a role."""
    given = call.get("IamInstanceProfile")
    if not given:
        return None
    profile = the_profile(call, given)
    if not profile.role:
        raise InvalidParameterValue(f'IAM Instance Profile "{profile.arn}" has no associated IAM Roles')
    return profile.arn, profile.id


def _address(call: Call, wanted: str, identifier: str) -> str | None:
    if not wanted:
        return network.free_address(identifier, lambda address: _is_taken(call, address))
    if _is_taken(call, wanted):
        raise InvalidIpAddressInUse(f"Address {wanted} is in use.")
    return wanted


def _is_taken(call: Call, address: str) -> bool:
    """Tell whether an instance of this account and region claims an address."""
    holders = call.root.instances_at(address)
    return any(one.account == call.account.id and one.region == call.region for one in holders)


def _fingerprint(call: Call) -> str:
    """Return what tells two launches apart that have the same client token."""
    asked = {name: value for name, value in call.parameters.items() if name not in _NOT_COMPARED}
    text = msgspec.json.encode(asked, order="deterministic")
    return hashlib.sha256(text).hexdigest()
