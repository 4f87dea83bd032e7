"""Starting the peers, comparing their answers, and asking them for figures."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.policy.workload import ACCOUNT, NAME, USER, Family

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
NODE_PACKAGES = ROOT / "tests" / "differential"
#: One processor: a peer's helping threads share it with the one that decides.
CPU = "1"
#: Who takes longer than so many seconds for a round sits out every other.
SLOW = 2.0

COMMANDS = {
    "Vestry": [sys.executable, "-m", "benchmarks.policy.peer_vestry"],
    "moto": [str(PEERS), "-m", "benchmarks.policy.peer_moto"],
    "cedarpy": [str(PEERS), "-m", "benchmarks.policy.peer_cedar"],
    "iam-simulate": ["node", str(HERE / "peer_simulate.mjs"), str(NODE_PACKAGES)],
}


class Peer:
    """A running peer that has answered every request, or as many as it could in its time."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.rates: list[float] = []  # decisions a second, round by round
        self._process = process
        self._slow = False
        self._turn = 0
        self.answers: list[bool] = self._read()

    def _read(self) -> list[bool]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.name} has ended: run it alone to see why")
        found: list[bool] = json.loads(line)
        return found

    def measure(self, seconds: float) -> None:
        """Let it decide for about so many seconds."""
        self._turn += 1
        if self._slow and self._turn % 2 == 0:
            return
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        decided, taken = self._read()
        self.rates.append(decided / taken)
        self._slow = taken > SLOW


@contextlib.contextmanager
def running(family: Family, sizes: list[int], folder: Path) -> Iterator[dict[int, dict[str, Peer]]]:
    """Start every peer of a family for every size; yield them by size and name when all have given one answer."""
    with contextlib.ExitStack() as stack:
        found: dict[int, dict[str, Peer]] = {}
        for size in sizes:
            file = folder / f"{size}.json"
            file.write_text(
                json.dumps(
                    {
                        "statements": family.statements(size),
                        "requests": family.requests(size),
                        "account": ACCOUNT,
                        "user": USER,
                        "context": {"aws:username": NAME},
                    }
                )
            )
            found[size] = {
                name: stack.enter_context(_start(name, file)) for name in ("Vestry", *family.peers)
            }
            _agree(family, size, found[size])
        yield found


@contextlib.contextmanager
def _start(name: str, file: Path) -> Iterator[Peer]:
    command = ["taskset", "-c", CPU, *COMMANDS[name], str(file)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Peer(name, process)
        finally:
            process.kill()


def _agree(family: Family, size: int, peers: dict[str, Peer]) -> None:
    """Raise ValueError where a peer's answers are not Vestry's."""
    expected = peers["Vestry"].answers
    assert True in expected
    assert False in expected
    for peer in peers.values():
        if peer.answers != expected[: len(peer.answers)]:
            wrong = [
                n for n, (one, other) in enumerate(zip(peer.answers, expected, strict=False)) if one != other
            ]
            ask = family.requests(size)[wrong[0]]
            raise ValueError(
                f"{family.name}, {size} statements: {peer.name} answers {len(wrong)} otherwise: {ask}"
            )
