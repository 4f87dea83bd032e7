"""A second factor among the parameters: what it leaves on the device is durable before the request is answered.

Whatever becomes of the request afterwards, the code has been used; so a refusal is returned here and not raised, for
the committer writes nothing of an attempt that raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from vestry.access.authenticate import Keyring
from vestry.access.caller import Caller
from vestry.access.mfa import WRONG_CODE, device_of, try_code
from vestry.directory.draft import Draft
from vestry.errors import AccessDenied, Fault

A = TypeVar("A")


def passed(parameters: Mapping[str, Any]) -> bool:
    """Tell whether a request brings a second factor, or half of one."""
    return "TokenCode" in parameters or "SerialNumber" in parameters


def attempt(
    parameters: Mapping[str, Any],
    caller: Caller,
    draft: Draft,
    keyring: Keyring,
    *,
    wall: int,
    now: int,
    run: Callable[[Caller], A],
) -> A | Fault:
    """Return what `run` answers to the caller who has proved a device, or the fault that refuses the request.

    1. The caller has a device with that serial number. Raises AccessDenied; nothing has changed then.
    2. What the code did to the device is put on the draft: it was used, or it was wrong and is counted.
    3. A wrong code is refused, in AWS's words.
    4. The request goes on; what it is refused for leaves the code used.
    """
    code = parameters.get("TokenCode")
    account = draft.root.accounts.get(caller.account.id, caller.account)  # a service has none
    device = device_of(caller, account, parameters.get("SerialNumber"), code)  # 1
    tried = try_code(device, str(code), keyring, wall)
    if tried.device is not device:
        draft.put(tried.device, replacing=device)  # 2
    if not tried.proved:
        return AccessDenied(WRONG_CODE)  # 3
    try:
        return run(msgspec.structs.replace(caller, mfa_time=now))  # 4
    except Fault as fault:
        return fault
