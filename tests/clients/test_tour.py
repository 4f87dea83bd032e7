"""The tour carries out the whole story and says so by its exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vestry.cli import story, story_steps


def test_the_tour_behaves() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vestry.cli", "tour"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "steps behaved" in done.stdout
    assert "SecretAccessKey" not in done.stdout


def test_the_tour_fails_when_a_step_does_not_behave(monkeypatch: pytest.MonkeyPatch) -> None:
    title, steps = story_steps.STEPS[0]
    wrong = steps[0]._replace(says="nobody says this")
    monkeypatch.setattr(story, "STEPS", ((title, (wrong,)),))
    assert story.tell() == 1
