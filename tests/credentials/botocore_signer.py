"""Requests signed by botocore's own signers, as they would arrive, and the whole judgement of one."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vestry.credentials.canonical import verify
from vestry.credentials.sigv4 import (
    Headers,
    SignedRequest,
    check_scope,
    check_time,
    read_signature,
    signing_key,
)
from vestry.errors import Fault

STAMP = "20261124T001500Z"
WALL = calendar.timegm(time.strptime(STAMP, "%Y%m%dT%H%M%SZ"))
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY_ID = "AKIARZPUZDIKAEXAMPLE"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Message:
    """A request as the server sees it: raw path and query, header names in lower case."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def with_header(self, name: bytes, value: bytes | None) -> Message:
        """The same with another value for a header, or without it."""
        kept = tuple((n, v) for n, v in self.headers if n != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def header(self, name: bytes) -> bytes:
        return dict(self.headers)[name]


def arrive(request: AWSRequest) -> Message:
    """Return what the server sees of a signed request."""
    parts = urlsplit(request.url)
    headers = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
    if b"host" not in dict(headers):
        headers.append((b"host", parts.netloc.encode()))
    body = request.data if isinstance(request.data, bytes) else b""
    return Message(request.method, parts.path or "/", parts.query.encode(), tuple(headers), body)


def sign(
    request: AWSRequest,
    *,
    presign: bool = False,
    region: str = "us-east-1",
    service: str = "sts",
    token: str | None = None,
    stamp: str = STAMP,
) -> Message:
    """Sign a request with botocore at `stamp` and return it as it arrives; no clock is asked or patched."""
    credentials = Credentials(KEY_ID, SECRET, token)
    signer: Any = (SigV4QueryAuth if presign else SigV4Auth)(credentials, service, region)
    request.context["timestamp"] = stamp
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return arrive(request)


def assume_role(**how: Any) -> Message:
    """Return a typical AssumeRole POST, signed."""
    body = b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FApp"
    return sign(AWSRequest("POST", "http://127.0.0.1:4566/", {"Content-Type": FORM}, body), **how)


def caller_identity(headers: dict[str, str] | None = None, method: str = "GET", **how: Any) -> Message:
    """Return a presigned GetCallerIdentity."""
    url = "http://127.0.0.1:4566/?Action=GetCallerIdentity&Version=2011-06-15"
    return sign(AWSRequest(method, url, headers or {}), presign=True, **how)


def judge(
    message: Message, *, service: str = "sts", region: str | None = None, wall: int = WALL
) -> SignedRequest:
    """Read, place, date and prove a signature, as `authenticate` does; raise its fault."""
    signed = read_signature(message.query, message.headers)
    assert signed is not None, "not signed"
    check_scope(signed, service, region=region)
    check_time(signed, wall=wall)
    key = signing_key(SECRET, signed.date, signed.region, signed.service)
    verify(signed, key, message.method, message.path, message.query, message.headers, message.body)
    return signed


#: A header that reads well and proves nothing.
SCOPE = f"{KEY_ID}/20261124/us-east-1/sts/aws4_request"
GOOD = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
HEADERS = ((b"host", b"127.0.0.1:4566"), (b"x-amz-date", STAMP.encode()))


def read(
    authorization: str, *more: tuple[bytes, bytes], headers: Headers = HEADERS, query: bytes = b""
) -> SignedRequest:
    """Return what a request with this Authorization header claims."""
    signed = read_signature(query, [*headers, (b"authorization", authorization.encode("latin-1")), *more])
    assert signed is not None
    return signed


def fault(kind: type[Fault], act: Callable[..., object], *args: Any, **named: Any) -> str:
    """Return the message with which a call is refused."""
    with pytest.raises(kind) as caught:
        act(*args, **named)
    assert type(caught.value) is kind
    return caught.value.message or ""
