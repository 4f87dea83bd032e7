"""The tour carries out the whole story, says so by its exit code, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving import Server
from vestry.cli import story, story_steps
from vestry.cli.failure import Failure
from vestry.cli.story_machine import credentials_on

TOUR = [sys.executable, "-m", "vestry.cli", "tour"]


def test_the_tour_behaves_whatever_the_users_own_settings_are() -> None:
    hostile = {
        "AWS_PROFILE": "not-there",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "VESTRY_DATA": "/nowhere",
    }
    began = time.monotonic()
    done = subprocess.run(
        TOUR, capture_output=True, text=True, timeout=60, check=False, env=os.environ | hostile
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "steps behaved" in done.stdout
    assert "SecretAccessKey" not in done.stdout
    assert "SessionToken" not in done.stdout
    assert time.monotonic() - began < 15


def test_every_step_says_who_asks_why_and_which_layer_decides() -> None:
    for title, steps in story_steps.STEPS:
        for step in steps:
            assert title
            assert step.who, step
            assert step.why, step
            assert step.layer, step
            assert step.says or not step.expected, f"a refusal is known by its words: {step}"


@pytest.mark.parametrize(
    "change",
    [{"says": "nobody says this"}, {"expected": "AccessDenied"}],
    ids=["other words", "another outcome"],
)
def test_the_tour_fails_when_a_step_does_not_behave(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    title, steps = story_steps.STEPS[0]
    monkeypatch.setattr(story, "STEPS", ((title, (steps[0]._replace(**change),)),))
    before = dict(os.environ), signal.getsignal(signal.SIGTERM)
    assert story.tell() == 1
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == before


def test_a_program_on_a_machine_that_finds_nothing_is_told(server: Server) -> None:
    with pytest.raises(
        Failure, match="found no credentials: vestry: The instance ID 'i-0123456789abcdef0' does not"
    ):
        credentials_on("i-0123456789abcdef0", server.data)


def test_a_tour_whose_server_does_not_begin_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "COMMAND", [sys.executable, "-c", ""])
    assert story.tell() == 1


def test_a_tour_whose_server_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "COMMAND", [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(story, "LONGEST_SECONDS", 0.2)
    assert story.tell() == 1


def test_a_tour_that_is_stopped_takes_its_server_along() -> None:
    with subprocess.Popen(TOUR, stdout=subprocess.PIPE, start_new_session=True) as tour:
        assert tour.stdout is not None
        tour.stdout.readline()  # the first account exists: the server runs
        assert len(_group(tour.pid)) >= 2
        tour.terminate()
        tour.stdout.read()
        assert tour.wait(15) == 128 + signal.SIGTERM
    assert not _group(tour.pid)


def _group(leader: int) -> list[str]:
    """Return the processes of a process group."""
    found = []
    for process in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = process.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[2]) == leader:
            found.append(process.parent.name)
    return found
