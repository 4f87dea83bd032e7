"""A server as a process of its own, for tests that kill, trace or time it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


class Process:
    """A running `vestry serve`."""

    def __init__(self, process: subprocess.Popen[bytes], ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.endpoint: str = ready["endpoint"]

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        self.process.kill()
        self.process.wait(10)


@contextlib.contextmanager
def process(
    data: Path | None, *, before: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Process]:
    """Run `vestry serve` on `data` (None: the options say) until the block ends; `before` goes before the command (a tracer)."""
    command = [*before, sys.executable, "-m", "vestry.cli", "serve", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, *(() if data is None else ("--data", str(data))), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""},
        start_new_session=True,
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert line, "the server did not begin"
            yield Process(running, json.loads(line))
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGTERM)  # a tracer that ends leaves the server running
                try:
                    running.wait(20)
                except subprocess.TimeoutExpired:
                    running.kill()
