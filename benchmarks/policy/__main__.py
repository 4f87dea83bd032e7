"""`bin/bench policy`: decisions a second of the policy engine and three others, in interleaved rounds of one run.

bin/bench policy [--quick] [--family NAME …] [--rounds 7] [--seconds 0.5] [--json FILE]

The statements stay the same in number that concern a request, whatever the number in force. Every peer runs in a
process of its own on the same processor, is asked the same requests, and must answer them alike before it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from benchmarks.policy import figures, report
from benchmarks.policy.peers import running
from benchmarks.policy.workload import FAMILIES, Family

SIZES = [10, 100, 1_000, 10_000, 100_000]
QUICK = SIZES[:4]
COMPILED = 20_000


def main() -> None:
    """Measure, and print every figure beside its mark."""
    parser = argparse.ArgumentParser(prog="bin/bench policy", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds, no more than 10,000 statements"
    )
    parser.add_argument("--family", action="append", choices=FAMILIES)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds, seconds = (
        options.rounds or (3 if options.quick else 7),
        options.seconds or (0.2 if options.quick else 0.5),
    )
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; medians of {rounds} rounds"
    )
    rates: dict[str, report.Rates] = {}
    for name in options.family or FAMILIES:
        rates[name] = measure(FAMILIES[name], QUICK if options.quick else SIZES, rounds, seconds)
        report.print_rates(FAMILIES[name].name, rates[name])
    own = {
        "compiling": figures.compile_rates(COMPILED),
        "role": figures.role_bytes(),
        "hostile": figures.hostile_times(),
    }
    report.print_figures(own)
    report.print_marks(report.marks(rates.get("plain", {}), own))
    if options.json:
        options.json.write_text(json.dumps({"rates": rates, "figures": own}))


def measure(family: Family, sizes: list[int], rounds: int, seconds: float) -> report.Rates:
    """Return decisions a second by number of statements and peer, round by round."""
    with tempfile.TemporaryDirectory() as folder, running(family, sizes, Path(folder)) as peers:
        for _ in range(rounds):
            for row in peers.values():
                for peer in row.values():
                    peer.measure(seconds)
        return {size: {name: peer.rates for name, peer in row.items()} for size, row in peers.items()}


if __name__ == "__main__":
    main()
