"""Mutation testing of the policy language: bin/campaign mutants [--again] [--jobs N] [--share S] [MODULE…]

Every small change that mutmut's operators make to `vestry.policy`, one at a time, must make a test of `tests/policy`
fail. Survivors are listed with their difference; `tests/policy/surviving-mutants.md` names those that are meant to
survive, with the reason. Results are kept in `.cache/mutants`; `--again` asks only what is not known to be killed.

A mutant in a function's body is put into a process that has imported everything already (the code of the function is
exchanged, see `warm`); any other needs its module, and all that follows, imported anew (see `cold`). Only tests that
call the function are asked, those first that have killed its neighbours.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from campaigns.mutant import Mutant, Result, place
from campaigns.trial import TESTS, Scope, try_all

ROOT = Path(__file__).parent.parent
POLICY = ROOT / "src" / "vestry" / "policy"
CACHE = ROOT / ".cache" / "mutants"
#: Which file is most likely to notice, where it has another name than the module.
_TESTED_BY = {
    "cases": "simulate",
    "decide": "decisions",
    "document": "language",
    "elements": "language",
    "grammar": "language",
    "identity_rules": "language",
    "kinds": "language",
    "organization_rules": "language",
    "outcome": "decisions",
    "principal_rules": "language",
    "remedy": "explain",
    "report": "explain",
    "request": "decisions",
    "rule": "decisions",
    "sentences": "explain",
    "shared_providers": "language",
    "sizes": "lint",
    "tables": "index",
    "trust_rules": "language",
}


def _own(mutant: Mutant) -> list[Path]:
    name = mutant.path.stem
    own = TESTS / "policy" / f"test_{_TESTED_BY.get(name, name)}.py"
    return [own] if own.exists() else []


SCOPE = Scope((TESTS / "policy",), ("--noconftest", "-p", "amounts"), _own)


def main() -> int:
    """Run the campaign and print a line a module; 1 where fewer than nine mutants of ten were killed."""
    parser = argparse.ArgumentParser(prog="bin/campaign mutants", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="a module of vestry.policy; default: all"
    )
    parser.add_argument("--again", action="store_true", help="only what is not known to be killed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--share", default="0.04", help="of the random examples that tests try")
    parser.add_argument("--report", action="store_true", help="print what is known, and run nothing")
    options = parser.parse_args()
    os.environ["EXAMPLES_SHARE"] = options.share
    names = options.modules or sorted(path.stem for path in POLICY.glob("*.py") if path.stem != "__init__")
    CACHE.mkdir(parents=True, exist_ok=True)
    killed = total = 0
    if not options.report:
        _run(names, options.again, options.jobs)
    for name in names:
        survivors, count, seconds = _report(name)
        total, killed = total + count, killed + count - survivors
        print(
            f"{name:20} {count:5} mutants {count - survivors:5} killed {survivors:4} survived {seconds:6.0f} s",
            flush=True,
        )
    share = killed / total if total else 0.0
    print(f"{'all':20} {total:5} mutants {killed:5} killed {total - killed:4} survived: {share:.1%} killed")
    return 0 if share >= 0.9 else 1


def _run(names: list[str], again: bool, jobs: int) -> None:
    """Try the mutants of the modules, in `jobs` processes, and keep the results."""
    for part in CACHE.glob("*.part*"):
        _salvage(part)
    mutants: list[Mutant] = []
    for name in names:
        known = _known(name) if again else {}
        made = _mutants(POLICY / f"{name}.py")
        mutants += [one for one in made if known.get(one.key, Result.SURVIVED) is Result.SURVIVED]
    parts = [CACHE / f"{os.getpid()}.part{job}" for job in range(jobs)]
    children = {os.fork() or _child(mutants[job::jobs], part): part for job, part in enumerate(parts)}
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    found: dict[str, list[object]] = {}
    for part in parts:
        found |= {key: rest for key, *rest in map(json.loads, part.read_text().splitlines())}
        part.unlink()
    for name in names:
        kept = _kept(name) if again else {}
        keys = [one.key for one in _mutants(POLICY / f"{name}.py")]
        now = {key: found.get(key) or kept.get(key) for key in keys}
        text = json.dumps({key: result for key, result in now.items() if result}, indent=0)
        (CACHE / f"{name}.json").write_text(text)
    if failed:
        sys.exit("a process that tries mutants has failed")


def _salvage(part: Path) -> None:
    """Keep what a run that was interrupted has found."""
    found: dict[str, dict[str, list[Any]]] = {}
    for line in part.read_text().splitlines():
        with contextlib.suppress(ValueError):  # the last line may be half a line
            key, *rest = json.loads(line)
            found.setdefault(key.partition(".")[0], {})[key] = rest
    for name, results in found.items():
        (CACHE / f"{name}.json").write_text(json.dumps(_kept(name) | results, indent=0))
    part.unlink()


def _child(mutants: list[Mutant], part: Path) -> int:
    """Try mutants and end the process."""
    status = 1
    try:
        try_all(mutants, part, SCOPE)
        status = 0
    except BaseException:  # noqa: BLE001  # it is told, and the process must end here
        traceback.print_exc()
    finally:
        os._exit(status)


def _mutants(path: Path) -> Iterable[Mutant]:
    """Return the mutants of a file, made once for its text."""
    source = path.read_text(encoding="utf-8")
    made = CACHE / f"{path.stem}.jsonl"
    if not made.exists() or made.stat().st_mtime < path.stat().st_mtime:
        maker = [str(ROOT / ".venv-mutants/bin/python"), str(ROOT / "campaigns/make_mutants.py"), str(path)]
        made.write_bytes(subprocess.run(maker, check=True, stdout=subprocess.PIPE).stdout)
    for line in made.read_text().splitlines():
        row = json.loads(line)
        yield place(path, source, row["start"], row["end"], row["text"])


def _kept(name: str) -> dict[str, list[Any]]:
    """Return what is kept of a module: for each mutant its result, and the seconds that it took."""
    kept = CACHE / f"{name}.json"
    return json.loads(kept.read_text()) if kept.exists() else {}


def _known(name: str) -> dict[str, Result]:
    return {key: Result(result) for key, (result, _) in _kept(name).items()}


def _report(name: str) -> tuple[int, int, float]:
    """Write the survivors of a module with their differences; return their number, that of all, and the seconds."""
    path = POLICY / f"{name}.py"
    known = _known(name)
    mutants = list(_mutants(path))
    survivors = [one for one in mutants if known.get(one.key) is Result.SURVIVED]
    text = "\n".join(f"{one.key}\n{one.difference}\n" for one in survivors)
    (CACHE / f"{name}.survivors").write_text(text)
    seconds = sum(seconds for _, seconds in _kept(name).values())
    return len(survivors) + sum(one.key not in known for one in mutants), len(mutants), seconds


if __name__ == "__main__":
    sys.exit(main())
