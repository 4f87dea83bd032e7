"""The page behind /saml: it hands over what was posted, as text and nothing else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from raw import FORM, Answer, send
from serving import Server, serving


def post(server: Server, value: str, path: str = "/saml", **more: str) -> Answer:
    form = urlencode({"SAMLResponse": value, **more}).encode()
    return send(server.endpoint, "POST", path, {"Content-Type": FORM}, form)


@pytest.mark.parametrize("path", ["/saml", "/saml/acs/ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
def test_a_response_that_is_posted_is_handed_over(server: Server, path: str) -> None:
    answer = post(server, "PHNhbWxwOlJlc3BvbnNl+/==", path, RelayState="x")
    assert answer.status == 200
    assert "<textarea readonly" in answer.text
    assert "PHNhbWxwOlJlc3BvbnNl+/==" in answer.text
    assert f"--endpoint-url {server.endpoint}" in answer.text


@pytest.mark.parametrize("value", ['"><script>alert(1)</script>', "</textarea>", "", "abc", "A" * 100_001])
def test_what_is_no_base64_is_not_shown(server: Server, value: str) -> None:
    answer = post(server, value)
    assert answer.status == 400
    assert "No SAML response was posted." in answer.text
    assert value == "" or value not in answer.text


def test_many_fields_are_no_response(server: Server) -> None:
    answer = send(
        server.endpoint, "POST", "/saml", {"Content-Type": FORM}, b"a=1&" * 50 + b"SAMLResponse=AAAA"
    )
    assert answer.status == 400


def test_nothing_may_run_or_be_kept_there(server: Server) -> None:
    for answer in (post(server, "AAAA"), post(server, "!"), send(server.endpoint, "GET", "/saml")):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text


def test_the_page_tells_what_to_register(tmp_path: Path) -> None:
    with serving(tmp_path / "data", public_url="https://iam.example.com/a&b") as server:
        answer = send(server.endpoint, "GET", "/saml")
    assert answer.status == 200
    assert "<code>https://iam.example.com/a&amp;b/saml</code>" in answer.text
    assert "urn:amazon:webservices" in answer.text


@pytest.mark.parametrize("path", ["/saml/", "/saml/acs/", "/saml/acs/abc", "/samlx"])
def test_other_paths_are_not_it(server: Server, path: str) -> None:
    assert send(server.endpoint, "GET", path).status == 404


def test_other_methods_are_not_it(server: Server) -> None:
    assert send(server.endpoint, "PUT", "/saml").status == 404
