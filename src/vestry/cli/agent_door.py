"""The agent's door: GET /v1/credentials with a pod's token, answered as the EKS Pod Identity agent answers.

In order: the path is there (404); the agent was called by an address of its own, so that a page in somebody's browser
can't (403); the token is one and has not expired (400); EKS Auth gives credentials, or its refusal is passed on.
"""

from __future__ import annotations

import base64
import binascii
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

from vestry.cli.agent_credentials import Kept, Refused

PATH = "/v1/credentials"
#: Seconds for which a connection may say nothing; connections at a time, in all and of one pod's address.
PATIENCE_SECONDS = 10
MOST_CONNECTIONS = 256
MOST_OF_ONE = 32


class Door(ThreadingMixIn, HTTPServer):
    """A listening socket of the agent; `hosts` are the addresses by which it may be called."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, kept: Kept, hosts: Collection[str]) -> None:
        super().__init__(listener.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.kept = kept
        self.hosts = hosts
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own; too many at once are turned away."""
        peer = client_address[0]
        with self._lock:
            full = self._open[peer] >= MOST_OF_ONE or self._open.total() >= MOST_CONNECTIONS
            if not full:
                self._open[peer] += 1
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open[client_address[0]] -= 1
                self._open += Counter()  # forgets who has none

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a connection that broke go."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a pod."""

    server: Door
    timeout = PATIENCE_SECONDS
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "", ""

    def do_GET(self) -> None:
        """Answer a pod."""
        try:
            self._send(200, "application/json", self._document())
        except Refused as refused:
            self._send(refused.status, "text/plain; charset=utf-8", f"{refused}\n")

    def _document(self) -> str:
        if self.path.partition("?")[0] != PATH:
            raise Refused(404, "404 page not found")
        check_host(self.headers.get("Host", ""), self.server.hosts)
        token = self.headers.get("Authorization", "")
        check_token(token, time.time())
        return json.dumps(self.server.kept.credentials(token).document())

    def _send(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status != 200:
            self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: a path or header could hold a secret."""


def check_host(host: str, hosts: Collection[str]) -> None:
    """Raise Refused where a Host header names none of the agent's addresses; a port and brackets are no part of it."""
    name = host.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name not in hosts:
        known = " ".join(hosts)
        raise Refused(
            403,
            f"Access Denied. Called agent through invalid address, please use either [{known}] address not {name}",
        )


def check_token(token: str, now: float) -> None:
    """Raise Refused for what is no token, or one that has expired: EKS Auth would only refuse it, and judges the rest."""
    if not token:
        raise Refused(400, "Service account token cannot be empty")
    try:
        ends = claims_of(token).get("exp", now + 1)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Refused(400, f"Service account token cannot be parsed: token is malformed: {error}") from None
    if not isinstance(ends, int | float) or ends < now:
        raise Refused(
            400,
            "Service account token failed basic claim validations: token has invalid claims: token is expired",
        )


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, unverified. Raises ValueError, RecursionError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("token contains an invalid number of segments")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(claims, dict):
        raise ValueError("claims are no object")  # noqa: TRY004
    return claims
