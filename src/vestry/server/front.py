"""The front: from an HTTP request to an operation, and from its result or fault to an answer.

What AWS's own front answers without looking at a service is here: the redirect for requests without an action, unknown
paths, preflights, health.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from vestry import __version__
from vestry.errors import Fault, InternalFailure, InvalidAction, NotImplementedOperation
from vestry.server import issuer_documents
from vestry.server.exchange import HttpAnswer, HttpRequest
from vestry.server.log import Log, cause
from vestry.server.pipeline import Pipeline
from vestry.server.saml_page import saml_page
from vestry.wire import model, parse, serialize
from vestry.wire.rest_parse import RestRequest

_HEALTH = frozenset(("/health", "/_localstack/health"))
#: Where the certificate of instances' identity documents is published.
_IDENTITY = "/instance-identity/certificate.pem"
_REDIRECT = "https://aws.amazon.com/iam"
#: The service in a credential scope, behind key id, date and (in SigV4) region.
_SCOPE = re.compile(
    r"Credential=[^/,& ]{1,128}/[0-9]{8}/(?:[a-z0-9-]{1,64}/)?([A-Za-z0-9-]{1,64})/", re.ASCII
)
_FORM = "application/x-www-form-urlencoded"
_CACHED = [(b"cache-control", f"public, max-age={issuer_documents.CACHE_SECONDS}".encode())]
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"172800"),
]


class Front:
    """Answers every request; nothing escapes it."""

    def __init__(self, pipeline: Pipeline, services: Sequence[model.Service], log: Log) -> None:
        self._pipeline = pipeline
        self._services = services
        self._rest = {one.signing_name: one for one in services if one.family == "rest-json"}
        self._log = log

    async def answer(self, http: HttpRequest) -> HttpAnswer:
        """Return the answer to one request."""
        request_id = new_request_id()
        form = http.method == "POST" and (http.header(b"content-type") or "").startswith(_FORM)
        service: model.Service | None = None
        if http.path != "/" or http.method not in ("GET", "POST"):
            service = self._rest_service(http)
            special = self._special(http, request_id, form) if service is None else None
            if special is not None:
                return special
        seen: dict[str, Any] = {"request_id": request_id}
        json = (http.header(b"accept") or "").startswith("application/json")
        more: list[tuple[bytes, bytes]] = []
        raw: model.Raw
        operation: model.Operation | None
        try:
            if service is None:
                raw = parameters = parse.read_query(http.body if form else http.query)
                version, action = parameters.get("Version"), parameters.get("Action")
                service = model.service_of_version(self._services, version)
                operation = model.find_operation(self._services, version, action)
            else:
                operation, labels = model.find_rest(service, http.method, http.path)
                raw = RestRequest(labels, http.query, http.headers, http.body)
            if operation is None:
                return self._without_action(http, request_id)
            seen["operation"] = f"{operation.service.name}:{operation.name}"
            result = await self._pipeline.perform(operation, raw, http, seen)
            status = operation.http.response_code
            body = serialize.success(operation, result, request_id, json=json)
        except Fault as fault:
            status, body = serialize.failure(service, fault, request_id, json=json)
            more = serialize.error_headers(service, fault)
            seen["code"], seen["hint"] = fault.code, fault.hint
        except Exception as error:  # noqa: BLE001 - the last line of defence: AWS's form, the cause in the log only
            failed = InternalFailure()
            status, body = serialize.failure(service, failed, request_id, json=json)
            more = serialize.error_headers(service, failed)
            self._log.problem("internal failure", request_id=request_id, cause=cause(error))
        self._log.line("request", status=status, peer=http.peer, **seen)
        kind = serialize.content_type(service, json=json)
        return HttpAnswer(status, _headers(request_id, kind) + more, body)

    def _rest_service(self, http: HttpRequest) -> model.Service | None:
        """Return the REST service that a request is for: that of its credential scope, or, unsigned, that of its path."""
        signed = signed_service(http)
        if signed is not None:
            return self._rest.get(signed)
        return next((one for one in self._rest.values() if one.routes.find(http.method, http.path)), None)

    def _health(self) -> bytes:
        """Say what runs; a test clock is never left unsaid."""
        said: dict[str, Any] = {
            "version": __version__,
            "edition": "vestry",
            "services": {service.name: "running" for service in self._services},
            "enforcement": "always",
        }
        clock = self._pipeline.clock
        if clock.adjustable:
            said["test_clock"] = {"offset_seconds": int(clock.offset), "warning": "session time is a test's"}
        return msgspec.json.encode(said)

    def _special(self, http: HttpRequest, request_id: str, form: bool) -> HttpAnswer | None:
        if http.method == "OPTIONS":
            return HttpAnswer(200, [*_headers(request_id, "text/plain"), *_CORS])
        if http.path in _HEALTH and http.method in ("GET", "HEAD"):
            return HttpAnswer(200, _headers(request_id, "application/json"), self._health())
        if http.path.startswith(issuer_documents.PREFIX) and http.method in ("GET", "HEAD"):
            found = issuer_documents.document(
                self._pipeline.published.root, http.path, self._pipeline.public_url
            )
            if found is not None:
                return HttpAnswer(200, [*_headers(request_id, "application/json"), *_CACHED], found)
        identity = self._pipeline.published.root.identity
        if http.path == _IDENTITY and http.method in ("GET", "HEAD") and identity is not None:
            headers = [*_headers(request_id, "application/x-pem-file"), *_CACHED]
            return HttpAnswer(200, headers, identity.certificate.encode())
        page = saml_page(http, self._pipeline.public_url)
        if page is not None:
            return page
        if http.method in ("GET", "POST") and (form or b"Action=" in http.query):
            return None
        if signed_service(http) is not None:
            return self._without_action(http, request_id)
        headers = _headers(request_id, "text/xml")
        return HttpAnswer(404, headers, b"<UnknownOperationException/>\n")

    def _without_action(self, http: HttpRequest, request_id: str) -> HttpAnswer:
        """Answer what names no operation of ours: by the name of the service it is for, or else as AWS, elsewhere."""
        target, service = http.header(b"x-amz-target"), signed_service(http)
        if service in self._rest:
            return self._no_operation(self._rest[service], request_id)
        if target is None and service is None:
            return _redirect(http, request_id)
        what = service if target is None else target.rpartition(".")[0] or target
        offered = ", ".join(one.name for one in self._services)
        fault = NotImplementedOperation(f"Vestry does not offer the service {what}; it offers {offered}.")
        self._log.line("request", request_id=request_id, status=400, peer=http.peer, code=fault.code)
        if target is not None:
            body = msgspec.json.encode({"__type": "UnknownOperationException", "message": fault.message})
            return HttpAnswer(400, _headers(request_id, "application/x-amz-json-1.1"), body)
        status, body = serialize.failure(None, fault, request_id, json=False)
        return HttpAnswer(status, _headers(request_id, "text/xml"), body)

    def _no_operation(self, service: model.Service, request_id: str) -> HttpAnswer:
        fault = InvalidAction(None)
        status, body = serialize.failure(service, fault, request_id, json=False)
        headers = _headers(request_id, serialize.content_type(service, json=False))
        return HttpAnswer(status, headers + serialize.error_headers(service, fault), body)


def signed_service(http: HttpRequest) -> str | None:
    """Return the service that a request's credential scope names, None where it is not signed; proves nothing."""
    found = _SCOPE.search(http.header(b"authorization") or "") or _SCOPE.search(
        unquote(http.query.decode("latin-1"))
    )
    return None if found is None else found[1]


def new_request_id() -> str:
    """Return a random UUID (version 4) as text; `uuid.uuid4` takes four times as long to say the same."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _redirect(http: HttpRequest, request_id: str) -> HttpAnswer:
    query = http.query.decode("latin-1") if http.method == "GET" else ""
    target = f"{_REDIRECT}?{query}" if query else _REDIRECT
    return HttpAnswer(302, [*_headers(request_id, "text/plain"), (b"location", target.encode("latin-1"))])


def _headers(request_id: str, kind: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", kind.encode()), (b"x-amzn-requestid", request_id.encode())]
