"""Trying mutants: each in a process of its own, which runs tests until one fails.

What the exit status of such a process says: 0 all tests passed, 1 one failed (or nothing could be imported); ended by
a signal: the time was up, or the interpreter died.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import pickle
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
import yaml
from _pytest.runner import runtestprotocol

from campaigns.mutant import Mutant, Result

TESTS = Path(__file__).parent.parent / "tests"
#: Tests that measure time fail by themselves on a busy machine.
_UNTIMED = ("-k", "not linear and not fraction_of_the_time")
_OPTIONS = ("--noconftest", "-q", "-x", "--no-header", "-p", "amounts", "-p", "no:faulthandler", *_UNTIMED)
_MEMORY = 4 << 30
_LEAST_SECONDS, _TIMES = 4.0, 6


def try_all(mutants: Sequence[Mutant], out: Path) -> None:
    """Try the mutants and write a line for each: its key and its result."""
    sys.path.insert(0, str(TESTS))
    _import_what_is_not_ours()
    with out.open("w", buffering=1) as file:

        def keep(mutant: Mutant, trial: Callable[[], Result | None]) -> None:
            began = time.monotonic()
            result = trial()
            if result is None:
                return
            file.write(json.dumps([mutant.key, result, round(time.monotonic() - began, 2)]) + "\n")

        warm = [mutant for mutant in mutants if mutant.function]
        left = Warm(warm, keep).run() if warm else []
        for mutant in [mutant for mutant in mutants if not mutant.function] + left:
            keep(mutant, partial(cold, mutant))


def _import_what_is_not_ours() -> None:
    """Import before forking what every trial needs, and read each table of cases once for all of them."""
    for name in (
        "hypothesis.strategies",
        "hypothesis.internal.conjecture.engine",
        "msgspec",
        "_pytest.runner",
    ):
        importlib.import_module(name)
    load, kept = yaml.safe_load, dict[str, bytes]()
    for path in TESTS.rglob("*.yaml"):
        text = path.read_text()
        kept[text] = pickle.dumps(load(text))
    yaml.safe_load = lambda text: pickle.loads(kept[text]) if text in kept else load(text)  # noqa: S301  # our own


def outcome(status: int) -> Result:
    """Return what the status of a trial's process says."""
    if os.WIFSIGNALED(status):
        return Result.TIMEOUT
    return Result.KILLED if os.WEXITSTATUS(status) else Result.SURVIVED


def apart(trial: Callable[[], int], seconds: float) -> int:
    """Run `trial` in a process of its own, silent and bounded in processor time; return the wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 1
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.setitimer(signal.ITIMER_PROF, seconds)
        status = trial()
    except BaseException:  # noqa: BLE001  # whatever it is, the mutant did it
        status = 1
    finally:
        os._exit(status)


# ── Mutants in functions ─────────────────────────────────────────────────────────────────────────────────────────


class Warm:
    """A pytest plugin that, once tests are collected, tries mutants of functions by exchanging their code."""

    def __init__(
        self, mutants: Sequence[Mutant], keep: Callable[[Mutant, Callable[[], Result | None]], None]
    ) -> None:
        self.mutants, self.keep = mutants, keep
        self.called: set[tuple[str, str]] = set()  # (file, function) called while importing and collecting
        self.left: list[Mutant] = []

    def run(self) -> list[Mutant]:
        """Try the mutants in a process of its own; return those that must be tried cold."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            sys.setprofile(lambda frame, event, _: event == "call" and self.note(frame.f_code))
            code = pytest.main([*_OPTIONS, str(TESTS / "policy")], plugins=[self])
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump([self.mutants.index(one) for one in self.left], pipe)
            os._exit(int(code))
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            written = pipe.read()
        if os.waitpid(child, 0)[1]:
            sys.exit("the tests fail without any mutant")
        return [self.mutants[index] for index in pickle.loads(written)]  # noqa: S301  # our own child's

    def note(self, code: CodeType) -> None:
        """Remember a function that is called."""
        if "/vestry/policy/" in code.co_filename:
            self.called.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out what each test calls, then try mutant after mutant."""
        sys.setprofile(None)
        gc.collect()
        gc.freeze()  # what the children share with us stays shared
        if session.testsfailed:
            raise session.Failed("collecting failed")
        at_import = self.called
        times = {item: seconds for item, seconds, _ in self.survey(session.items)}
        callers: dict[tuple[str, str], list[pytest.Item]] = {}
        for item, _, called in sorted(self.surveyed, key=lambda row: row[1]):
            for function in called:
                callers.setdefault(function, []).append(item)
        for mutant in self.mutants:
            function = (str(mutant.path), mutant.function)
            items = callers.get(function, [])
            limit = max(_LEAST_SECONDS, _TIMES * sum(times[item] for item in items))
            self.keep(mutant, partial(self.attempt, mutant, items, limit, again=function in at_import))
        return True

    def survey(self, items: list[pytest.Item]) -> list[tuple[pytest.Item, float, set[tuple[str, str]]]]:
        """Return each test with its seconds and the functions that it calls; run apart, so that nothing is cached."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            rows = []
            for item in items:
                self.called = set()
                began = time.process_time()
                sys.setprofile(lambda frame, event, _: event == "call" and self.note(frame.f_code))
                passed = _passes(item)
                sys.setprofile(None)
                rows.append((time.process_time() - began, self.called, passed))
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(rows, pipe)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            rows = pickle.load(pipe)  # noqa: S301  # our own child's
        os.waitpid(child, 0)
        broken = [item.nodeid for item, row in zip(items, rows, strict=True) if not row[2]]
        if broken:
            sys.exit(f"without any mutant these fail: {broken}")
        self.surveyed = [(item, row[0], row[1]) for item, row in zip(items, rows, strict=True)]
        return self.surveyed

    def attempt(
        self, mutant: Mutant, items: list[pytest.Item], seconds: float, *, again: bool
    ) -> Result | None:
        """Try one mutant with the tests that call its function; the killer goes to the front for the next one.

        `again`: the function has been called before its code was exchanged. A mutant of it that survives is left to be
        tried cold, and None returned.
        """
        reader, writer = os.pipe()

        def trial() -> int:
            exchange(mutant)
            for number, item in enumerate(items):
                if not _passes(item):
                    os.write(writer, str(number).encode())
                    return 1
            return 0

        found = outcome(apart(trial, seconds))
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            killer = pipe.read()
        if killer:
            items.insert(0, items.pop(int(killer)))
        if found is Result.SURVIVED and again:
            self.left.append(mutant)
            return None
        return found


