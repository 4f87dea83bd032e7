"""One request, one direction: bytes, operation, caller, parameters, permission, answer, bytes.

The order is AWS's: scope, expiry, key and signature before parameters, parameters before permission, permission before
existence. An operation that writes goes the same way inside the committer, on the state that it will change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from vestry.access.authenticate import Keyring, Message, authenticate
from vestry.access.authorize import Allowed, authorize
from vestry.access.caller import Caller
from vestry.access.context import Facts
from vestry.access.declaration import Ask
from vestry.access.documents import Documents
from vestry.access.replay import Asked, unknown_keys_of
from vestry.credentials.sigv4 import SignedRequest, read_signature
from vestry.directory.draft import Draft
from vestry.directory.snapshot import Root
from vestry.errors import AccessDenied, MissingAuthenticationToken, NotImplementedOperation
from vestry.policy.decide import Decision
from vestry.server.committer import Committer, Published
from vestry.server.decisions import Decisions
from vestry.server.exchange import HttpRequest
from vestry.server.hosts import enforced_region, requested_region
from vestry.server.settings import Clock
from vestry.server.usage import LastUsed
from vestry.services.operation import Call, Operation
from vestry.services.registry import REGISTRY
from vestry.wire import model
from vestry.wire.validate import validate


class Pipeline:
    """Carries requests through; holds what they share and remembers nothing of them."""

    def __init__(
        self, published: Published, committer: Committer, keyring: Keyring, clock: Clock, used: LastUsed
    ) -> None:
        self.published = published
        self.committer = committer
        self.keyring = keyring
        self.clock = clock
        self.used = used
        self.documents = Documents()
        self.decisions = Decisions()
        self.entropy: Callable[[int], bytes] = os.urandom

    async def perform(
        self, wire: model.Operation, parameters: Mapping[str, str], http: HttpRequest, seen: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return the operation's result, or raise the fault that refuses it; `seen` collects what the log may say."""
        signed = read_signature(http.query, http.headers)
        if signed is None:
            raise MissingAuthenticationToken if wire.signed else _not_offered(wire)
        wall = self.clock.wall()
        prepared = Request(self, wire, parameters, http, signed, wall, wall + self.clock.offset, seen)
        root = self.published.root
        caller = prepared.authenticate(root)
        operation = REGISTRY.get((wire.service.name, wire.name))
        if operation is None:
            raise _not_offered(wire)
        values = wire.parse(parameters)
        validate(wire, values)
        if not operation.writes:
            return prepared.run(operation, values, root, caller, None)

        def attempt(draft: Draft) -> Mapping[str, Any]:
            again = caller if draft.root is root else prepared.authenticate(draft.root)
            return prepared.run(operation, values, draft.root, again, draft)

        return await self.committer.submit(attempt)


def _not_offered(wire: model.Operation) -> NotImplementedOperation:
    return NotImplementedOperation(
        f"Vestry does not offer {wire.service.name}:{wire.name}.",
        hint="docs/operations.md lists what it offers.",
    )


class Request:
    """A request under way: read from the wire, its clocks read once."""

    __slots__ = ("http", "now", "parameters", "pipeline", "seen", "signed", "wall", "wire")

    def __init__(
        self,
        pipeline: Pipeline,
        wire: model.Operation,
        parameters: Mapping[str, str],
        http: HttpRequest,
        signed: SignedRequest,
        wall: float,
        now: float,
        seen: dict[str, Any],
    ) -> None:
        self.pipeline = pipeline
        self.wire = wire
        self.parameters = parameters
        self.http = http
        self.signed = signed
        self.wall = wall
        self.now = now
        self.seen = seen

    def authenticate(self, root: Root) -> Caller:
        """Return who signed the request, as `root` knows them."""
        http, pipeline = self.http, self.pipeline
        service = self.wire.service.signing_name
        message = Message(http.method, http.path, http.query, http.headers, http.body)
        caller = authenticate(
            self.signed,
            message,
            service,
            root,
            pipeline.keyring,
            wall=int(self.wall),
            now=int(self.now),
            region=enforced_region(http.header(b"host"), service),
        )
        region = requested_region(service, self.signed.region)
        pipeline.used.note(caller.access_key, int(self.now), service, region)
        if caller.role is not None:
            pipeline.used.note(caller.role.id, int(self.now), service, region)
        self.seen["principal"] = caller.arn
        self.seen["access_key"] = caller.access_key
        return caller

    def run(
        self,
        operation: Operation,
        values: Mapping[str, Any],
        root: Root,
        caller: Caller,
        draft: Draft | None,
    ) -> Mapping[str, Any]:
        """Authorize the operation and carry it out, on one state."""
        pipeline = self.pipeline
        declaration = operation.declaration
        questions = declaration.questions(Ask(caller, values, root))
        facts = self._facts(caller)
        asked = Asked(declaration.action, facts, questions)
        try:
            allowed = authorize(declaration, questions, facts, pipeline.documents)
        except AccessDenied as denial:
            self._remember(denial, asked)
            raise
        pipeline.decisions.note(self.seen["request_id"], asked, allowed=True)
        if not isinstance(allowed, Allowed) or allowed.declaration is not declaration:
            raise AssertionError("an operation runs only with the receipt of its own authorization")
        call = Call(
            caller, values, root, int(self.now), pipeline.entropy, pipeline.keyring, pipeline.used.get, draft
        )
        return operation.function(call)

    def _remember(self, denial: AccessDenied, asked: Asked) -> None:
        """Say in the log what was denied and by which layer; `vestry explain` tells the rest."""
        if isinstance(denial.decision, Decision):
            self.seen["denied_by"] = denial.decision.layer.value
            unknown = unknown_keys_of(asked, self.pipeline.documents)
            if unknown:
                self.seen["unknown_condition_keys"] = unknown
        else:
            asked = Asked(asked.operation, asked.facts, (), denial.message or "")
        self.pipeline.decisions.note(self.seen["request_id"], asked, allowed=False)

    def _facts(self, caller: Caller) -> Facts:
        http = self.http
        return Facts(
            caller,
            self.now,
            http.peer,
            http.header(b"user-agent"),
            http.header(b"referer"),
            http.secure,
            requested_region(self.wire.service.signing_name, self.signed.region),
        )
