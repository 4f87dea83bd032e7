"""Instances and their profiles: one association an instance at a time, made, replaced and removed.

Source: EC2 API reference, AssociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation,
DisassociateIamInstanceProfile, DescribeIamInstanceProfileAssociations. Who gives an instance a profile hands its role
to EC2, which needs `iam:PassRole`. A change is in force when it is answered, although the answer says
`associating` or `disassociating`, as EC2's does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vestry.access.declaration import Ask, Resource
from vestry.directory.machines import RUNNING, STOPPED, Association, Instance
from vestry.errors import IncorrectState
from vestry.policy.request import Value
from vestry.services.ec2 import pages, resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.filters import Filters
from vestry.services.ec2.launch import new_association
from vestry.services.ec2.launch_questions import role_of_profile
from vestry.services.ec2.lookups import (
    all_instances,
    by_association,
    check_state,
    find_profile,
    the_instance,
    the_profile,
)
from vestry.services.ec2.shapes import profile_shape
from vestry.services.operation import Answer, Call

Pair = tuple[Instance, Association]


def _associated(ask: Ask) -> str:
    instance = ask.account.machines.by_association(ask.parameters["AssociationId"])
    return instance.id if instance is not None and instance.region == ask.region else "*"


def _instance_of_association(ask: Ask) -> Resource:
    """The instance that has the association of parameter AssociationId."""
    return resources.instance_resource(ask, _associated(ask))


def _keys_of_association(ask: Ask) -> Mapping[str, Value]:
    return resources.instance_keys(ask, _associated(ask))


def _new_profile(ask: Ask) -> Mapping[str, Value]:
    """`ec2:NewInstanceProfile` that the instance would get."""
    profile = find_profile(ask.account, ask.parameters["IamInstanceProfile"])
    return {} if profile is None else {"ec2:newinstanceprofile": profile.arn}


@ec2_operation(
    "ec2:AssociateIamInstanceProfile",
    on=resources.instance_named,
    keys=(resources.named_keys, _new_profile),
    more=(role_of_profile,),
    writes=True,
)
def associate(call: Call) -> Answer:
    """Give a running or stopped instance a profile. Errors: IncorrectInstanceState, IncorrectState, InvalidParameterValue."""
    instance = the_instance(call)
    check_state(instance, RUNNING, STOPPED)
    profile = the_profile(call, call.parameters["IamInstanceProfile"])
    if instance.association is not None:
        raise IncorrectState(f"There is an existing association for instance {instance.id}")
    association = new_association(call, profile.arn, profile.id)
    call.put(msgspec.structs.replace(instance, association=association), replacing=instance)
    return _answer(instance, association, "associating")


@ec2_operation(
    "ec2:ReplaceIamInstanceProfileAssociation",
    on=_instance_of_association,
    keys=(_keys_of_association, _new_profile),
    more=(role_of_profile,),
    writes=True,
)
def replace(call: Call) -> Answer:
    """Put another profile in the place of a running instance's; the association gets a new id.

    Errors: InvalidAssociationID.NotFound, IncorrectInstanceState, InvalidParameterValue.
    """
    instance = by_association(call, call.parameters["AssociationId"])
    check_state(instance, RUNNING)
    profile = the_profile(call, call.parameters["IamInstanceProfile"])
    association = new_association(call, profile.arn, profile.id)
    call.put(msgspec.structs.replace(instance, association=association), replacing=instance)
    return _answer(instance, association, "associating")


@ec2_operation(
    "ec2:DisassociateIamInstanceProfile",
    on=_instance_of_association,
    keys=(_keys_of_association,),
    writes=True,
)
def disassociate(call: Call) -> Answer:
    """Take an instance's profile away; it gets no more credentials. Errors: InvalidAssociationID.NotFound."""
    instance = by_association(call, call.parameters["AssociationId"])
    association = instance.association
    assert association is not None, "the index of associations holds those that are there"
    call.put(msgspec.structs.replace(instance, association=None), replacing=instance)
    return _answer(instance, association, "disassociating")


@ec2_operation(
    "ec2:DescribeIamInstanceProfileAssociations", on=resources.everything, keys=(resources.region_key,)
)
def describe(call: Call) -> Answer:
    """List associations, oldest first. Errors: InvalidAssociationID.NotFound, InvalidParameterValue (filters)."""
    pages.not_with_ids(call, "AssociationIds", "associationIdsSet")
    identifiers = call.get("AssociationIds")
    if identifiers:
        instances = [by_association(call, identifier) for identifier in dict.fromkeys(identifiers)]
    else:
        instances = all_instances(call)
    found = [(one, one.association) for one in instances if one.association is not None]
    chosen = sorted(_FILTERS.chosen(call, found), key=_place)
    shown, token = pages.paged(call, chosen, _place)
    listed = [_shape(instance, association, "associated") for instance, association in shown]
    return {"IamInstanceProfileAssociations": listed, "NextToken": token}


_FILTERS: Filters[Pair] = Filters(
    {"instance-id": lambda pair: (pair[0].id,), "state": lambda _: ("associated",)}, tags=None
)


def _place(pair: Pair) -> str:
    return f"{pair[1].since:012} {pair[1].id}"


def _answer(instance: Instance, association: Association, state: str) -> Answer:
    return {"IamInstanceProfileAssociation": _shape(instance, association, state)}


def _shape(instance: Instance, association: Association, state: str) -> dict[str, Any]:
    return {
        "AssociationId": association.id,
        "InstanceId": instance.id,
        "IamInstanceProfile": profile_shape(association),
        "State": state,
        "Timestamp": association.since,
    }
