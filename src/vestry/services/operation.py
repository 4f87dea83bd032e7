"""What an operation is: a function of a Call, registered under the name that AWS's model gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vestry.access.authenticate import Keyring
from vestry.access.caller import Caller
from vestry.access.declaration import Declaration, Keys, More, On
from vestry.access.documents import Documents
from vestry.access.proof import AtHand, Needs, ProvenBy
from vestry.directory.anywhere import Sighting
from vestry.directory.draft import Draft
from vestry.directory.entities import Entity
from vestry.directory.snapshot import Account, Root
from vestry.directory.usage import Usage
from vestry.policy.request import Kind


class Call(msgspec.Struct, frozen=True):
    """One request as an operation sees it: nothing below reaches for a clock, entropy or a global.

    `region` is the one that is asked for; `now` is the session clock and `wall` the real one, in epoch seconds;
    `entropy(n)` gives n random bytes; `draft` is None for operations that change nothing; `last_used` answers by
    access key id or role id; `public_url` is how others reach this server, without a final slash; `documents` are the
    compiled policies, and `at_hand` the issuers' keys; `beforehand` is what the operation had made of its parameters.
    `sight` takes a certificate that was presented, to be remembered.
    """

    caller: Caller
    parameters: Mapping[str, Any]
    snapshot: Root
    region: str
    now: int
    wall: int
    entropy: Callable[[int], bytes]
    keyring: Keyring
    last_used: Callable[[str], Usage | None]
    public_url: str
    documents: Documents
    at_hand: AtHand
    sight: Callable[[Sighting], None]
    draft: Draft | None = None
    beforehand: Any = None

    @property
    def root(self) -> Root:
        """What exists: the draft's state where there is a draft."""
        return self.snapshot if self.draft is None else self.draft.root

    @property
    def account(self) -> Account:
        """The caller's account, as it is now."""
        return self.root.accounts[self.caller.account.id]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an optional parameter."""
        return self.parameters.get(name, default)

    def put(self, entity: Entity, *, replacing: Entity | None = None) -> None:
        """Write an entity on the draft."""
        assert self.draft is not None, "the operation does not declare that it writes"
        self.draft.put(entity, replacing=replacing)

    def remove(self, entity: Entity) -> None:
        """Delete an entity on the draft."""
        assert self.draft is not None, "the operation does not declare that it writes"
        self.draft.remove(entity)


Answer = Mapping[str, Any]
#: An operation answers, or says whose keys it needs for that, and is then called once more.
#: INVARIANT: only one that changes nothing says so.
Outcome = Answer | Needs
Function = Callable[[Call], Outcome]


class Operation(msgspec.Struct, frozen=True):
    """A registered operation. `proof` is how its callers are known where they sign nothing.

    `mfa`: its SerialNumber and TokenCode prove an MFA device, before anything is asked of the policies.
    `beforehand` is work on the parameters alone that takes milliseconds, and is done off the event loop, for callers
    who are known; what it finds wrong it returns, to be raised where the operation's order has it.
    `regional`: AWS does not offer it under the global name of a service that has one in every region.
    """

    service: str
    name: str
    declaration: Declaration
    function: Function
    writes: bool
    proof: ProvenBy | None = None
    mfa: bool = False
    beforehand: Callable[[Mapping[str, Any]], object] | None = None
    regional: bool = False


#: (service, operation) -> Operation; filled when `vestry.services.registry` is imported.
REGISTRY: dict[tuple[str, str], Operation] = {}


def operation(
    action: str,
    *,
    on: On | None = None,
    keys: tuple[Keys, ...] = (),
    more: tuple[More, ...] = (),
    exempt: str = "",
    refused: Mapping[Kind, str] | None = None,
    writes: bool = False,
    proof: ProvenBy | None = None,
    mfa: bool = False,
    beforehand: Callable[[Mapping[str, Any]], object] | None = None,
    regional: bool = False,
) -> Callable[[Function], Function]:
    """Register a function as the operation `service:Name`, with the authorization it needs.

    Either `on` or `exempt` must be given; both or neither raise TypeError, as does a second function for a name, and
    one that writes besides what a proof of MFA writes.
    """
    if (on is None) == (not exempt):
        raise TypeError(f"{action}: declare what it is performed on, or why it is exempt")
    if mfa and writes:
        raise TypeError(f"{action}: what proves MFA changes the device and nothing else")
    service, _, name = action.partition(":")
    if (service, name) in REGISTRY:
        raise TypeError(f"{action} is registered twice")
    declaration = Declaration(action, on, keys, more, exempt, refused or {})

    def register(function: Function) -> Function:
        REGISTRY[service, name] = Operation(
            service, name, declaration, function, writes, proof, mfa, beforehand, regional
        )
        return function

    return register
