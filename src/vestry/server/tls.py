"""TLS: the server's certificate and key, read from two files and read again when they change.

New connections are given the newest pair that was sound; a pair that is not (half written, not belonging together) is
refused with a word in the log, and the old one stays. Connections that stand keep theirs.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from vestry.server.log import Log

#: How often the files are looked at.
LOOK_SECONDS = 1.0
AUTHORITY_FILE = "ca.pem"

Stamp = tuple[tuple[int, int, int], ...]


class TlsError(Exception):
    """The certificate or the key cannot be used; the text names the file and says why."""


class Certificate:
    """The pair of files. `context` is what connections are accepted with. Raises TlsError at first."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._stamp = self._look()
        self.context = self._current = _load(certificate, key)
        self.context.sni_callback = self._choose

    def refresh(self) -> bool:
        """Read the files again where they have changed; tell whether they had. Raises TlsError, the old pair stays.

        1. A change is looked at once: a bad pair is not tried again until it changes again.
        2. The new pair is proven in a context of its own before any connection sees it.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp  # 1
        self._current = _load(*self._files)  # 2
        return True

    async def watch(self, log: Log) -> None:
        """Refresh for as long as the server runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if self.refresh():
                    log.line("certificate reloaded", file=str(self._files[0]))
            except TlsError as error:
                log.problem("certificate refused, the old one stays", reason=str(error))

    def _choose(self, connection: Any, _: str | None, __: ssl.SSLContext) -> None:
        """Give a new connection the newest pair; OpenSSL asks this in every handshake, whatever name it carries."""
        connection.context = self._current

    def _look(self) -> Stamp:
        found = []
        for file in self._files:
            try:
                status = os.stat(file)
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context with that pair: TLS 1.2 or newer, HTTP/1.1. Raises TlsError."""
    for file in (certificate, key):
        try:
            file.read_bytes()
        except OSError as error:
            raise TlsError(f"{file} cannot be read: {error.strerror}.") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except _Encrypted:
        raise TlsError(f"{key} is encrypted: the server has nobody to ask for its password.") from None
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None)
        if reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"{key} is not the key of the certificate in {certificate}.") from None
        raise TlsError(
            f"{certificate} and {key} are not a certificate (chain) and its private key in PEM form."
        ) from None
    return context


def private_authority(certificate: Path | None) -> Path | None:
    """Return the authority that clients must be told of: `ca.pem` beside the certificate, where that has issued it.

    That is how `vestry tls init` leaves them; None for any other certificate, and for none.
    """
    if certificate is None:
        return None
    authority = certificate.absolute().with_name(AUTHORITY_FILE)
    try:
        served = x509.load_pem_x509_certificate(certificate.read_bytes())
        served.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    except (OSError, ValueError, TypeError, InvalidSignature):
        return None
    return authority


class _Encrypted(Exception):
    pass


def _no_password() -> bytes:
    raise _Encrypted
