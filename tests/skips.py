"""The one list of tests that may be skipped; a skip for any other reason is a failure."""

from __future__ import annotations

from collections.abc import Generator

import pytest

#: The reason that a test gives, and why the machine may be without what it needs.
EXPECTED_SKIPS = {
    "strace is not installed": "bin/test installs it where it may; without root on a machine that lacks it, it can't",
    "version 2 of the AWS CLI is not installed": "bin/test installs Debian 12's where it may; elsewhere no registry has it",
    "no network namespace may be made here": "containers and hardened kernels forbid it; vestry run then uses loopback",
    "iproute2 is not installed": "bin/test installs it where it may; without root on a machine that lacks it, it can't",
    "libfaketime is not installed": "bin/test installs it where it may; without root on a machine that lacks it, it can't",
    "cloud-init is not there": "bin/test takes it from Debian, where apt-get has its lists; elsewhere no registry has it",
    "slirp4netns is not installed": "bin/test installs it where it may; without root on a machine that lacks it, it can't",
    "pasta is not installed": "as slirp4netns",
    "terraform is not installed": "no package registry that the tests use has it",
}


def unexpected(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Return the reason of a skip that is not on the list; None for all else."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return None
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    return None if reason in EXPECTED_SKIPS else reason


def fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make an unexpected skip a failure."""
    reason = unexpected(report)
    if reason is not None:
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that tests/skips.py does not list: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at every test's report."""
    report = yield
    fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at every module's report: it may skip as a whole."""
    report = yield
    fail(report)
    return report
