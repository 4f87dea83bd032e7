"""`vestry simulate`: requests as lines of JSON on stdin, an answer a line on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from vestry.cli.failure import Failure

_CHUNK = 1 << 18


def simulate(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read one request a line, write one answer a line.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Hold every policy to all rules of its kind, sizes too.")
    ] = False,
) -> None:
    """Decide requests that carry their policies with them; docs/policy.md describes the lines.

    An answer is written as soon as its line has come. A bad line is answered with its error, and the next is read.
    """
    if not jsonl:
        raise Failure(
            "simulate needs to know what it reads.", "vestry simulate --jsonl reads a request a line."
        )
    from vestry.policy.simulate import LONGEST_LINE, Simulator

    simulator = Simulator(strict=strict)
    written = sys.stdout.fileno()
    for lines in _lines(sys.stdin.fileno(), LONGEST_LINE):
        answers = [
            simulator.answer(line) if line is not None else _too_long(LONGEST_LINE)
            for line in lines
            if line is None or line.strip()
        ]
        if answers:
            _write(written, b"\n".join(answers) + b"\n")


def _lines(file: int, longest: int) -> Iterator[list[bytes | None]]:
    """Yield the lines that each read completes, so that none waits for the next; None for one that is too long."""
    rest, skipping = b"", False
    while chunk := os.read(file, _CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        found: list[bytes | None] = [line if len(line) <= longest else None for line in whole]
        if skipping and found:
            found[0], skipping = None, False
        if len(rest) > longest:
            rest, skipping = b"", True
        yield found
    if skipping:
        yield [None]
    elif rest:
        yield [rest]


def _too_long(longest: int) -> bytes:
    return b'{"id":null,"error":"the line is longer than %d bytes"}' % longest


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
