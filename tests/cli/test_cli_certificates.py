"""What the certificates of `vestry tls init` say: enough for a server, and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from vestry.cli.certificates import make

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MADE = make(["vestry.internal", "127.0.0.1"], NOW)
AUTHORITY, SERVER = map(x509.load_pem_x509_certificate, (MADE.authority, MADE.certificate))
USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign"),
)


@pytest.mark.parametrize(("certificate", "days"), [(AUTHORITY, 3650), (SERVER, 825)])
def test_how_long_they_are_valid(certificate: x509.Certificate, days: int) -> None:
    assert certificate.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=days)


@pytest.mark.parametrize(
    ("certificate", "uses"), [(AUTHORITY, {"key_cert_sign", "crl_sign"}), (SERVER, {"digital_signature"})]
)
def test_what_their_keys_may_be_used_for(certificate: x509.Certificate, uses: set[str]) -> None:
    found: Any = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert found.critical
    assert {use for use in USES if getattr(found.value, use)} == uses
    usual = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert usual.critical
    assert (usual.value.ca, usual.value.path_length) == ((True, 0) if "crl_sign" in uses else (False, None))


def test_the_servers_is_a_servers_only() -> None:
    found = SERVER.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(found.value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    SERVER.verify_directly_issued_by(AUTHORITY)
