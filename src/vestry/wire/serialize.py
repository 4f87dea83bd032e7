"""Results and faults as bytes, in each protocol's envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vestry.errors import AuthenticationFault, Fault, InvalidAction, ServerFault, Throttling, code_and_status
from vestry.wire.model import Operation, Service
from vestry.wire.xml_write import document, escape

#: the namespace of faults that no service raised: STS's front answers unknown operations with it
FAULT_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"

_encode_json = msgspec.json.encode


def success(operation: Operation, result: Mapping[str, Any], request_id: str, *, json: bool) -> bytes:
    """Return the body of an answer. `result` is keyed by the model's member names; times are epoch seconds.

    `json`: the client of a query service asked for `application/json`; the JSON services always get it. None members
    are left out; a member that the model doesn't have raises KeyError.
    """
    family = operation.service.family
    if operation.service.is_json:
        return _encode_json(operation.json_value(result) or {})
    if json and family == "query":
        return _json_success(operation, result, request_id)
    start, end, empty = operation.envelope
    parts = [start]
    if family == "ec2":
        parts.append(f"  <requestId>{request_id}</requestId>\n")
        operation.write_xml(result, parts.append)
        parts.append(end)
    else:
        operation.write_xml(result, parts.append)
        if len(parts) == 1 and empty:
            parts = [empty]
        else:
            parts.append(end)
        parts.append(
            f"  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n"
            f"</{operation.name}Response>\n"
        )
    return document(parts)


def _json_success(operation: Operation, result: Mapping[str, Any], request_id: str) -> bytes:
    answer: dict[str, Any] = {}
    value = operation.json_value(result)
    if operation.output is not None:
        answer[operation.result_wrapper or f"{operation.name}Result"] = value
    answer["ResponseMetadata"] = {"RequestId": request_id}
    return _encode_json({f"{operation.name}Response": answer})


def failure(service: Service | None, fault: Fault, request_id: str, *, json: bool) -> tuple[int, bytes]:
    """Return the HTTP status and the body of a refusal. `service` None: no service was found (query's envelope)."""
    family = service.family if service is not None else "query"
    code, status, message = code_and_status(fault, family)
    if service is not None and family == "rest-json":
        if not isinstance(fault, AuthenticationFault):
            status = service.error_statuses.get(code, status)
        return status, _encode_json({} if message is None else {"message": message})
    if family == "json":
        body = {"__type": code} if message is None else {"__type": code, "message": message}
        return status, _encode_json(body)
    if family == "ec2":
        return status, _ec2_failure(code, message, request_id)
    kind = "Receiver" if isinstance(fault, ServerFault) and not isinstance(fault, Throttling) else "Sender"
    if json:
        error = {"Code": code, "Message": message, "Type": kind}
        if message is None:
            del error["Message"]
        return status, _encode_json({"Error": error, "RequestId": request_id})
    special = service is None or isinstance(fault, InvalidAction)
    namespace = FAULT_NAMESPACE if special or service is None else service.namespace
    said = "" if message is None else f"    <Message>{escape(message)}</Message>\n"
    text = (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>{kind}</Type>\n    <Code>{code}</Code>\n'
        f"{said}  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
    return status, document((text,))


def _ec2_failure(code: str, message: str | None, request_id: str) -> bytes:
    said = "" if message is None else f"<Message>{escape(message)}</Message>"
    return document(
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n',
            f"<Response><Errors><Error><Code>{code}</Code>{said}</Error></Errors>",
            f"<RequestID>{request_id}</RequestID></Response>",
        )
    )


def error_headers(service: Service | None, fault: Fault) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell of a refusal: the REST services name its code in one, and not in the body."""
    if service is None or service.family != "rest-json":
        return []
    return [(b"x-amzn-errortype", code_and_status(fault, service.family)[0].encode())]


def content_type(service: Service | None, *, json: bool) -> str:
    """Return the Content-Type of what `success` and `failure` give."""
    family = service.family if service is not None else "query"
    if family == "rest-json":
        return "application/json"
    if family == "json" and service is not None:
        return f"application/x-amz-json-{service.json_version}"
    if family == "ec2":
        return "text/xml;charset=UTF-8"
    return "application/json" if json else "text/xml"
