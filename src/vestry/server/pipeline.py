"""One request, one direction: bytes, operation, caller, parameters, permission, answer, bytes.

The order is AWS's: scope, expiry, key and signature before parameters, parameters before permission, permission before
existence. An operation that writes goes the same way inside the committer, on the state that it will change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from vestry.access.authenticate import Keyring, Message, authenticate
from vestry.access.authorization_message import encoded_denial
from vestry.access.authorize import Allowed, authorize
from vestry.access.caller import Caller
from vestry.access.context import Facts
from vestry.access.declaration import Ask
from vestry.access.documents import Documents
from vestry.access.proof import Submission
from vestry.access.replay import Asked, unknown_keys_of
from vestry.access.service import SOURCE_ACCOUNT, SOURCE_ARN, checked_source
from vestry.credentials.seal import SALT_BYTES
from vestry.credentials.sigv4 import SignedRequest, read_signature
from vestry.directory.draft import Draft
from vestry.directory.snapshot import Root
from vestry.errors import AccessDenied, Fault, MissingAuthenticationToken, NotImplementedOperation
from vestry.policy.decide import Decision
from vestry.policy.request import Kind
from vestry.server import second_factor
from vestry.server.committer import Committer, Published
from vestry.server.decisions import Decisions
from vestry.server.exchange import HttpRequest
from vestry.server.hosts import GLOBAL_REGION, enforced_region, requested_region
from vestry.server.proving import Proving, Sources
from vestry.server.settings import Clock
from vestry.server.usage import LastUsed
from vestry.services.operation import Call, Operation
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
        self.keyring = keyring
        self.clock = clock
        self.used = used
        self.sources = sources
        self.public_url = public_url
        self.documents = Documents()
        self.decisions = Decisions()
        self.entropy: Callable[[int], bytes] = os.urandom

    async def perform(
        self, wire: model.Operation, parameters: Mapping[str, str], http: HttpRequest, seen: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return the operation's result, or raise the fault that refuses it; `seen` collects what the log may say."""
        signed = read_signature(http.query, http.headers) if wire.signed else None
        if wire.signed and signed is None:
            raise MissingAuthenticationToken
        wall = self.clock.wall()
        prepared = Request(self, wire, parameters, http, signed, wall, wall + self.clock.offset, seen)
        root = self.published.root
        if signed is not None:
            caller = prepared.authenticate(root)
            once_more = prepared.authenticate
        operation = _offered(wire)
        values = wire.parse(parameters)
        validate(wire, values)
        if operation.proof is not None:
            proving = Proving(
                operation.proof, self._submission(values, root, wall, prepared.now), self.sources
            )
            caller, root = await proving.first(self.published)
            prepared.tell(caller)
            once_more = proving.again
        if not (operation.writes or (operation.mfa and second_factor.passed(values))):
            return prepared.run(operation, values, root, caller, None)

        def attempt(draft: Draft) -> Mapping[str, Any] | Fault:
            again = caller if draft.root is root else once_more(draft.root)
            if operation.mfa:
                return prepared.run_with_mfa(operation, values, again, draft)
            return prepared.run(operation, values, draft.root, again, draft)

        outcome = await self.committer.submit(attempt)
        if isinstance(outcome, Fault):
            raise outcome
        return outcome

    def _submission(self, values: Mapping[str, Any], root: Root, wall: float, now: float) -> Submission:
        return Submission(values, root, int(wall), int(now), self.sources.keys, self.keyring, self.public_url)


def _offered(wire: model.Operation) -> Operation:
    """Return the registered operation. INVARIANT: it has a proof exactly where the model wants no signature."""
    operation = REGISTRY.get((wire.service.name, wire.name))
    if operation is None or (operation.proof is None) is not wire.signed:
        raise NotImplementedOperation(
            f"Vestry does not offer {wire.service.name}:{wire.name}.",
            hint="docs/operations.md lists what it offers.",
        )
    return operation


class Request:
    """A request under way: read from the wire, its clocks read once."""

    __slots__ = ("http", "now", "parameters", "pipeline", "seen", "signed", "wall", "wire")

    def __init__(
        self,
        pipeline: Pipeline,
        wire: model.Operation,
        parameters: Mapping[str, str],
        http: HttpRequest,
        signed: SignedRequest | None,
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
        assert self.signed is not None, "an unsigned request is known by its proof"
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
        if caller.session is None:
            pipeline.used.note(caller.access_key, int(self.now), service, region)
        elif caller.role is not None:
            pipeline.used.note(caller.role.id, int(self.now), service, region)
        self.tell(caller)
        self.seen["access_key"] = caller.access_key
        return caller

    def tell(self, caller: Caller) -> None:
        """Say in the log who asks."""
        self.seen["principal"] = caller.arn
        if caller.proof is not None:
            self.seen["subject"] = caller.proof.subject

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
        facts = self._facts(caller)
        questions = declaration.questions(Ask(caller, values, root, facts.region))
        asked = Asked(declaration.action, facts, questions)
        try:
            allowed = authorize(declaration, questions, facts, pipeline.documents)
        except AccessDenied as denial:
            self._remember(denial, asked)
            if self.wire.service.encodes_denials:
                ring = pipeline.keyring.ring(root)
                denial.encoded = encoded_denial(denial, facts, ring, pipeline.entropy(SALT_BYTES))
            raise
        pipeline.decisions.note(self.seen["request_id"], asked, allowed=True)
        if not isinstance(allowed, Allowed) or allowed.declaration is not declaration:
            raise AssertionError("an operation runs only with the receipt of its own authorization")
        call = Call(
            caller,
            values,
            root,
            facts.region,
            int(self.now),
            int(self.wall),
            pipeline.entropy,
            pipeline.keyring,
            pipeline.used.get,
            pipeline.public_url,
            draft,
        )
        return operation.function(call)

    def run_with_mfa(
        self, operation: Operation, values: Mapping[str, Any], caller: Caller, draft: Draft
    ) -> Mapping[str, Any] | Fault:
        """Carry out an operation for a caller who brings a second factor; a fault is returned, for the code is used."""
        return second_factor.attempt(
            values,
            caller,
            draft,
            self.pipeline.keyring,
            wall=int(self.wall),
            now=int(self.now),
            run=lambda proved: self.run(operation, values, draft.root, proved, None),
        )

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
        http, service = self.http, self.wire.service.signing_name
        if self.signed is not None:
            region = requested_region(service, self.signed.region)
        else:
            region = enforced_region(http.header(b"host"), service) or GLOBAL_REGION
        source: tuple[str | None, str | None] = (None, None)
        if caller.principal.kind is Kind.SERVICE:
            source = checked_source(http.header(SOURCE_ACCOUNT), http.header(SOURCE_ARN))
        return Facts(
            caller,
            self.now,
            http.peer,
            http.header(b"user-agent"),
            http.header(b"referer"),
            http.secure,
            region,
            *source,
        )
