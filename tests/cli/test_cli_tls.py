"""`vestry tls init`: what it makes is trusted by strict clients, is kept private, and never replaces what is there."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from commands import Vestry
from vestry.cli.certificates import make


def test_the_chain_holds_for_every_name() -> None:
    names = ["localhost", "127.0.0.1", "::1", "vestry.internal"]
    made = make(names, datetime.now(UTC))
    store = Store([x509.load_pem_x509_certificate(made.authority)])
    leaf = x509.load_pem_x509_certificate(made.certificate)
    for name in ("localhost", "vestry.internal"):
        PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=826)
    authority = x509.load_pem_x509_certificate(made.authority)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_files_modes_and_exports(data: Path, vestry: Vestry) -> None:
    said = vestry("tls", "init", "--data", str(data), "--name", "vestry.internal", "--name", "10.0.0.7")
    assert said.code == 0, said.err
    folder = data / "tls"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["ca.key"] == modes["server.key"] == 0o600
    assert set(modes) == {"ca.pem", "ca.key", "server.pem", "server.key"}
    # The output is what a shell can evaluate.
    script = (
        f"set -eu\n{said.out}\nprintenv AWS_CA_BUNDLE SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE"
    )
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(folder / "ca.pem")] * 4
    leaf = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.DNSName) == ["localhost", "vestry.internal"]
    assert [str(one) for one in held.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "10.0.0.7"]


def test_nothing_is_overwritten(tmp_path: Path, vestry: Vestry) -> None:
    assert vestry("tls", "init", "--dir", str(tmp_path)).code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    os.unlink(tmp_path / "ca.pem")
    said = vestry("tls", "init", "--dir", str(tmp_path))
    assert said.code == 1
    assert "exists: nothing was changed" in said.err
    del before["ca.pem"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_json(tmp_path: Path, vestry: Vestry) -> None:
    said = vestry("tls", "init", "--dir", str(tmp_path / "here"), "--json")
    assert json.loads(said.out) == {
        "Authority": str(tmp_path / "here" / "ca.pem"),
        "Certificate": str(tmp_path / "here" / "server.pem"),
        "Key": str(tmp_path / "here" / "server.key"),
        "Names": ["localhost", "127.0.0.1", "::1"],
    }


@pytest.mark.parametrize("name", ["", "a b", "https://x", "-x", "x..y", "a" * 64, "*", "ä.example"])
def test_what_is_no_name_is_a_usage_error(tmp_path: Path, vestry: Vestry, name: str) -> None:
    said = vestry("tls", "init", "--dir", str(tmp_path), "--name", name)
    assert said.code == 2
    assert list(tmp_path.iterdir()) == []
