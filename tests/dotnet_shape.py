"""Requests of the shape that the AWS SDK for .NET sends, on which AWS Tools for PowerShell stand. The SDK itself is not run.

The shape is that of requests in the SDK's public reports: a form in alphabetical order, the body's hash as a signed header;
3.x signs `User-Agent` too, 4.x does not; the attempt's headers are never signed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

AGENTS = {
    3: "aws-sdk-dotnet-coreclr/3.7.101.8 aws-sdk-dotnet-core/3.7.105.2 .NET_Core/6.0.13 OS/Linux ClientAsync",
    4: "aws-sdk-dotnet-coreclr/4.0.0.0 ua/2.1 os/linux lang/.NET_Core#9.0.4 md/ClientAsync m/b,P,0,E",
}


def request(
    endpoint: str,
    keys: dict[str, Any],
    generation: int,
    parameters: dict[str, str],
    region: str = "us-east-1",
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a call to STS, signed as the SDK does."""
    form = {"Version": "2011-06-15"} | parameters
    body = "&".join(f"{name}={quote(form[name], safe='-_.~')}" for name in sorted(form)).encode()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": urlsplit(endpoint).netloc,
        "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
        "X-Amz-Date": stamp,
    }
    if "SessionToken" in keys:
        signed["X-Amz-Security-Token"] = keys["SessionToken"]
    if generation == 3:
        signed["User-Agent"] = AGENTS[3]
    lines = {name.lower(): value for name, value in sorted(signed.items(), key=lambda item: item[0].lower())}
    names = ";".join(lines)
    canonical = "\n".join(
        ["POST", "/", "", *(f"{n}:{v}" for n, v in lines.items()), "", names, signed["X-Amz-Content-SHA256"]]
    )
    scope = f"{stamp[:8]}/{region}/sts/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + keys["SecretAccessKey"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{keys['AccessKeyId']}/{scope}"
    return signed | {
        "User-Agent": AGENTS[generation],
        "amz-sdk-invocation-id": "48d8fc02-08e2-472d-b1fe-fc512c52db73",
        "amz-sdk-request": "attempt=1; max=5",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}",
    }, body