def _passes(item: pytest.Item) -> bool:
    return all(report.passed or report.skipped for report in runtestprotocol(item, log=False, nextitem=None))


def exchange(mutant: Mutant) -> None:
    """Give the function the code that it has in the mutated file."""
    module = sys.modules[f"vestry.policy.{mutant.path.stem}"]
    function = _function(module, mutant.function)
    code = _code(compile(mutant.mutated, str(mutant.path), "exec"), mutant.function, function.__code__)
    function.__code__ = code


def _function(module: ModuleType, name: str) -> FunctionType:
    """Return a function or method by its qualified name, without what is wrapped around it."""
    found: Any = module
    for step in name.split("."):
        found = vars(found)[step]
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__func__", found)
    while not isinstance(found, FunctionType):
        found = found.__wrapped__
    return found


def _code(module: CodeType, name: str, like: CodeType) -> CodeType:
    work = [module]
    while work:
        code = work.pop()
        if code.co_qualname == name and code.co_firstlineno == like.co_firstlineno:
            return code
        work += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    raise LookupError(name)


# ── Mutants anywhere else ────────────────────────────────────────────────────────────────────────────────────────


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


def cold(mutant: Mutant) -> Result:
    """Try a mutant in a process that imports it anew: the tests of its module first, then all."""
    name = mutant.path.stem
    own = TESTS / "policy" / f"test_{_TESTED_BY.get(name, name)}.py"
    found = Result.SURVIVED
    for tests in ([own] if own.exists() else [], [TESTS / "policy"]):
        if tests and found is Result.SURVIVED:
            found = outcome(apart(partial(_import_and_run, mutant, tests), 60))
    return found


def _import_and_run(mutant: Mutant, tests: Iterable[Path]) -> int:
    sys.meta_path.insert(0, Finder(mutant))
    return int(pytest.main([*_OPTIONS, *map(str, tests)]) != 0)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the mutated module in the place of the sound one."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Return the module's spec with a loader of the mutated text; None for any other module."""
        if name != f"vestry.policy.{self.mutant.path.stem}":
            return None
        loader = Loader(name, str(self.mutant.path))
        loader.mutant = self.mutant
        return importlib.util.spec_from_file_location(name, self.mutant.path, loader=loader)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads the mutated text."""

    mutant: Mutant

    def get_code(self, fullname: str) -> CodeType:
        """Compile the mutated text."""
        return compile(self.mutant.mutated, str(self.mutant.path), "exec")
