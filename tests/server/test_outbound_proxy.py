"""An issuer's keys, fetched through the proxy that the environment names: an issuer that only the proxy can find."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connect_proxy import Proxy, leading
from issuers import KEY_SET, Certificates, issuing
from vestry.access import proof
from vestry.cli.certificates import make
from vestry.credentials.issuer_keys import KeySet
from vestry.server import fetch as fetching
from vestry.server.fetch import WRONG_CERTIFICATE, OutOfReach, fetch_keys
from vestry.server.outbound_proxy import connect, proxy_for

#: A name that no resolver knows.
HOST = "issuer.invalid"
URL = f"https://{HOST}"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """A certificate for that name."""
    found = Certificates(tmp_path)
    made = make([HOST], datetime.now(UTC))
    for file, text in (
        (found.authority, made.authority),
        (found.certificate, made.certificate),
        (found.key, made.key),
    ):
        file.write_bytes(text)
    return found


@pytest.fixture
def proxy(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy that leads there; the machine trusts the issuer, and the environment names nothing yet."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with issuing(certificates) as issuer:
        issuer.document |= {"issuer": URL, "jwks_uri": URL + KEY_SET}
        with leading({f"{HOST}:443": f"127.0.0.1:{urlsplit(issuer.url).port}"}) as running:
            yield running


def fetch(*thumbprints: str) -> KeySet:
    return asyncio.run(fetch_keys(proof.Issuer(URL, thumbprints)))


def reason(*thumbprints: str) -> str:
    with pytest.raises(OutOfReach) as caught:
        fetch(*thumbprints)
    return str(caught.value)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_keys_are_fetched_through_the_proxy(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, proxy.url)
    assert fetch().keys
    assert proxy.asked == [f"{HOST}:443"] * 2
    assert proxy.users == {""}


def test_the_proxy_is_told_the_user_that_its_address_names(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s%40me@127.0.0.1:{proxy.port}")
    assert fetch().keys
    connect(HOST, 443, 5).close()
    assert proxy.users == {"me:s@me"}


def test_without_a_proxy_or_for_a_host_of_no_proxy_the_connection_is_direct(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ConnectError" in reason()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", f"elsewhere.invalid,{HOST}")
    assert "ConnectError" in reason()
    assert proxy.asked == []


def test_the_certificate_is_verified_behind_the_proxy(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: Certificates
) -> None:
    own = certificates.thumbprint()
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Certificates(tmp_path / "other").authority))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert "CERTIFICATE_VERIFY_FAILED" in reason()
    assert reason("0" * 40) == WRONG_CERTIFICATE
    assert fetch(own).keys


def test_what_the_proxy_does_not_reach_is_out_of_reach(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(OutOfReach, match="403"):
        asyncio.run(fetch_keys(proof.Issuer("https://elsewhere.invalid", ())))
    with pytest.raises(OSError, match="403"):
        connect("elsewhere.invalid", 443, 5)


@pytest.mark.parametrize(
    "address", ["socks5://user:hidden@127.0.0.1:1", "https://127.0.0.1:1", "http://:1", "http://h:x"]
)
def test_another_kind_of_proxy_is_refused_and_not_shown(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    said = reason()
    assert "has no http:// address" in said
    assert "hidden" not in said
    with pytest.raises(OSError, match="no http://"):
        proxy_for(HOST, 443)


def test_a_user_without_a_password(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me@127.0.0.1:{proxy.port}")
    connect(HOST, 443, 5).close()
    assert proxy.users == {"me:"}


def test_a_proxys_port_is_that_of_http_where_none_is_named(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.internal")
    asked: list[tuple[str, int | None]] = []

    class Nobody(http.client.HTTPConnection):
        def connect(self) -> None:
            asked.append((self.host, self.port))
            raise OSError("nobody there")

    monkeypatch.setattr(http.client, "HTTPConnection", Nobody)

    def tunnel(self: Nobody, *_: object) -> None:
        pass

    monkeypatch.setattr(Nobody, "set_tunnel", tunnel)
    with pytest.raises(OSError, match="nobody there"):
        connect(HOST, 443, 5)
    assert asked == [("proxy.internal", 80)]


def test_who_is_no_proxys_is_asked_directly_whatever_the_environment_says(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One place decides about proxies: the client that fetches does not look for itself."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setattr(fetching, "proxy_for", lambda *_: None)
    assert "Connect" in reason()
    assert proxy.asked == []


def test_an_address_without_a_scheme_is_one_of_http(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
    assert proxy_for(HOST, 443) == proxy.url
    connect(HOST, 443, 5).close()
