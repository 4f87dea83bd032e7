"""Whose certificates are believed: the machine's authorities, else those that come with httpx."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from vestry import limits
from vestry.server import trust_anchors


@pytest.mark.parametrize(
    ("variable", "has", "machines"),
    [(None, True, True), ("SSL_CERT_FILE", False, True), ("SSL_CERT_DIR", False, True), (None, False, False)],
)
def test_the_machines_authorities_come_first(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, has: bool, machines: bool
) -> None:
    theirs: list[dict[str, Any]] = []

    def with_httpx(**given: Any) -> ssl.SSLContext:
        theirs.append(given)
        return ssl.create_default_context()

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "/nowhere")
    monkeypatch.setattr(trust_anchors, "_has_authorities", lambda: has)
    monkeypatch.setattr(httpx, "create_ssl_context", with_httpx)
    trust_anchors.system_context()
    assert theirs == ([] if machines else [{"trust_env": False}])


def test_a_server_is_not_waited_for_longer_than_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, float]] = []

    def connect(host: str, port: int, seconds: float) -> Any:
        asked.append((host, port, seconds))
        raise OSError("no further")

    monkeypatch.setattr(trust_anchors, "connect", connect)
    with pytest.raises(OSError, match="no further"):
        trust_anchors.pinned_context("localhost", 443, ["0" * 40])
    assert asked == [("localhost", 443, limits.ISSUER_SECONDS)]
