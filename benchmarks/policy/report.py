"""What was measured, beside the marks."""

from __future__ import annotations

from statistics import median
from typing import Any

#: Number of statements, peer: decisions a second of each round.
Rates = dict[int, dict[str, list[float]]]
#: What a mark is about, the figure, the mark, and whether it is met.
Mark = tuple[str, str, str, bool]

FIRST = 120_000
KEPT = 0.8
AHEAD = {1_000: 40, 10_000: 100, 100_000: 100}
COMPILE = 20_000
ROLE = 1024
#: A match whose pattern and text are four times as long costs sixteen times as much where time is linear in each.
LINEAR, SLACK = 16, 1.25


def print_rates(name: str, rates: Rates) -> None:
    """Print a family: medians of decisions a second, how far Vestry is ahead, and what it keeps of its best."""
    peers = list(next(iter(rates.values())))
    print(f"\n{name:18}" + "".join(f"{peer:>24}" for peer in peers))
    for size, row in rates.items():
        medians = {peer: median(rounds) for peer, rounds in row.items()}
        ahead = [f"{medians[peer]:13,.1f}{medians['Vestry'] / medians[peer]:10,.0f}×" for peer in peers[1:]]
        print(f"{size:9,} in force{medians['Vestry']:23,.0f} " + "".join(ahead), flush=True)
    first, last = min(rates), max(rates)
    print(f"          Vestry with {last:,} / with {first:,}, best rounds: {kept(rates, first, last):.2f}")


def kept(rates: Rates, first: int, last: int) -> float:
    """Return Vestry's best round with `last` statements over that with `first`.

    The best: what other programs of a machine do to its caches slows the larger down, and is not to be measured.
    """
    return max(rates[last]["Vestry"]) / max(rates[first]["Vestry"])


def print_figures(own: dict[str, Any]) -> None:
    """Print Vestry's own figures."""
    print("\nCompiling, statements a second")
    for step, rate in own["compiling"].items():
        print(f"    {step:20}{rate:12,.0f}")
    print(f"\nA role that shares its documents, compiled: {own['role']:,.0f} bytes")
    print("\nPatterns made to be slow, µs a match (length of the text across, of the pattern down)")
    for name, times in own["hostile"].items():
        lengths = sorted({length for _, length, _ in times})
        print(f"    {name:20}" + "".join(f"{length:10,}" for length in lengths))
        for size in sorted({size for size, _, _ in times}):
            row = [f"{taken * 1e6:10.1f}" for one, _, taken in times if one == size]
            print(f"    {size:20,}" + "".join(row))


def marks(rates: Rates, own: dict[str, Any]) -> list[Mark]:
    """Hold the figures to the marks; what was not measured is left out."""
    found: list[Mark] = []
    if 10 in rates:
        first = median(rates[10]["Vestry"])
        found.append(("decisions a second at 10 statements", f"{first:,.0f}", f"{FIRST:,}", first >= FIRST))
    if 10 in rates and 100_000 in rates:
        share = kept(rates, 10, 100_000)
        found.append(("of that at 100,000 statements, best rounds", f"{share:.2f}", f"{KEPT}", share >= KEPT))
    for size, mark in AHEAD.items():
        for peer, rounds in rates.get(size, {}).items():
            ahead = median(rates[size]["Vestry"]) / median(rounds)
            if peer != "Vestry":
                found.append(
                    (f"times ahead of {peer} at {size:,}", f"{ahead:,.0f}", f"{mark}", ahead >= mark)
                )
    rate = own["compiling"]["all three"]
    found.append(("statements compiled a second", f"{rate:,.0f}", f"{COMPILE:,}", rate >= COMPILE))
    found.append(("bytes of a compiled role", f"{own['role']:,.0f}", f"under {ROLE:,}", own["role"] < ROLE))
    for name, times in own["hostile"].items():
        by_lengths = {(size, length): taken for size, length, taken in times}
        grown = by_lengths[1024, 1024] / by_lengths[256, 256]
        found.append(
            (f"times as long for 16 × {name}", f"{grown:.1f}", f"{LINEAR} or so", grown <= LINEAR * SLACK)
        )
    return found


def print_marks(marks: list[Mark]) -> None:
    """Print each mark and whether it is met."""
    print(f"\n{'':44}{'found':>12}{'mark':>14}")
    for what, figure, mark, met in marks:
        print(f"{what:44}{figure:>12}{mark:>14}   {'met' if met else 'MISSED'}")
