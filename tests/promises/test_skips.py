"""A test is skipped for the listed reasons only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# what the file holds, whether the run fails
FILES = {
    "a listed reason": (
        "import pytest\ndef test_it(): pytest.skip('strace is not installed')\n",
        0,
    ),
    "another reason": ("import pytest\ndef test_it(): pytest.skip('no time')\n", 1),
    "a mark": ("import pytest\n@pytest.mark.skip(reason='no time')\ndef test_it(): pass\n", 1),
    "a module": ("import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass\n", 2),
    "an expected failure": ("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n", 0),
}


@pytest.mark.parametrize("name", FILES)
def test_a_skip_that_is_not_listed_fails(name: str, tmp_path: Path) -> None:
    text, code = FILES[name]
    (tmp_path / "test_skipping.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "skips", "-p", "no:cacheprovider", "test_skipping.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("tests/skips.py does not list" in done.stdout) == (code != 0)


def test_the_list_holds_for_the_whole_suite(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("skips")
