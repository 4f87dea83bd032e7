"""What a step of the tour is: who asks for what, what AWS would answer, which layer decides, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

#: What the steps so far have left: accounts and callers with their keys, ARNs.
World = dict[str, Any]
Parameters = Callable[[World], Mapping[str, Any]]
Keep = Callable[[World, Any], None]


class Step(NamedTuple):
    """One request. `expected` is the error code, empty for success; `says` must be part of the answer."""

    who: str
    service: str
    operation: str
    parameters: Parameters
    expected: str
    says: str
    layer: str
    why: str
    keep: Keep


#: A title, and its steps.
Chapter = tuple[str, tuple[Step, ...]]


def done(
    who: str,
    call: str,
    parameters: Parameters,
    says: str,
    layer: str,
    why: str,
    keep: Keep = lambda world, answer: None,
) -> Step:
    """Return a step that succeeds; `call` is service and operation as the AWS CLI writes them."""
    service, operation = call.split()
    return Step(who, service, operation.replace("-", "_"), parameters, "", says, layer, why, keep)


def refused(who: str, call: str, parameters: Parameters, code: str, says: str, layer: str, why: str) -> Step:
    """Return a step that is refused with this code, in a message that contains `says`."""
    return done(who, call, parameters, says, layer, why)._replace(expected=code)


def statement(effect: str, action: Any, **more: Any) -> str:
    """Return a policy document of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, **more}]})


def trust(principal: str) -> str:
    """Return a trust policy that names one AWS principal."""
    return statement("Allow", "sts:AssumeRole", Principal={"AWS": principal})


def nothing(world: World) -> Mapping[str, Any]:
    """Return no parameters."""
    return {}


def casey(world: World) -> Mapping[str, Any]:
    """Return what names the user."""
    return {"UserName": "casey"}


def update_app(world: World) -> Mapping[str, Any]:
    """Return what names the role."""
    return {"RoleName": "UpdateApp"}


def assume(world: World) -> Mapping[str, Any]:
    """Return the parameters of an AssumeRole of the role."""
    return {"RoleArn": world["role"], "RoleSessionName": "tour"}


def keep_casey(world: World, answer: Any) -> None:
    """Remember casey's access key."""
    world["casey"] = answer["AccessKey"]


def keep_session(world: World, answer: Any) -> None:
    """Remember the temporary credentials."""
    world["session"] = answer["Credentials"]
