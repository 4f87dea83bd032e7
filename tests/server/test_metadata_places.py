"""--metadata ADDRESS[:PORT][,account=…][,region=…][,instance=…]: what may be written, and where a server then answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Vestry
from processes import process
from vestry.server.metadata_places import MetadataPlace, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("169.254.169.254", MetadataPlace("169.254.169.254", 80)),
        ("172.17.0.1:8080", MetadataPlace("172.17.0.1", 8080)),
        ("10.0.0.1,account=dev,region=eu-west-1", MetadataPlace("10.0.0.1", 80, "dev", "eu-west-1")),
        ("127.0.0.1:0,instance=i-1", MetadataPlace("127.0.0.1", 0, instance="i-1")),
        ("[fd00:ec2::254],instance=i-1", MetadataPlace("fd00:ec2::254", 80, instance="i-1")),
        ("[::1]:8080,instance=i-1", MetadataPlace("::1", 8080, instance="i-1")),
    ],
)
def test_a_place_that_can_be_read(text: str, place: MetadataPlace) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no address"),
        ("localhost", "is no address"),
        ("1.2.3", "is no address"),
        ("1.2.3.4:", "is no address"),
        ("1.2.3.4:99999", "is no port"),
        ("::1", "is no address"),
        ("[::1", "is no address"),
        ("1.2.3.4,", "is no option"),
        ("1.2.3.4,account", "is no option"),
        ("1.2.3.4,account=", "is no option"),
        ("1.2.3.4,vpc=v", "is no option"),
        ("1.2.3.4,region=a,region=b", "there twice"),
        ("1.2.3.4,instance=i-1,account=a", "says everything"),
        ("[fd00:ec2::254]", "say which one it is"),
        ("[fd00:ec2::254],account=a", "say which one it is"),
    ],
)
def test_a_place_that_cannot_be_read(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_place(text)


def test_a_place_that_cannot_be_read_is_a_usage_error(vestry: Vestry) -> None:
    said = vestry("serve", "--ephemeral", "--metadata", "localhost")
    assert said.code == 2
    assert "is no address" in said.err


def test_an_address_that_this_machine_does_not_have_is_named_with_what_helps(vestry: Vestry) -> None:
    said = vestry("serve", "--ephemeral", "--port", "0", "--metadata", "203.0.113.1:80")
    assert said.code == 1
    assert "cannot serve on 203.0.113.1:80" in said.err
    assert "ip address add 203.0.113.1 dev" in said.err


def test_the_ready_line_and_the_banner_say_where(tmp_path: Path) -> None:
    options = ["--metadata", "127.0.0.1:0", "--metadata", "[::1]:0,instance=i-12345678"]
    with process(tmp_path / "data", options=options) as server:
        first, second = server.ready["metadata"]
        assert first.startswith("http://127.0.0.1:")
        assert second.startswith("http://[::1]:")
