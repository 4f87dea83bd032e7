"""Starting, stopping and terminating. A change of state is done when it is answered.

Source: EC2 API reference, StartInstances, StopInstances, TerminateInstances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from vestry import limits
from vestry.directory.machines import RUNNING, STOPPED, TERMINATED, Instance
from vestry.errors import IncorrectInstanceState, UnsupportedParameter
from vestry.services.ec2 import resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.lookups import the_instances
from vestry.services.ec2.shapes import state_shape
from vestry.services.operation import Answer, Call

#: Parameters that say how an operating system is shut down: there is none, so they make no difference.
WITHOUT_EFFECT = ("Force", "SkipOsShutdown")

_FIRST, _KEYS = resources.first_instance, (resources.first_keys,)


@ec2_operation(
    "ec2:StartInstances",
    on=_FIRST,
    keys=_KEYS,
    more=(resources.other_instances("ec2:StartInstances"),),
    writes=True,
)
def start_instances(call: Call) -> Answer:
    """Start stopped instances; one that runs stays as it is. Errors: IncorrectInstanceState."""
    if call.get("AdditionalInfo"):
        raise UnsupportedParameter("Vestry does not offer the parameter AdditionalInfo of StartInstances.")
    instances = _all(call, "The instance '{}' is not in a state from which it can be started.")

    def start(instance: Instance) -> Instance:
        changed = call.now
        return msgspec.structs.replace(instance, state=RUNNING, started=changed, changed=changed)

    return {"StartingInstances": [_moved(call, one, RUNNING, start) for one in instances]}


@ec2_operation(
    "ec2:StopInstances",
    on=_FIRST,
    keys=_KEYS,
    more=(resources.other_instances("ec2:StopInstances"),),
    writes=True,
)
def stop_instances(call: Call) -> Answer:
    """Stop instances: they keep address and profile, and get no metadata. Errors: IncorrectInstanceState."""
    if call.get("Hibernate"):
        raise UnsupportedParameter("Vestry does not offer the parameter Hibernate of StopInstances.")
    instances = _all(call, "This instance '{}' is not in a state from which it can be stopped.")

    def stop(instance: Instance) -> Instance:
        return msgspec.structs.replace(instance, state=STOPPED, changed=call.now)

    return {"StoppingInstances": [_moved(call, one, STOPPED, stop) for one in instances]}


@ec2_operation(
    "ec2:TerminateInstances",
    on=_FIRST,
    keys=_KEYS,
    more=(resources.other_instances("ec2:TerminateInstances"),),
    writes=True,
)
def terminate_instances(call: Call) -> Answer:
    """Terminate instances: profile and address are free again. They are shown for an hour; asked again, nothing changes."""
    instances = _all(call, "")
    _forget_what_is_shown_no_more(call)

    def terminate(instance: Instance) -> Instance:
        return msgspec.structs.replace(instance, state=TERMINATED, association=None, changed=call.now)

    return {"TerminatingInstances": [_moved(call, one, TERMINATED, terminate) for one in instances]}


def _all(call: Call, refusal: str) -> list[Instance]:
    """Return the instances that are named, none of them terminated where there is a text that refuses those."""
    instances = the_instances(call, call.parameters["InstanceIds"])
    for instance in instances:
        if refusal and instance.state == TERMINATED:
            raise IncorrectInstanceState(refusal.format(instance.id))
    return instances


def _moved(
    call: Call, instance: Instance, state: str, change: Callable[[Instance], Instance]
) -> dict[str, Any]:
    """Bring an instance into a state, where it is not yet; return the change in the model's shape."""
    if instance.state != state:
        call.put(change(instance), replacing=instance)
    return {
        "InstanceId": instance.id,
        "PreviousState": state_shape(instance.state),
        "CurrentState": state_shape(state),
    }


def _forget_what_is_shown_no_more(call: Call) -> None:
    oldest = call.now - limits.TERMINATED_SECONDS
    for instance in list(call.account.machines.instances.values()):
        if instance.state == TERMINATED and instance.changed <= oldest:
            call.remove(instance)
