"""Finding what an operation is about, in the region that is asked for, or EC2's words for what is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vestry import limits
from vestry.directory.entities import Pairs
from vestry.directory.machines import TERMINATED, Instance, InstanceProfile
from vestry.directory.snapshot import Account
from vestry.errors import (
    IncorrectInstanceState,
    InvalidAssociationIdNotFound,
    InvalidInstanceIdMalformed,
    InvalidInstanceIdNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from vestry.services.operation import Call

_INSTANCE = re.compile(r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?", re.ASCII)


def the_instances(call: Call, identifiers: Sequence[str]) -> list[Instance]:
    """Return the instances of these ids, each once, in their order.

    Raises InvalidInstanceID.Malformed for the first that is no id, InvalidInstanceID.NotFound for all that are not there.
    """
    wanted = list(dict.fromkeys(identifiers))
    for identifier in wanted:
        if not _INSTANCE.fullmatch(identifier):
            raise InvalidInstanceIdMalformed(f'Invalid id: "{identifier}"')
    found = [call.account.machines.instances.get(identifier) for identifier in wanted]
    there = [instance for instance in found if instance is not None and is_shown(call, instance)]
    if len(there) < len(wanted):
        missing = [one for one in wanted if one not in {instance.id for instance in there}]
        if len(missing) == 1:
            raise InvalidInstanceIdNotFound(f"The instance ID '{missing[0]}' does not exist")
        raise InvalidInstanceIdNotFound(f"The instance IDs '{', '.join(missing)}' do not exist")
    return there


def the_instance(call: Call) -> Instance:
    """Return the instance of parameter InstanceId."""
    return the_instances(call, [call.parameters["InstanceId"]])[0]


def is_shown(call: Call, instance: Instance) -> bool:
    """Tell whether an instance is in the region that is asked for and, where it is terminated, still shown."""
    if instance.region != call.region:
        return False
    return instance.state != TERMINATED or call.now < instance.changed + limits.TERMINATED_SECONDS


def all_instances(call: Call) -> list[Instance]:
    """Return the instances of the region, oldest launch first."""
    shown = [one for one in call.account.machines.instances.values() if is_shown(call, one)]
    return sorted(shown, key=place_of)


def place_of(instance: Instance) -> str:
    """Return what instances are ordered by: launch, reservation, index in it, id."""
    return f"{instance.launched:012} {instance.reservation} {instance.index:04} {instance.id}"


def by_association(call: Call, identifier: str) -> Instance:
    """Return the instance that has an association. Raises InvalidAssociationID.NotFound."""
    instance = call.account.machines.by_association(identifier)
    if instance is None or instance.region != call.region:
        raise InvalidAssociationIdNotFound(f"An invalid association-id of '{identifier}' was given")
    return instance


def find_profile(account: Account, specification: object) -> InstanceProfile | None:
    """Return the profile that an IamInstanceProfile parameter names, None where there is none like that."""
    if not isinstance(specification, dict):
        return None
    arn, name = specification.get("Arn"), specification.get("Name")
    if arn:
        return account.profile_by_arn(arn)
    return account.profile(name) if name else None


def the_profile(call: Call, specification: dict[str, str]) -> InstanceProfile:
    """Return the profile that an IamInstanceProfile parameter names, or raise what EC2 answers otherwise."""
    arn, name = specification.get("Arn"), specification.get("Name")
    if arn and name:
        raise InvalidParameterCombination(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'"
        )
    if not arn and not name:
        raise MissingParameter(
            "The request must contain the parameter IamInstanceProfile.Arn or IamInstanceProfile.Name"
        )
    profile = find_profile(call.account, specification)
    if profile is not None:
        return profile
    field, what, value = ("arn", "ARN", arn) if arn else ("name", "name", name)
    raise InvalidParameterValue(
        f"Value ({value}) for parameter iamInstanceProfile.{field} is invalid. "
        f"Invalid IAM Instance Profile {what}"
    )


def check_state(instance: Instance, *states: str) -> None:
    """Raise IncorrectInstanceState when an instance is in none of `states`."""
    if instance.state not in states:
        named = " or ".join(f"'{state}'" for state in states)
        noun = "states" if len(states) > 1 else "state"
        raise IncorrectInstanceState(f"The instance '{instance.id}' is not in the {named} {noun}.")


def pairs(tags: Sequence[dict[str, str]]) -> Pairs:
    """Return tags of the model's shape sorted by key; a tag without a value has an empty one."""
    return tuple(sorted((tag.get("Key", ""), tag.get("Value", "")) for tag in tags))
