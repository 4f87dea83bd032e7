"""The identity document, and its signatures, which the published certificate proves."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec.structs import replace

from registered import ACCOUNT, INSTANCE, NOW, Registered
from vestry.metadata.proving import Signer, identity_certificates, make_identity_certificate

AT = "dynamic/instance-identity"


def proven() -> Registered:
    """An installation that has its certificate."""
    place = Registered()
    place.put(make_identity_certificate(NOW, place.entropy, place.keyring))
    return place


def read(place: Registered, name: str) -> str:
    """What is at a path below the identity's."""
    found = place.get(f"{AT}/{name}")
    assert found is not None
    return found


def public_key(place: Registered, name: str) -> rsa.RSAPublicKey:
    """The public key in a published certificate."""
    key = x509.load_pem_x509_certificate(identity_certificates(place.root)[name].encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def test_the_document_says_what_the_instance_is() -> None:
    place = Registered(replace(INSTANCE, details='{"KernelId":"aki-1"}'))
    text = read(place, "document")
    assert json.loads(text) == {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": "eu-west-1b",
        "billingProducts": None,
        "devpayProductCodes": None,
        "imageId": "ami-12345678",
        "instanceId": INSTANCE.id,
        "instanceType": "t3.micro",
        "kernelId": "aki-1",
        "marketplaceProductCodes": None,
        "pendingTime": "2026-09-21T14:13:20Z",
        "privateIp": "172.31.0.4",
        "ramdiskId": None,
        "region": "eu-west-1",
        "version": "2017-09-30",
    }
    assert '\n  "billingProducts" : null,\n' in text


@pytest.mark.parametrize("name", ["pkcs7", "rsa2048"])
def test_openssl_verifies_the_enveloped_document(tmp_path: Path, name: str) -> None:
    """By the command that the EC2 User Guide gives."""
    place = proven()
    (tmp_path / "certificate").write_text(identity_certificates(place.root)[name])
    (tmp_path / name).write_text(f"-----BEGIN PKCS7-----\n{read(place, name)}\n-----END PKCS7-----\n")
    command = ["openssl", "smime", "-verify", "-in", name, "-inform", "PEM", "-certfile", "certificate"]
    verified = subprocess.run([*command, "-noverify"], cwd=tmp_path, capture_output=True, check=False)
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout == read(place, "document").encode()
    anchored = ["openssl", "cms", "-verify", "-in", name, "-inform", "PEM", "-certfile", "certificate"]
    done = subprocess.run(
        [*anchored, "-CAfile", "certificate", "-partial_chain", "-purpose", "any"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["pkcs7", "rsa2048"])
def test_openssl_refuses_another_certificate(tmp_path: Path, name: str) -> None:
    place, other = proven(), proven()
    (tmp_path / "certificate").write_text(identity_certificates(other.root)[name])
    (tmp_path / name).write_text(f"-----BEGIN PKCS7-----\n{read(place, name)}\n-----END PKCS7-----\n")
    command = ["openssl", "smime", "-verify", "-in", name, "-inform", "PEM", "-certfile", "certificate"]
    assert subprocess.run([*command, "-noverify"], cwd=tmp_path, capture_output=True, check=False).returncode


def test_the_signature_alone_is_of_the_documents_bytes() -> None:
    place = proven()
    signature, text = base64.b64decode(read(place, "signature")), read(place, "document").encode()
    key = public_key(place, "signature")
    key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, text + b" ", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("name", ["pkcs7", "rsa2048", "signature"])
def test_signatures_stand_in_lines_that_fit_a_frame_of_pem(name: str) -> None:
    lines = read(proven(), name).split("\n")
    assert {len(line) for line in lines[:-1]} == {64}
    assert 0 < len(lines[-1]) <= 64


def test_a_signature_follows_from_document_and_key_alone() -> None:
    place = proven()
    before = {name: read(place, name) for name in ("pkcs7", "rsa2048", "signature")}
    after = Registered()
    assert place.root.identity is not None
    after.put(place.root.identity)
    assert {name: read(after, name) for name in before} == before
    place.change(started=NOW + 60)
    assert all(read(place, name) != text for name, text in before.items())


def test_the_envelope_holds_no_certificate_and_no_signing_time() -> None:
    place = proven()
    raw = base64.b64decode(read(place, "pkcs7"))
    assert read(place, "document").encode() in raw
    assert raw.count(b"Vestry instance identity") == 1, "the issuer's name, and no certificate"
    signing_time = bytes.fromhex("2a864886f70d010905")
    assert signing_time not in raw


def test_signatures_are_kept_and_not_without_end() -> None:
    place = proven()
    identity, signer = place.root.identity, Signer(place.keyring, most=2)
    assert identity is not None
    first = signer.sign(identity, "a", enveloped=True)
    assert signer.sign(identity, "a", enveloped=True) is first
    assert signer.sign(identity, "a", enveloped=False) != first
    assert len(signer) == 2
    signer.sign(identity, "b", enveloped=False)
    assert len(signer) == 1


def test_another_certificate_signs_anew() -> None:
    place = proven()
    before = read(place, "signature")
    old = place.root.identity
    place.put(make_identity_certificate(NOW, place.entropy, place.keyring), old)
    assert read(place, "signature") != before
    public_key(place, "signature").verify(
        base64.b64decode(read(place, "signature")),
        read(place, "document").encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_before_there_is_a_certificate_nothing_is_signed() -> None:
    place = Registered()
    assert identity_certificates(place.root) == {}
    assert place.get(f"{AT}/") == "document"
    assert [place.get(f"{AT}/{name}") for name in ("pkcs7", "rsa2048", "signature")] == [None] * 3
    assert proven().get(f"{AT}/") == "document\npkcs7\nrsa2048\nsignature"


def test_the_certificate_is_that_of_one_who_signs_and_no_authority() -> None:
    found = x509.load_pem_x509_certificate(identity_certificates(proven().root)["pkcs7"].encode())
    assert (
        found.not_valid_before_utc.timestamp()
        < NOW
        < found.not_valid_after_utc.timestamp() - 30 * 365 * 86_400
    )
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert (basic.critical, basic.value.ca) == (True, False)
    assert usage.critical
    assert usage.value == x509.KeyUsage(True, True, *(False,) * 7)
    assert found.public_key().key_size == 2048  # type: ignore[union-attr]


def test_the_private_key_is_sealed_for_its_row() -> None:
    place = proven()
    identity = place.root.identity
    assert identity is not None
    assert place.keyring.vault.open(identity.secret, b"/identity-certificate/identity")[:1] == b"0"
