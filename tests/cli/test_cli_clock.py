"""The test clock: moved only where the server was started for it, never the real time, and never in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import Vestry
from processes import process
from raw import send, signed
from serving import Server, serving
from vestry.cli.clock import read_duration


def health(endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(send(endpoint, "GET", "/health", {}, b"").text)
    return found


def test_now_moves_and_wall_does_not(data: Path, vestry: Vestry) -> None:
    with serving(data, test_clock=True) as server:
        said = vestry("clock", "advance", "2h", "--data", str(data), "--json")
        assert said.code == 0, said.err
        found = json.loads(said.out)
        now, wall = (datetime.fromisoformat(found[name]) for name in ("Now", "Wall"))
        assert (now - wall).total_seconds() == found["OffsetSeconds"] == 7200
        assert found["TestClock"] is True
        said = vestry("clock", "advance", "90m", "--data", str(data))
        assert said.out.endswith(" for sessions, 3h30m ahead of the real time.\n")
        shown = vestry("clock", "show", "--data", str(data)).out
        assert "(a test clock, 3h30m ahead of the real time)" in shown
        # What an operator makes is made at that time, and signatures of the real time hold.
        keys = server.account("later")
        head, body = signed(server.endpoint, keys, "sts", "GetCallerIdentity")
        assert send(server.endpoint, "POST", "/", head, body).status == 200
        assert health(server.endpoint)["test_clock"] == {
            "offset_seconds": 12_600,
            "warning": "session time is a test's",
        }


def test_a_usual_server_refuses_and_says_nothing_of_a_test_clock(server: Server, vestry: Vestry) -> None:
    said = vestry("clock", "advance", "2h", "--data", str(server.data))
    assert (said.code, said.out) == (1, "")
    assert "The clock of this server cannot be moved." in said.err
    assert "--test-clock" in said.err
    assert server.clock.offset == 0
    assert "(not a test clock, the real time)" in vestry("clock", "show", "--data", str(server.data)).out
    assert "test_clock" not in health(server.endpoint)


def test_without_a_server_there_is_no_clock(data: Path, vestry: Vestry) -> None:
    for words in (("advance", "1h"), ("show",)):
        said = vestry("clock", *words, "--data", str(data))
        assert said.code == 1
        assert "No server runs on this store" in said.err


def test_it_is_shouted_in_the_banner_and_in_the_ready_line(data: Path) -> None:
    with process(data, options=["--test-clock"]) as running:
        assert running.ready["test_clock"] is True
    with process(data) as running:
        assert running.ready["test_clock"] is False
    for options, shouted in ((["--test-clock"], True), ([], False)):
        with subprocess.Popen(
            [sys.executable, "-m", "vestry.cli", "serve", "--port", "0", "--data", str(data), *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ,
        ) as running_process:  # fmt: skip
            assert running_process.stdout is not None
            banner = ""
            while not banner.endswith("Ready.\n"):
                line = running_process.stdout.readline()
                assert line, banner
                banner += line
            running_process.terminate()
        assert ("!! TEST CLOCK" in banner) is shouted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("1d", 86_400), ("1w", 604_800), ("45", 45), ("45s", 45)],
)
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-2h", "2 h", "2x", "1.5h", "٢h", "1h30"])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no duration"):
        read_duration(text)


@pytest.mark.parametrize("seconds", [0, -1, "1", True, None, 1.5, 10**12])
def test_time_goes_forward_and_not_for_ever(data: Path, seconds: Any) -> None:
    from vestry.cli.failure import Failure

    with serving(data, test_clock=True) as server:
        with pytest.raises(Failure, match="The clock moves"):
            server.operator("clock.advance", seconds=seconds)
        assert server.clock.offset == 0
