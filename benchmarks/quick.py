"""How quick Vestry is to the hand: help, the reset of an account, the start on an empty store. Best of several runs.

.venv/bin/python -m benchmarks.quick
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "bin" / "vestry"
RUNS = 7


def main() -> None:
    """Print each figure beside its mark, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        starts, resets, data = [], [], Path(folder)
        for number in range(RUNS):
            place = data / f"{number}"
            command = [SCRIPT, "serve", "--json", "--port", "0", "--data", place]
            began = time.perf_counter()
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
                assert server.stdout is not None
                assert json.loads(server.stdout.readline())["event"] == "ready"
                starts.append(time.perf_counter() - began)
                timed("account", "create", "quick", "--data", place)
                resets.append(timed("account", "reset", "quick", "--data", place))
                server.terminate()
        helps = [timed("--help") for _ in range(RUNS)]
    for name, found, mark in (
        ("vestry --help", helps, 250),
        ("account reset by a running server", resets, 600),
        ("serve on an empty store is ready", starts, 1500),
    ):
        print(f"{name:36}{min(found) * 1000:8.0f} ms best {max(found) * 1000:8.0f} ms worst   mark {mark} ms")


def timed(*arguments: str | Path) -> float:
    """Return the seconds that one run takes."""
    began = time.perf_counter()
    subprocess.run([SCRIPT, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=60)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
