"""Whose certificates are believed when an identity provider is asked for its keys.

The machine's own authorities first (`SSL_CERT_FILE` and `SSL_CERT_DIR` say which, for a private authority). A provider
that was registered with thumbprints may instead be known by one of the certificates that it serves.
"""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Collection
from pathlib import Path

import httpx

from vestry import limits
from vestry.server.outbound_proxy import connect


def system_context() -> ssl.SSLContext:
    """Return a context that trusts the machine's authorities; where it has none, those that come with httpx."""
    if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ or _has_authorities():
        return ssl.create_default_context()
    return httpx.create_ssl_context(trust_env=False)


def _has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.openssl_capath)
    return Path(paths.openssl_cafile).exists() or (folder.is_dir() and any(folder.iterdir()))


def pinned_context(host: str, port: int, thumbprints: Collection[str]) -> ssl.SSLContext | None:
    """Return a context that trusts only the certificate with one of these thumbprints; None where none is served.

    The certificates are asked for on a connection of their own that carries nothing. On the one that is made with the
    answer, the server must prove that it holds a certificate which is, or follows from, the pinned one, and bears the
    host's name. Raises OSError.
    """
    for certificate in _served(host, port):
        if hashlib.sha1(certificate, usedforsecurity=False).hexdigest() in thumbprints:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(certificate))
            return context
    return None


def _served(host: str, port: int) -> list[bytes]:
    """Return the certificates that a server shows, its own first; nothing about them is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        connect(host, port, limits.ISSUER_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host) as secure,
    ):
        public = getattr(secure, "get_unverified_chain", None)  # Python 3.13
        if public is not None:
            return list(public())
        inner = getattr(secure, "_sslobj", None)  # before that the same is there without a public name
        if inner is None:
            return []
        return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain()]
