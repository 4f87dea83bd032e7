"""Instances, as the operator needs to know them who runs something as one."""

from __future__ import annotations

from typing import Any

from vestry.errors import InvalidInstanceIdNotFound
from vestry.services.operator.call import OperatorCall


def show(call: OperatorCall) -> dict[str, Any]:
    """Say where an instance is and how its metadata is served. Errors: InvalidInstanceID.NotFound."""
    identifier = call.arguments["instance"]
    instance = call.draft.root.instance(identifier)
    if instance is None:
        raise InvalidInstanceIdNotFound(
            f"The instance ID '{identifier}' does not exist",
            hint="aws ec2 describe-instances lists those of an account and region; run-instances registers one.",
        )
    return {
        "InstanceId": instance.id,
        "AccountId": instance.account,
        "Region": instance.region,
        "State": instance.state,
        "HttpProtocolIpv6": instance.options.ipv6,
    }
