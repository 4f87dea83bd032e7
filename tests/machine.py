"""What a machine sees of its metadata: small requests from an address of its own."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

from raw import Answer

LIFE = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


class Machine:
    """A program on a machine: it asks `endpoint`, from the address `source` where one is given."""

    def __init__(self, endpoint: str, source: str | None = None) -> None:
        self.endpoint = endpoint
        self.source = source

    def send(self, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Send one request as it is."""
        place = (self.source, 0) if self.source else None
        connection = http.client.HTTPConnection(
            urlsplit(self.endpoint).netloc, timeout=20, source_address=place
        )
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read().decode())
        finally:
            connection.close()

    def token(self, seconds: int = 600) -> str:
        """Return a session token."""
        answer = self.send("PUT", "/latest/api/token", {LIFE: str(seconds)})
        assert answer.status == 200, answer
        return answer.text

    def get(self, path: str, **headers: Any) -> Answer:
        """Ask for a path of /latest/meta-data/ with a fresh session token."""
        return self.send("GET", f"/latest/meta-data/{path}", {TOKEN: self.token()} | headers)
