"""What the benchmarks of servers are asked for, and how they say what they found."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.load import Measured


def asked(program: str, what: str | None) -> argparse.Namespace:
    """Return `rounds`, `seconds` and `json` of the command line, once the machine is said."""
    parser = argparse.ArgumentParser(prog=program, description=what)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} processors, Python {platform.python_version()}")
    return options


def median(rounds: Sequence[Measured]) -> Measured:
    """Return the medians of all rounds, and all errors."""
    columns = [
        statistics.median(getattr(row, name) for row in rounds) for name in ("rate", "p50", "p99", "cpu")
    ]
    return Measured(*columns, sum(row.errors for row in rounds))


def show(medians: Mapping[str, Measured], ratios: Mapping[str, float], width: int) -> None:
    """Print what was measured, under names of at most `width` characters, and the ratios."""
    print(f"\n{'':{width}}{'req/s':>9}{'p50 µs':>9}{'p99 µs':>9}{'CPU µs':>9}{'errors':>8}")
    for name, row in medians.items():
        print(f"{name:{width}}{row.rate:9.0f}{row.p50:9.0f}{row.p99:9.0f}{row.cpu:9.1f}{row.errors:8}")
    longest = max(map(len, ratios))
    for name, ratio in ratios.items():
        print(f"{name:{longest}}{ratio:8.2f}")
