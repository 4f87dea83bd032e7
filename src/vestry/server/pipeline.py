"""One request, one direction: bytes, operation, caller, parameters, permission, answer, bytes.

The order is AWS's: scope, expiry, key and signature before parameters, parameters before permission, permission before
existence. An operation that writes goes the same way inside the committer, on the state that it will change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from vestry.access.authenticate import Keyring
from vestry.access.caller import Caller
from vestry.access.proof import Needs, Submission
from vestry.credentials.sigv4 import read_signature
from vestry.directory.draft import Draft
from vestry.directory.snapshot import Root
from vestry.errors import Fault, InvalidAction, MissingAuthenticationToken, NotImplementedOperation
from vestry.server import second_factor
from vestry.server.committer import Committer, Published
from vestry.server.exchange import HttpRequest
from vestry.server.hosts import is_global
from vestry.server.proving import Proving, Sources
from vestry.server.request import Request, Shared
from vestry.server.settings import Clock
from vestry.server.usage import LastUsed
from vestry.services.operation import Operation, Outcome
from vestry.services.registry import REGISTRY
from vestry.wire import model
from vestry.wire.validate import validate


class Pipeline:
    """Carries requests through; holds what they share and remembers nothing of them."""

    def __init__(
        self,
        published: Published,
        committer: Committer,
        keyring: Keyring,
        clock: Clock,
        used: LastUsed,
        sources: Sources,
        public_url: str,
    ) -> None:
        self.published = published
        self.committer = committer
        self.clock = clock
        self.sources = sources
        self.shared = Shared(keyring, used, public_url, sources.keys)
        self.public_url = public_url
        self.decisions = self.shared.decisions

    async def perform(
        self, wire: model.Operation, raw: model.Raw, http: HttpRequest, seen: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return the operation's result, or raise the fault that refuses it; `seen` collects what the log may say."""
        signed = read_signature(http.query, http.headers) if wire.signed else None
        if wire.signed and signed is None:
            raise MissingAuthenticationToken
        wall = self.clock.wall()
        prepared = Request(self.shared, wire, http, signed, wall, wall + self.clock.offset, seen)
        root = self.published.root
        if signed is not None:
            caller = prepared.authenticate(root)
            once_more = prepared.authenticate
        operation = _offered(wire, http)
        values = wire.parse(raw)
        validate(wire, values)
        if operation.proof is not None:
            proving = Proving(operation.proof, self._submission(values, prepared, root), self.sources)
            caller, root = await proving.first(self.published)
            prepared.tell(caller)
            once_more = proving.again
        if operation.beforehand is not None:
            prepared.beforehand = await asyncio.to_thread(operation.beforehand, values)
        if not (operation.writes or (operation.mfa and second_factor.passed(values))):
            return await self._read(prepared, operation, values, root, caller)

        def attempt(draft: Draft) -> Outcome | Fault:
            again = caller if draft.root is root else once_more(draft.root)
            if operation.mfa:
                return prepared.run_with_mfa(operation, values, again, draft)
            return prepared.run(operation, values, draft.root, again, draft)

        outcome = await self.committer.submit(attempt)
        if isinstance(outcome, Fault):
            raise outcome
        return _answered(outcome)

    async def _read(
        self, prepared: Request, operation: Operation, values: Mapping[str, Any], root: Root, caller: Caller
    ) -> Mapping[str, Any]:
        """Carry out an operation that changes nothing; what it lacks from outside is fetched once."""
        found = prepared.run(operation, values, root, caller, None)
        if isinstance(found, Needs):
            trouble = await self.sources.fetch(found)
            prepared.at_hand = prepared.at_hand.fetched(trouble)
            root = self.published.root
            found = prepared.run(operation, values, root, prepared.authenticate(root), None)
        return _answered(found)

    def _submission(self, values: Mapping[str, Any], prepared: Request, root: Root) -> Submission:
        clocks = int(prepared.wall), int(prepared.now)
        shared = self.shared
        return Submission(
            values, prepared.message, root, *clocks, shared.at_hand, shared.keyring, self.public_url
        )


def _answered(outcome: Outcome) -> Mapping[str, Any]:
    assert not isinstance(outcome, Needs), "keys are needed where nothing is changed, and once"
    return outcome


def _offered(wire: model.Operation, http: HttpRequest) -> Operation:
    """Return the registered operation. INVARIANT: it has a proof exactly where the model wants no signature."""
    operation = REGISTRY.get((wire.service.name, wire.name))
    if operation is None or (operation.proof is None) is not wire.signed:
        raise NotImplementedOperation(
            f"Vestry does not offer {wire.service.name}:{wire.name}.",
            hint="docs/operations.md lists what it offers.",
        )
    if operation.regional and is_global(http.header(b"host")):
        raise InvalidAction("Unknown Operation", hint="AWS offers it at regional endpoints only.")
    return operation
