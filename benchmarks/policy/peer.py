"""What a peer written in Python does: read the workload, answer every request, then decide for as long as it is told.

The peer gets a file on its command line and prints one JSON line: the answers, true for allowed. For each number of
seconds on stdin it goes round the requests and prints how many it has decided in which time: the lesser of CPU and
wall time, so that neither other programs nor helping threads count against anyone.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Workload = dict[str, Any]
Question = Callable[[], object]
#: How long a peer may take for the answers that are compared, in seconds; it gives at least LEAST.
PATIENCE = 2.0
LEAST = 4


def serve(prepare: Callable[[Workload], list[Question]], allowed: Callable[[object], bool]) -> None:
    """Speak the protocol above. `prepare` makes the questions, whose answers `allowed` reads."""
    with open(sys.argv[1], encoding="utf-8") as file:
        workload = json.load(file)
    questions = prepare(workload)
    del workload
    gc.collect()
    gc.freeze()
    answers = []
    until = time.perf_counter() + PATIENCE
    for question in questions:
        answers.append(bool(allowed(question())))
        if len(answers) >= LEAST and time.perf_counter() > until:
            break
    print(json.dumps(answers), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(questions, float(line))), flush=True)


def measure(questions: list[Question], seconds: float) -> tuple[int, float]:
    """Go round the questions for about so many seconds; return how many and how long."""
    decided, start, size = 0, 0, 1
    wall, cpu = time.perf_counter(), time.process_time()
    while True:
        some = questions[start : start + size]
        for question in some:
            question()
        decided += len(some)
        start = (start + len(some)) % len(questions)
        taken = time.perf_counter() - wall
        if taken > seconds:
            return decided, min(taken, time.process_time() - cpu)
        if start == 0 and taken < seconds / 50:
            size = min(len(questions), size * 2)
