"""Operations of EC2: as all others, and with a dry run.

A dry run goes the whole way, on a draft that is dropped: what would be refused is refused, and what would have been
done is answered with DryRunOperation. Source: EC2 API reference, "Common query parameters", DryRun.
"""

from __future__ import annotations

from collections.abc import Callable

from vestry.access.declaration import Keys, More, On
from vestry.errors import DryRunOperation
from vestry.services.operation import Call, Function, Outcome, operation


def ec2_operation(
    action: str, *, on: On, keys: tuple[Keys, ...] = (), more: tuple[More, ...] = (), writes: bool = False
) -> Callable[[Function], Function]:
    """Register a function as an operation of EC2; see `operation`."""
    register = operation(action, on=on, keys=keys, more=more, writes=writes)

    def decorate(function: Function) -> Function:
        def perform(call: Call) -> Outcome:
            answer = function(call)
            if call.get("DryRun"):
                raise DryRunOperation
            return answer

        register(perform)
        return function

    return decorate
