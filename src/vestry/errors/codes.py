"""How a fault is called in each protocol family.

A fault's class carries its Query form (IAM, STS). A row here says where a family differs: the nearest class in the
fault's line of descent that has a row decides. Sources: the services' models and their "Common errors" pages.
"""

from __future__ import annotations

from collections.abc import Callable

from vestry.errors import faults as f


def _unauthorized(fault: f.Fault) -> str:
    """EC2's sentences around a denial."""
    text = f"You are not authorized to perform this operation. {fault.message}"
    encoded = fault.encoded if isinstance(fault, f.AccessDenied) else ""
    return f"{text}. Encoded authorization failure message: {encoded}" if encoded else text


#: family -> class -> (code, status, message, or what makes it of the fault, or None to keep the fault's own)
DIFFERENCES: dict[str, dict[type[f.Fault], tuple[str, int, str | Callable[[f.Fault], str] | None]]] = {
    "query": {},
    "ec2": {
        f.AuthenticationFault: (
            "AuthFailure",
            401,
            "AWS was not able to validate the provided access credentials",
        ),
        f.MissingAuthenticationToken: (
            "MissingParameter",
            400,
            "The request must contain the parameter AWSAccessKeyId",
        ),
        f.ExpiredToken: ("RequestExpired", 400, "Request has expired."),
        f.AccessDenied: ("UnauthorizedOperation", 403, _unauthorized),
        f.MalformedInput: ("MalformedQueryString", 400, "The query string contains a syntax error."),
        f.Throttling: ("RequestLimitExceeded", 503, "Request limit exceeded."),
        f.InternalFailure: ("InternalError", 500, "An internal error has occurred"),
    },
    "json": {
        f.InvalidClientTokenId: ("UnrecognizedClientException", 400, None),
        f.SignatureDoesNotMatch: ("InvalidSignatureException", 400, None),
        f.IncompleteSignature: ("IncompleteSignatureException", 400, None),
        f.MissingAuthenticationToken: ("MissingAuthenticationTokenException", 400, None),
        f.ExpiredToken: ("ExpiredTokenException", 400, None),
        f.AccessDenied: ("AccessDeniedException", 400, None),
        f.Throttling: ("ThrottlingException", 400, None),
        f.InvalidAction: ("UnknownOperationException", 400, None),
        f.ValidationError: ("ValidationException", 400, None),
        f.MalformedInput: ("SerializationException", 400, None),
    },
    # Of the codes that the service's own model has, the status is the model's.
    "rest-json": {
        f.InvalidClientTokenId: ("UnrecognizedClientException", 403, None),
        f.SignatureDoesNotMatch: ("InvalidSignatureException", 403, None),
        f.IncompleteSignature: ("IncompleteSignatureException", 403, None),
        f.MissingAuthenticationToken: (
            "MissingAuthenticationTokenException",
            403,
            "Missing Authentication Token",
        ),
        f.ExpiredToken: ("ExpiredTokenException", 403, None),
        f.AccessDenied: ("AccessDeniedException", 403, None),
        f.Throttling: ("ThrottlingException", 429, None),
        f.InvalidAction: ("UnknownOperationException", 404, None),
        f.ValidationError: ("ValidationException", 400, None),
        f.MalformedInput: ("SerializationException", 400, None),
        f.ServiceUnavailable: ("ServiceUnavailableException", 503, None),
    },
}


def code_and_status(fault: f.Fault, family: str) -> tuple[str, int, str | None]:
    """Return the code, HTTP status and message (None: no Message element) of `fault` in a protocol family.

    `family` is `query`, `ec2`, `json` or `rest-json`; any other raises KeyError.
    """
    rows = DIFFERENCES[family]
    for kind in type(fault).__mro__:
        row = rows.get(kind)
        if row is not None:
            code, status, message = row
            if callable(message):
                return code, status, message(fault)
            return code, status, fault.message if message is None else message
    return fault.code, fault.status, fault.message
