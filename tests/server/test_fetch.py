"""Fetching an issuer's keys, over real TLS on loopback: what is accepted, and everything that is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from issuers import DISCOVERY, KEY_SET, RSA_KEYS, Certificates, Issuer, Reply, found, issuing
from vestry import limits
from vestry.access import proof
from vestry.credentials.issuer_keys import KeySet
from vestry.server import fetch as fetching
from vestry.server.fetch import WRONG_CERTIFICATE, OutOfReach, fetch_keys


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def issuer(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with issuing(certificates, "/realms/main") as running:
        yield running


def fetch(url: str, *thumbprints: str) -> KeySet:
    return asyncio.run(fetch_keys(proof.Issuer(url, thumbprints)))


def reason(url: str, *thumbprints: str) -> str:
    with pytest.raises(OutOfReach) as caught:
        fetch(url, *thumbprints)
    return str(caught.value)


def test_keys_are_found_by_way_of_the_discovery_document(issuer: Issuer) -> None:
    issuer.keys = [RSA_KEYS[0], ECKey.generate_key("P-256", {"kid": "ec"})]
    assert [key.id for key in fetch(issuer.url).keys] == ["rsa-0", "ec"]
    assert issuer.asked == {issuer.path + DISCOVERY: 1, KEY_SET: 1}


def test_a_closing_slash_is_not_doubled_and_must_be_the_issuers_own(issuer: Issuer) -> None:
    issuer.document["issuer"] = issuer.url + "/"
    assert fetch(issuer.url + "/").keys
    assert reason(issuer.url) == "the discovery document names another issuer"


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "https://me@localhost:1", "file:///etc/passwd", "https://"]
)
def test_1_only_https_without_a_user(url: str) -> None:
    assert reason(url) == "the address is not https, or names a user"


@pytest.mark.parametrize("url", ["https://[", "https://localhost:99999", "https://localhost:x"])
def test_1_an_address_that_is_none(url: str) -> None:
    assert reason(url) == "the address is none"


@pytest.mark.parametrize(("url", "port"), [("https://localhost", 443), ("https://localhost:1", 1)])
def test_the_port_is_that_of_https_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, port: int
) -> None:
    asked: list[tuple[str, int]] = []

    def proxy_for(host: str, port: int) -> str | None:
        asked.append((host, port))
        raise OSError("no further")

    monkeypatch.setattr(fetching, "proxy_for", proxy_for)
    assert "no further" in reason(url)
    assert asked == [("localhost", port)]


def test_1_no_redirect_is_followed(issuer: Issuer) -> None:
    target = issuer.url + DISCOVERY
    issuer.replies[issuer.path + DISCOVERY] = lambda: (302, {"location": target}, b"")
    assert "status 302" in reason(issuer.url)
    assert issuer.asked.total() == 1


def test_2_a_certificate_that_the_machine_does_not_trust_is_refused(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Certificates(tmp_path).authority))
    assert "CERTIFICATE_VERIFY_FAILED" in reason(issuer.url)
    assert issuer.asked.total() == 0


def test_2_a_thumbprint_stands_in_for_an_authority(
    issuer: Issuer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Certificates(tmp_path).authority))
    assert fetch(issuer.url, "0" * 40, certificates.thumbprint()).keys
    with pytest.raises(OutOfReach) as caught:
        fetch(issuer.url, "0" * 40)
    assert caught.value.answer == str(caught.value) == WRONG_CERTIFICATE


def test_2_a_thumbprint_does_not_excuse_a_wrong_name(
    issuer: Issuer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from vestry.cli.certificates import make

    other = make(["elsewhere.example.com"], datetime.now(UTC))
    (tmp_path / "server.pem").write_bytes(other.certificate)
    (tmp_path / "server.key").write_bytes(other.key)
    strange = Certificates(tmp_path)
    strange.certificate.write_bytes(other.certificate)
    strange.key.write_bytes(other.key)
    with issuing(strange) as misnamed:
        assert "Hostname mismatch" in reason(misnamed.url, strange.thumbprint())
        assert misnamed.asked.total() == 0


def test_2_a_thumbprint_is_not_asked_where_the_machine_trusts(issuer: Issuer) -> None:
    assert fetch(issuer.url, "0" * 40).keys


def test_3_an_answer_comes_in_time(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ISSUER_SECONDS", 0.3)

    def late() -> Reply:
        time.sleep(1)
        return found(issuer.document)

    issuer.replies[issuer.path + DISCOVERY] = late
    began = time.monotonic()
    assert "Timeout" in (said := reason(issuer.url)) or "no answer within" in said
    assert time.monotonic() - began < 0.9


def test_3_all_of_an_answer_comes_in_time(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a little of it comes."""

    async def dripping(*_: object) -> bytes:
        while True:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(limits, "ISSUER_SECONDS", 1)
    monkeypatch.setattr(fetching, "_body", dripping)
    began = time.monotonic()
    assert reason(issuer.url) == "no answer within 1 seconds"
    assert time.monotonic() - began < 1.9


BAD: dict[str, tuple[Callable[[], Reply], str]] = {
    "an error": (lambda: (500, {}, b"{}"), "status 500"),
    "nothing there": (lambda: (404, {}, b""), "status 404"),
    "compressed": (lambda: (200, {"content-encoding": "gzip"}, b"\x1f\x8b"), "compressed"),
    "too long": (lambda: (200, {}, b" " * (limits.ISSUER_BYTES + 1)), "is longer than"),
    "no JSON": (lambda: (200, {}, b"<html>"), "no JSON"),
    "no object": (lambda: found([]), "no JSON object"),
    "nothing": (lambda: (200, {}, b""), "no JSON"),
}


@pytest.mark.parametrize("path", ["/realms/main" + DISCOVERY, KEY_SET])
@pytest.mark.parametrize("name", BAD)
def test_3_answers_are_200_plain_bounded_and_json(issuer: Issuer, path: str, name: str) -> None:
    reply, text = BAD[name]
    issuer.replies[path] = reply
    assert text in reason(issuer.url)


def test_4_the_document_says_the_very_issuer(issuer: Issuer) -> None:
    issuer.document["issuer"] = "https://elsewhere.example.com"
    assert reason(issuer.url) == "the discovery document names another issuer"
    assert issuer.asked[KEY_SET] == 0


@pytest.mark.parametrize(
    "address", [None, 7, "", "http://localhost:1/keys", "https://a:b@localhost/keys", "/keys"]
)
def test_5_the_key_sets_address_is_https_too(issuer: Issuer, address: Any) -> None:
    issuer.document["jwks_uri"] = address
    assert reason(issuer.url) in (
        "the discovery document names no key set",
        "the address is not https, or names a user",
    )


@pytest.mark.parametrize(
    "document", [{"keys": []}, {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, {"no": "keys"}]
)
def test_6_there_is_a_key(issuer: Issuer, document: Any) -> None:
    issuer.replies[KEY_SET] = lambda: found(document)
    assert "key" in reason(issuer.url)


@pytest.mark.parametrize("thumbprints", [(), ("0" * 40,)])
def test_nobody_there(issuer: Issuer, thumbprints: tuple[str, ...]) -> None:
    assert reason("https://localhost:1", *thumbprints).startswith("ConnectError")
