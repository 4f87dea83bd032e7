"""Raw requests for tests: what no SDK would send."""

from __future__ import annotations

import http.client
import socket
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

VERSIONS = {"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15"}
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Answer(NamedTuple):
    """Status, headers (lower-case names) and text."""

    status: int
    headers: dict[str, str]
    text: str


def send(
    endpoint: str, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send one request as it is."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=20)
    try:
        connection.request(method, target, body=body or None, headers=headers or {})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read().decode())
    finally:
        connection.close()


def signed(
    endpoint: str,
    keys: dict[str, Any],
    service: str,
    action: str,
    *,
    region: str = "us-east-1",
    scope: str | None = None,
    headers: dict[str, str] | None = None,
    **parameters: str,
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a signed Query request; `scope` is the service that the signature names."""
    body = urlencode({"Action": action, "Version": VERSIONS[service]} | parameters)
    request = AWSRequest("POST", endpoint + "/", data=body)
    request.headers["Content-Type"] = FORM
    for name, value in (headers or {}).items():
        request.headers[name] = value
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
    SigV4Auth(credentials, scope or service, region).add_auth(request)
    return dict(request.headers.items()), body.encode()


def talk(endpoint: str, data: bytes, *, patience: float = 5) -> bytes:
    """Send bytes on a fresh connection and return all that comes back until it is closed or nothing more comes."""
    place = urlsplit(endpoint)
    with socket.create_connection((place.hostname, place.port), timeout=patience) as connection:
        found = b""
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                found += chunk
        except (TimeoutError, ConnectionError):
            pass
        return found
