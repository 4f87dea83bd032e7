"""An OpenID Connect provider's keys, fetched: its discovery document, then the key set that this names.

The address comes from whoever may register providers, so what is fetched is held tightly, and of what comes back
nothing but keys is used or shown. Source: OpenID Connect Discovery 1.0; IAM User Guide, "Obtain the thumbprint for an
OpenID Connect identity provider".
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from vestry import __version__, limits
from vestry.access.proof import Issuer
from vestry.credentials.issuer_keys import KeySet, read_keys
from vestry.server.outbound_proxy import proxy_for
from vestry.server.trust_anchors import pinned_context, system_context

WRONG_CERTIFICATE = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
_DISCOVERY = "/.well-known/openid-configuration"


class OutOfReach(Exception):
    """The keys could not be had. The text is for the log; `answer` is AWS's where it has one for this."""

    def __init__(self, reason: str, answer: str = "") -> None:
        super().__init__(reason)
        self.answer = answer


async def fetch_keys(issuer: Issuer) -> KeySet:
    """Return the keys of an issuer. Raises OutOfReach.

    1. Only https, and no redirect is followed.
    2. The server's certificate is one that the machine trusts (`SSL_CERT_FILE`), or follows from one with a thumbprint
       that the provider was registered with; its name is always checked.
    3. Every answer comes within five seconds, has status 200, is not compressed, and is bounded in size.
    4. The discovery document says the very issuer that was registered.
    5. The key set's address that it gives is again https, without user or password.
    6. What is there is a key set, with one key at least.
    """
    document = await _get(issuer, issuer.url.rstrip("/") + _DISCOVERY)
    if document.get("issuer") != issuer.url:  # 4
        raise OutOfReach("the discovery document names another issuer")
    address = document.get("jwks_uri")
    if not isinstance(address, str):
        raise OutOfReach("the discovery document names no key set")
    try:
        keys = read_keys(await _get(issuer, address))  # 5
    except ValueError as error:  # 6
        raise OutOfReach(str(error)) from None
    if not keys.keys:  # 6
        raise OutOfReach("the key set has no key that can verify a signature")
    return keys


async def _get(issuer: Issuer, url: str) -> dict[str, Any]:
    """Return the JSON object at `url`."""
    try:
        place = urlsplit(url)
        port = place.port or 443
    except ValueError:
        raise OutOfReach("the address is none") from None
    if place.scheme != "https" or not place.hostname or "@" in place.netloc:  # 1, 5
        raise OutOfReach("the address is not https, or names a user")
    try:
        async with asyncio.timeout(limits.ISSUER_SECONDS):  # 3
            context = await asyncio.to_thread(system_context)  # 2
            proxy = proxy_for(place.hostname, port)
            try:
                body = await _body(url, context, proxy)
            except httpx.ConnectError as error:
                if not _is_about_trust(error) or not issuer.thumbprints:
                    raise
                pinned = await asyncio.to_thread(
                    pinned_context, place.hostname, port, issuer.thumbprints
                )  # 2
                if pinned is None:
                    raise OutOfReach(WRONG_CERTIFICATE, WRONG_CERTIFICATE) from None
                body = await _body(url, pinned, proxy)
        found = msgspec.json.decode(body)
    except TimeoutError:
        raise OutOfReach(f"no answer within {limits.ISSUER_SECONDS} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise OutOfReach(f"{type(error).__name__}: {error}") from None
    except msgspec.DecodeError:
        raise OutOfReach("the answer is no JSON") from None
    if not isinstance(found, dict):
        raise OutOfReach("the answer is no JSON object")
    return found


async def _body(url: str, context: ssl.SSLContext, proxy: str | None) -> bytes:
    headers = {
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": f"vestry/{__version__}",
    }
    async with (
        httpx.AsyncClient(
            verify=context,
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=limits.ISSUER_SECONDS,
        ) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        if (
            answer.status_code != 200 or answer.headers.get("content-encoding", "identity") != "identity"
        ):  # 1, 3
            raise OutOfReach(f"it answered with status {answer.status_code}, or compressed")
        body = b""
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > limits.ISSUER_BYTES:  # 3
                raise OutOfReach(f"its answer is longer than {limits.ISSUER_BYTES} bytes")
        return body


def _is_about_trust(error: BaseException | None) -> bool:
    """Tell whether a connection failed because the certificate is not trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
