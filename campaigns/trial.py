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
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
import yaml
from _pytest.runner import runtestprotocol

from campaigns.mutant import Mutant, Result

TESTS = Path(__file__).parent.parent / "tests"
#: Tests that measure time fail by themselves on a busy machine.
_UNTIMED = ("-k", "not linear and not fraction_of_the_time")
_OPTIONS = ("-q", "-x", "--no-header", "-p", "no:faulthandler", *_UNTIMED)
_MEMORY = 4 << 30
_LEAST_SECONDS, _TIMES = 4.0, 6
#: Whoever waits for an answer that never comes uses no processor time.
_WAITING_SECONDS = 180


@dataclass(frozen=True)
class Scope:
    """Which tests are asked: the paths, pytest's options besides, and those to begin with for one mutant.

    `by_file`: the tests of one file follow one another, so that what they share is set up once.
    """

    tests: tuple[Path, ...]
    options: tuple[str, ...] = ()
    first: Callable[[Mutant], Sequence[Path]] = lambda _: ()
    by_file: bool = False

    def arguments(self, tests: Iterable[Path]) -> list[str]:
        """Return pytest's arguments for some of the tests."""
        return [*_OPTIONS, *self.options, *map(str, tests)]


def try_all(mutants: Sequence[Mutant], out: Path, scope: Scope) -> None:
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
        left = Warm(warm, keep, scope).run() if warm else []
        for mutant in [mutant for mutant in mutants if not mutant.function] + left:
            keep(mutant, partial(cold, mutant, scope))


def _import_what_is_not_ours() -> None:
    """Import before forking what every trial needs, and read each table of cases once for all of them."""
    for name in (
        "hypothesis.strategies",
        "hypothesis.internal.conjecture.engine",
        "msgspec",
        "_pytest.runner",
        "botocore.session",
        "cryptography.hazmat.primitives.asymmetric.ec",
        "httpx",
        "lxml.etree",
        "signxml",
        "sqlalchemy",
        "uvicorn",
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
        signal.setitimer(signal.ITIMER_REAL, _WAITING_SECONDS)
        status = trial()
    except BaseException:  # noqa: BLE001  # whatever it is, the mutant did it
        status = 1
    finally:
        os._exit(status)


# ── Mutants in functions ─────────────────────────────────────────────────────────────────────────────────────────


class Warm:
    """A pytest plugin that, once tests are collected, tries mutants of functions by exchanging their code."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        keep: Callable[[Mutant, Callable[[], Result | None]], None],
        scope: Scope,
    ) -> None:
        self.mutants, self.keep, self.scope = mutants, keep, scope
        self.files = {str(mutant.path) for mutant in mutants}
        self.called: set[tuple[str, str]] = set()  # (file, function) called while importing and collecting
        self.left: list[Mutant] = []

    def run(self) -> list[Mutant]:
        """Try the mutants in a process of its own; return those that must be tried cold."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self.listen()
            code = pytest.main(self.scope.arguments(self.scope.tests), plugins=[self])
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
        if code.co_filename in self.files:
            self.called.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))

    def listen(self) -> None:
        """Remember what is called from now on, in this thread and in those that begin."""

        def heard(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                self.note(frame.f_code)

        sys.setprofile(heard)
        threading.setprofile(heard)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out what each test calls, then try mutant after mutant."""
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
        gc.collect()
        gc.freeze()  # what the children share with us stays shared
        if session.testsfailed:
            raise session.Failed("collecting failed")
        at_import = self.called
        times = {item: seconds for item, seconds, _ in self.survey(session.items)}
        callers: dict[tuple[str, str], list[pytest.Item]] = {}
        for item, _, called in sorted(self.surveyed, key=self.order):
            for function in called:
                callers.setdefault(function, []).append(item)
        for mutant in self.mutants:
            function = (str(mutant.path), mutant.function)
            if not exchangeable(mutant):
                self.left.append(mutant)
                continue
            items = callers.get(function, [])
            limit = max(_LEAST_SECONDS, _TIMES * sum(times[item] for item in items))
            self.keep(mutant, partial(self.attempt, mutant, items, limit, again=function in at_import))
        return True

    def order(self, row: tuple[pytest.Item, float, set[tuple[str, str]]]) -> tuple[str, float]:
        """Return what tests are sorted by: the quickest first, of each file where files stay together."""
        return str(row[0].path) if self.scope.by_file else "", row[1]

    def survey(self, items: list[pytest.Item]) -> list[tuple[pytest.Item, float, set[tuple[str, str]]]]:
        """Return each test with its seconds and the functions that it calls; run apart, so that nothing is cached."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            rows = []
            for item, following in zip(items, [*items[1:], None], strict=True):
                self.called = set()
                began = time.process_time()
                self.listen()
                passed = _passes(item, following)
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
            for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
                if not _passes(item, following):
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


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return all(report.passed or report.skipped for report in reports)


def exchange(mutant: Mutant) -> None:
    """Give the function the code that it has in the mutated file."""
    function = _function(sys.modules[mutant.module], mutant.function)
    function.__code__ = _code_of(mutant, function)


def exchangeable(mutant: Mutant) -> bool:
    """Tell whether the function is one whose code can be exchanged while it runs nowhere."""
    try:
        function = _function(sys.modules[mutant.module], mutant.function)
        return len(_code_of(mutant, function).co_freevars) == len(function.__code__.co_freevars)
    except (AttributeError, LookupError):
        return False


def _code_of(mutant: Mutant, function: FunctionType) -> CodeType:
    return _code(compile(mutant.mutated, str(mutant.path), "exec"), mutant.function, function.__code__)


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


def cold(mutant: Mutant, scope: Scope) -> Result:
    """Try a mutant in a process that imports it anew: the tests that are likely to notice first, then all."""
    found = Result.SURVIVED
    for tests in (scope.first(mutant), scope.tests):
        if tests and found is Result.SURVIVED:
            found = outcome(apart(partial(_import_and_run, mutant, scope.arguments(tests)), 60))
    return found


def _import_and_run(mutant: Mutant, arguments: list[str]) -> int:
    sys.meta_path.insert(0, Finder(mutant))
    return int(pytest.main(arguments) != 0)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the mutated module in the place of the sound one."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Return the module's spec with a loader of the mutated text; None for any other module."""
        if name != self.mutant.module:
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
