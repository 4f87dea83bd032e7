"""A request under way: who asks, may they, and the operation carried out, on one state.

The same steps are taken on the published state for what only reads, and inside the committer for what changes.
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
from vestry.access.proof import AtHand, Issuer
from vestry.access.replay import Asked, unknown_keys_of
from vestry.access.service import SOURCE_ACCOUNT, SOURCE_ARN, checked_source
from vestry.credentials.issuer_keys import KeySet
from vestry.credentials.seal import SALT_BYTES
from vestry.credentials.sigv4 import SignedRequest
from vestry.directory.draft import Draft
from vestry.directory.snapshot import Root
from vestry.errors import AccessDenied, Fault
from vestry.policy.decide import Decision
from vestry.policy.request import Kind
from vestry.server import second_factor
from vestry.server.decisions import Decisions
from vestry.server.exchange import HttpRequest
from vestry.server.hosts import GLOBAL_REGION, enforced_region, requested_region
from vestry.server.sightings import Sightings
from vestry.server.usage import LastUsed
from vestry.services.operation import Call, Operation, Outcome
from vestry.wire import model


class Shared:
    """What all requests of one server share: keys, compiled documents, and what is told about requests afterwards."""

    __slots__ = ("at_hand", "decisions", "documents", "entropy", "keyring", "public_url", "sightings", "used")

    def __init__(
        self, keyring: Keyring, used: LastUsed, public_url: str, keys: Callable[[Issuer], KeySet | None]
    ) -> None:
        self.keyring = keyring
        self.used = used
        self.sightings = Sightings()
        self.public_url = public_url
        self.at_hand = AtHand(keys)
        self.documents = Documents()
        self.decisions = Decisions()
        self.entropy: Callable[[int], bytes] = os.urandom


class Request:
    """A request under way: read from the wire, its clocks read once."""

    __slots__ = ("at_hand", "beforehand", "http", "now", "seen", "shared", "signed", "wall", "wire")

    def __init__(
        self,
        shared: Shared,
        wire: model.Operation,
        http: HttpRequest,
        signed: SignedRequest | None,
        wall: float,
        now: float,
        seen: dict[str, Any],
    ) -> None:
        self.shared = shared
        self.wire = wire
        self.http = http
        self.signed = signed
        self.wall = wall
        self.now = now
        self.seen = seen
        self.at_hand = shared.at_hand
        self.beforehand: object = None

    @property
    def message(self) -> Message:
        """What a signature covers."""
        http = self.http
        return Message(http.method, http.path, http.query, http.headers, http.body)

    def authenticate(self, root: Root) -> Caller:
        """Return who signed the request, as `root` knows them."""
        http, shared = self.http, self.shared
        assert self.signed is not None, "an unsigned request is known by its proof"
        service = self.wire.service.signing_name
        caller = authenticate(
            self.signed,
            self.message,
            service,
            root,
            shared.keyring,
            wall=int(self.wall),
            now=int(self.now),
            region=enforced_region(http.header(b"host"), service),
        )
        region = requested_region(service, self.signed.region)
        if caller.session is None:
            shared.used.note(caller.access_key, int(self.now), service, region)
        elif caller.role is not None:
            shared.used.note(caller.role.id, int(self.now), service, region)
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
    ) -> Outcome:
        """Authorize the operation and carry it out, on one state."""
        shared = self.shared
        declaration = operation.declaration
        facts = self._facts(caller)
        questions = declaration.questions(Ask(caller, values, root, facts.region))
        asked = Asked(declaration.action, facts, questions)
        try:
            allowed = authorize(declaration, questions, facts, shared.documents)
        except AccessDenied as denial:
            self._remember(denial, asked)
            if self.wire.service.encodes_denials:
                ring = shared.keyring.ring(root)
                denial.encoded = encoded_denial(denial, facts, ring, shared.entropy(SALT_BYTES))
            raise
        shared.decisions.note(self.seen["request_id"], asked, allowed=True)
        if not isinstance(allowed, Allowed) or allowed.declaration is not declaration:
            raise AssertionError("an operation runs only with the receipt of its own authorization")
        call = Call(
            caller,
            values,
            root,
            facts.region,
            int(self.now),
            int(self.wall),
            shared.entropy,
            shared.keyring,
            shared.used.get,
            shared.public_url,
            shared.documents,
            self.at_hand,
            shared.sightings.note,
            draft,
            self.beforehand,
        )
        try:
            return operation.function(call)
        except AccessDenied as denial:
            if isinstance(denial.asked, Asked):
                self._remember(denial, denial.asked)
            raise

    def run_with_mfa(
        self, operation: Operation, values: Mapping[str, Any], caller: Caller, draft: Draft
    ) -> Outcome | Fault:
        """Carry out an operation for a caller who brings a second factor; a fault is returned, for the code is used."""
        return second_factor.attempt(
            values,
            caller,
            draft,
            self.shared.keyring,
            wall=int(self.wall),
            now=int(self.now),
            run=lambda proved: self.run(operation, values, draft.root, proved, None),
        )

    def _remember(self, denial: AccessDenied, asked: Asked) -> None:
        """Say in the log what was denied and by which layer; `vestry explain` tells the rest."""
        if isinstance(denial.decision, Decision):
            self.seen["denied_by"] = denial.decision.layer.value
            unknown = unknown_keys_of(asked, self.shared.documents)
            if unknown:
                self.seen["unknown_condition_keys"] = unknown
        else:
            asked = Asked(asked.operation, asked.facts, (), denial.message or "")
        self.shared.decisions.note(self.seen["request_id"], asked, allowed=False)

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
