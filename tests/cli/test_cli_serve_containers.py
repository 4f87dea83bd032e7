"""`serve --containers ADDRESS[:PORT]`: what may be written, and that the server says where it answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commands import Vestry
from processes import process
from vestry.server.addresses import read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("169.254.170.2", ("169.254.170.2", 80)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[fd00:ec2::23]", ("fd00:ec2::23", 80)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_an_address_that_can_be_read(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is no address: write"),
        ("1.2.3", "'1.2.3' is no address: write"),
        ("1.2.3.256", "is no address"),
        ("[1:2]", "is no address"),
        ("1.2.3.4:65536", "65536 is no port"),
        ("1.2.3.4,account=a", "is no address"),
    ],
)
def test_an_address_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_address(text)


def test_an_address_that_cannot_be_read_is_a_usage_error(vestry: Vestry) -> None:
    said = vestry("serve", "--ephemeral", "--containers", "localhost")
    assert said.code == 2
    assert "is no address" in said.err


def test_the_ready_line_says_where(tmp_path: Path) -> None:
    with process(tmp_path / "data", options=["--containers", "127.0.0.1:0"]) as server:
        (first,) = server.ready["containers"]
        assert first.startswith("http://127.0.0.1:")
        assert not first.endswith(":0")
