"""Requests of the shape that the AWS SDK for .NET sends, on which AWS Tools for PowerShell stand. The SDK itself is not run.

The shape is that of requests in the SDK's public reports: a form in alphabetical order, the body's hash as a signed header;
3.x signs `User-Agent` too, 4.x does not; the attempt's headers are never signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from places import Place, statement
from raw import Answer, send
from recipes import ACCOUNT, ENDPOINT, KEY, SECRET, recipe

AGENTS = {
    3: "aws-sdk-dotnet-coreclr/3.7.101.8 aws-sdk-dotnet-core/3.7.105.2 .NET_Core/6.0.13 OS/Linux ClientAsync",
    4: "aws-sdk-dotnet-coreclr/4.0.0.0 ua/2.1 os/linux lang/.NET_Core#9.0.4 md/ClientAsync m/b,P,0,E",
}
GENERATIONS = pytest.mark.parametrize("generation", AGENTS)


def request(
    endpoint: str, keys: dict[str, Any], generation: int, parameters: dict[str, str]
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
    scope = f"{stamp[:8]}/us-east-1/sts/aws4_request"
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


def call(place: Place, keys: dict[str, Any], generation: int, **parameters: str) -> Answer:
    """Send such a request."""
    head, body = request(place.server.endpoint, keys, generation, parameters)
    return send(place.server.endpoint, "POST", "/", head, body)


def asked(place: Place, keys: dict[str, Any]) -> dict[str, str]:
    """What the page's Use-STSRole asks for."""
    values = {
        ENDPOINT: place.server.endpoint,
        ACCOUNT: place.number,
        KEY: keys["AccessKeyId"],
        SECRET: keys["SecretAccessKey"],
    }
    (text,) = recipe("AWS Tools for PowerShell", "powershell", values)
    found = re.search(r"Use-STSRole -RoleArn (\S+) -RoleSessionName (\S+) -EndpointUrl (\S+)$", text, re.M)
    assert found is not None
    assert found[3] == place.server.endpoint
    return {"Action": "AssumeRole", "RoleArn": found[1], "RoleSessionName": found[2]}


@GENERATIONS
def test_use_sts_role_then_get_sts_caller_identity(place: Place, generation: int) -> None:
    keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
    place.role("deploy")
    answer = call(place, keys, generation, DurationSeconds="3600", **asked(place, keys))
    assert answer.status == 200, answer.text
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    role = dict(re.findall(rf"<({'|'.join(names)})>([^<]+)<", answer.text))
    who = call(place, role, generation, Action="GetCallerIdentity")
    assert f"<Arn>arn:aws:sts::{place.number}:assumed-role/deploy/powershell</Arn>" in who.text


@GENERATIONS
def test_use_sts_role_is_denied_as_aws_does(place: Place, generation: int) -> None:
    keys = place.user("casey")
    place.role("deploy")
    answer = call(place, keys, generation, **asked(place, keys))
    assert answer.status == 403
    assert "<Code>AccessDenied</Code>" in answer.text


@pytest.mark.parametrize(("generation", "status"), [(3, 403), (4, 200)])
def test_a_changed_user_agent_matters_where_it_was_signed(place: Place, generation: int, status: int) -> None:
    head, body = request(
        place.server.endpoint, place.user("casey"), generation, {"Action": "GetCallerIdentity"}
    )
    head["User-Agent"] += " again"
    answer = send(place.server.endpoint, "POST", "/", head, body)
    assert (answer.status, "SignatureDoesNotMatch" in answer.text) == (status, status == 403)
