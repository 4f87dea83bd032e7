"""Requests signed by AWS's C library, which shares no code with botocore's signers."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import urlsplit

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from botocore_signer import KEY_ID, SECRET, STAMP, Message

HOST = "127.0.0.1:4566"


def sign(
    method: str = "POST",
    target: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"Action=GetCallerIdentity&Version=2011-06-15",
    *,
    asymmetric: bool = True,
    presign: bool = False,
    regions: str = "us-east-1",
    service: str = "sts",
    token: str | None = None,
    secret: str = SECRET,
    expires: int | None = None,
) -> Message:
    """Sign a request and return it as it arrives; `regions` is the set, or the region of a plain SigV4."""
    lines = HttpHeaders([("host", HOST), *(headers or {}).items()])
    request = HttpRequest(method, target, lines, BytesIO(body))
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4_ASYMMETRIC if asymmetric else AwsSigningAlgorithm.V4,
        signature_type=(
            AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS if presign else AwsSignatureType.HTTP_REQUEST_HEADERS
        ),
        credentials_provider=AwsCredentialsProvider.new_static(KEY_ID, secret, token),
        region=regions,
        service=service,
        date=datetime.strptime(STAMP, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        expiration_in_seconds=expires,
    )
    signed = aws_sign_request(request, config).result(30)
    parts = urlsplit(signed.path)
    found = tuple((name.lower().encode(), value.encode()) for name, value in signed.headers)
    return Message(signed.method, parts.path, parts.query.encode(), found, body)
