"""`vestry test`: policy tests, files that say what a principal with these policies may and may not do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree

import typer

from vestry.cli.failure import Failure
from vestry.cli.output import painted

if TYPE_CHECKING:
    from vestry.policy.cases import Result


def run_tests(
    directory: Annotated[Path, typer.Argument(help="A folder of tests, or one file.", metavar="DIR")],
    only: Annotated[
        str, typer.Option("-k", help="Run only tests whose name contains this.", metavar="TEXT")
    ] = "",
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write the results here as JUnit XML.", metavar="FILE")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for every test.")] = False,
) -> None:
    """Run policy tests; docs/policy.md describes the files. Exits 1 where one fails, 2 where there is none."""
    from vestry.policy.cases import CaseError, run_file

    began = time.perf_counter()
    results: list[tuple[Result, float]] = []
    for path, content in _files(directory):
        try:
            found = [row for row in _timed(run_file(content, _reader(path))) if only in row[0].name]
        except CaseError as error:
            raise Failure(f"{path}: {error}.", "docs/policy.md describes policy tests.") from None
        _show(path, [one for one, _ in found], verbose=verbose)
        results += found
    failed = [one for one, _ in results if one.problem]
    _summary(len(results), failed, time.perf_counter() - began)
    if junit is not None:
        _write_junit(junit, results)
    if not results:
        raise typer.Exit(2)
    if failed:
        raise typer.Exit(1)


def _timed(results: Iterator[Result]) -> Iterator[tuple[Result, float]]:
    """Yield each result with the seconds that it took."""
    began = time.perf_counter()
    for one in results:
        ended = time.perf_counter()
        yield one, ended - began
        began = time.perf_counter()


def _files(place: Path) -> Iterator[tuple[Path, object]]:
    """Yield the files of tests with what they hold; beside them lie the policies that they are about."""
    if place.is_file():
        yield place, _load(place)
        return
    if not place.is_dir():
        raise Failure(f"{place} does not exist.")
    names = ("*.yaml", "*.yml", "*.json")
    for path in sorted(path for name in names for path in place.rglob(name)):
        content = _load(path)
        if isinstance(content, dict) and "tests" in content:
            yield path, content


def _load(path: Path) -> object:
    import yaml

    try:
        return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Failure(f"{path} is neither YAML nor JSON: {error}") from None


def _reader(path: Path) -> Callable[[str], str]:
    def read(name: str) -> str:
        file = path.parent / name
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise Failure(f"{path}: cannot read the policy {name}.") from None

    return read


def _show(path: Path, results: list[Result], *, verbose: bool) -> None:
    if verbose:
        for one in results:
            sys.stdout.write(f"{path}::{one.name} {_paint('FAILED' if one.problem else 'PASSED')}\n")
        return
    marks = "".join(_paint("F" if one.problem else ".") for one in results)
    sys.stdout.write(f"{path} {marks}\n")


def _summary(count: int, failed: list[Result], seconds: float) -> None:
    for one in failed:
        sys.stdout.write(f"\n{_paint('FAILED')} {one.name}\n  {one.problem}\n")
        for line in one.why:
            sys.stdout.write(f"    {line}\n")
    counts = [f"{len(failed)} failed"] if failed else []
    counts.append(f"{count - len(failed)} passed")
    text = f"{', '.join(counts)} in {seconds:.2f}s" if count else "no tests found"
    sys.stdout.write(f"\n{text}\n")


def _paint(word: str) -> str:
    return painted(word, "31" if word.startswith("F") else "32")


def _write_junit(path: Path, results: list[tuple[Result, float]]) -> None:
    failures = sum(bool(one.problem) for one, _ in results)
    suite = ElementTree.Element(
        "testsuite",
        name="vestry",
        tests=str(len(results)),
        failures=str(failures),
        errors="0",
        skipped="0",
        time=f"{sum(seconds for _, seconds in results):.6f}",
    )
    for one, seconds in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=one.file_title, name=one.name, time=f"{seconds:.6f}"
        )
        if one.problem:
            failure = ElementTree.SubElement(case, "failure", message=one.problem)
            failure.text = "\n".join(one.why)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    try:
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}.") from None
