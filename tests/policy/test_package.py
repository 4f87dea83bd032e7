"""The package's own examples are true, and it can be used alone."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import vestry.policy


def test_the_examples_of_the_package_are_true() -> None:
    result = doctest.testmod(vestry.policy, raise_on_error=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_the_examples_of_the_documents_are_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "policy.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert (result.attempted, result.failed) == (4, 0)


def test_nothing_else_of_ours_and_no_io_is_imported() -> None:
    program = (
        "import sys, vestry.policy.explain, vestry.policy.document, vestry.policy.sentences, vestry.policy.simulate\n"
        "ours = {name.split('.')[1] for name in sys.modules if name.startswith('vestry.')}\n"
        "print(sorted(ours), sorted({'socket', 'sqlite3', 'asyncio', 'logging'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "['arn', 'errors', 'limits', 'policy'] []"
