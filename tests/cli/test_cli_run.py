"""What a command that runs as an instance inherits, and which name servers its namespace can't reach."""

from __future__ import annotations

import os
import re
from pathlib import Path

import botocore.session
import pytest

from vestry.cli.run_environment import EMPTY_FILES, REMOVED, environment_of
from vestry.cli.run_namespace import unreachable_resolvers
from vestry.server.settings import SERVICES

GIVEN = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metadata.md").read_text()


def made(**inherited: str) -> dict[str, str]:
    return environment_of(inherited, "http://127.0.0.1:1", "eu-west-1", ["169.254.169.254", "127.0.0.1"])


@pytest.mark.parametrize("name", REMOVED)
def test_what_would_go_before_the_role_is_not_inherited(name: str) -> None:
    assert made(**{name: "x"}) == GIVEN


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_of_ours_is_looked_for_elsewhere(name: str) -> None:
    """The variable is named after the service's id, as AWS's SDKs name it."""
    described = botocore.session.get_session().get_service_model(name).service_id
    assert f"AWS_ENDPOINT_URL_{described.upper().replace(' ', '_')}" in REMOVED


@pytest.mark.parametrize("name", ["VESTRY_MASTER_KEY", "VESTRY_DATABASE", "VESTRY_DATA", "VESTRY_IDP_DATA"])
def test_a_machine_knows_nothing_of_the_store(name: str) -> None:
    assert made(**{name: "x"}) == GIVEN


def test_the_page_names_what_is_not_inherited() -> None:
    (passage,) = [text for text in PAGE.split("\n- ") if text.startswith("**Nothing of yours.**")]
    named = set(re.findall(r"`((?:AWS|BOTO)_[A-Z0-9_]+)`", passage))
    assert named == {*REMOVED, *EMPTY_FILES}


def test_the_users_files_and_whereabouts_are_replaced() -> None:
    assert made(**dict.fromkeys((*EMPTY_FILES, "AWS_ENDPOINT_URL", "AWS_REGION"), "mine")) == GIVEN


def test_everything_else_is_inherited() -> None:
    others = {
        "PATH": "/bin",
        "AWS_CA_BUNDLE": "ca.pem",
        "AWS_ENDPOINT_URL_S3": "http://s3",
        "AWS_MAX_ATTEMPTS": "1",
    }
    assert made(**others) == GIVEN | others


@pytest.mark.parametrize("proxy", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_is_not_asked_for_metadata(proxy: str) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        excepted = "x.test,169.254.169.254,127.0.0.1"
        more = {proxy: "http://p", "no_proxy": excepted, "NO_PROXY": excepted}
        assert made(**{proxy: "http://p", name: "x.test"}) == GIVEN | more
    assert made(**{proxy: "http://p"})["NO_PROXY"] == "169.254.169.254,127.0.0.1"


@pytest.mark.parametrize(
    ("text", "unreachable"),
    [
        ("nameserver 127.0.0.53\noptions edns0\n", True),
        ("nameserver 192.0.2.1\nnameserver 127.0.0.1\n", True),
        ("nameserver ::1\n", True),
        ("nameserver\t127.0.0.53\n", True),
        ("nameserver 192.0.2.1\n", False),
        ("nameserver fe80::1%eth0\n", False),
        ("# nameserver 127.0.0.53\nnameserver 192.0.2.1\n", False),
        ("nameserver\nnameserver x\nsearch 127.0.0.1\n", False),
        ("", False),
    ],
)
def test_name_servers_on_loopback_are_out_of_reach(text: str, unreachable: bool) -> None:
    assert unreachable_resolvers(text) is unreachable
