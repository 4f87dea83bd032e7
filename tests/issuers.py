"""An OpenID Connect provider for tests that does what it is told: real keys, real TLS on loopback, and every misconduct."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from threads import in_thread
from vestry.cli.certificates import make

#: Making an RSA key takes a tenth of a second: they are made once.
RSA_KEYS = [RSAKey.generate_key(2048, {"kid": f"rsa-{number}"}) for number in range(3)]
DISCOVERY, KEY_SET = "/.well-known/openid-configuration", "/keys"
_NUMBERS = itertools.count(1)

Reply = tuple[int, dict[str, str], bytes]


class Certificates:
    """A private authority and a certificate of it for localhost, as files."""

    def __init__(self, folder: Path) -> None:
        made = make(["localhost", "127.0.0.1"], datetime.now(UTC))
        self.authority = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self.authority.write_bytes(made.authority)
        self.certificate.write_bytes(made.certificate)
        self.key.write_bytes(made.key)

    def thumbprint(self, file: Path | None = None) -> str:
        """The SHA-1 of the server's own certificate, as IAM wants it."""
        der = ssl.PEM_cert_to_DER_cert((file or self.certificate).read_text())
        return hashlib.sha1(der, usedforsecurity=False).hexdigest()


class Issuer:
    """A running provider. `keys` are those it publishes, `asked` counts requests by path, `replies` replaces answers."""

    def __init__(self, port: int, path: str = "") -> None:
        self.url = f"https://localhost:{port}{path}"
        self.address = self.url.removeprefix("https://")
        self.path = path
        self.keys: list[Key] = [RSA_KEYS[0]]
        self.asked: Counter[str] = Counter()
        self.replies: dict[str, Callable[[], Reply]] = {}
        self.document: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"https://localhost:{port}{KEY_SET}"}

    def reply(self, path: str) -> Reply:
        """Return the answer to a GET."""
        self.asked[path] += 1
        replaced = self.replies.get(path)
        if replaced is not None:
            return replaced()
        if path == self.path + DISCOVERY:
            return found(self.document)
        if path == KEY_SET:
            return found({"keys": [key.as_dict(private=False) for key in self.keys]})
        return 404, {}, b""

    def claims(self, **more: Any) -> dict[str, Any]:
        """The claims of a sound token; a value of None leaves a claim out."""
        now = int(time.time())
        made = {"iss": self.url, "sub": "somebody", "aud": "app", "iat": now, "exp": now + 600} | more
        return {name: value for name, value in made.items() if value is not None}

    def token(self, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is signed with `key`, by default the first published one."""
        return signed(self.claims(**claims), key or self.keys[0], header)


def found(document: Any) -> Reply:
    """An answer with a JSON document."""
    return 200, {"content-type": "application/json"}, json.dumps(document).encode()


def algorithm_of(key: Key) -> str:
    """The algorithm that a test key is used with unless another is said."""
    if isinstance(key, ECKey):
        return {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[str(key.curve_name)]
    return "HS256" if isinstance(key, OctKey) else "RS256"


def signed(claims: dict[str, Any] | bytes, key: Key, header: dict[str, Any] | None = None) -> str:
    """A compact JWS of claims (or of a payload that is none)."""
    head = {"alg": algorithm_of(key), "kid": key.kid, "typ": "JWT"} | (header or {})
    head = {name: value for name, value in head.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False)
    registry.max_header_length = 65_536
    return jws.serialize_compact(head, payload, key, registry=registry)


@contextlib.contextmanager
def issuing(certificates: Certificates, path: str = "", port: int = 0) -> Iterator[Issuer]:
    """Run a provider until the block ends."""
    held: list[Issuer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = held[0].reply(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            connection, address = super().get_request()
            connection.settimeout(10)
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that does not trust us, or has enough, is no error of ours."""

    server = Server(("127.0.0.1", port), Handler)
    held.append(Issuer(server.server_address[1], path))
    with in_thread(server, f"issuer-{next(_NUMBERS)}"):
        yield held[0]
