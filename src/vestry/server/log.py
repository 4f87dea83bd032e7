"""The structured log: one JSON object a line on stderr, written by a thread behind a bounded queue.

A full queue drops lines rather than make a request wait, and says how many. INVARIANT: no caller passes a secret, a
token, a signature or a policy document; access key ids are not secrets.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import Any, TextIO

import msgspec

LONGEST_QUEUE = 10_000
_encode_lines = msgspec.json.Encoder().encode_lines


class Log:
    """Writes lines in the background. `stream` None keeps silent (requests are then not even formatted)."""

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self._stream = stream
        self._lines: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._ready = threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None
        if stream is not None:
            self._thread = threading.Thread(target=self._write, name="log", daemon=True)
            self._thread.start()

    def line(self, event: str, **fields: Any) -> None:
        """Log one event; values are strings and numbers."""
        if self._stream is None:
            return
        if len(self._lines) >= LONGEST_QUEUE:
            self._dropped += 1
            return
        fields["event"] = event
        fields["time"] = time.time()
        self._lines.append(fields)
        if not self._ready.is_set():
            self._ready.set()

    def problem(self, event: str, **fields: Any) -> None:
        """Log what somebody should look at."""
        self.line(event, level="error", **fields)

    def close(self) -> None:
        """Write what is queued."""
        self._ended = True
        self._ready.set()
        if self._thread is not None:
            self._thread.join(5)

    def _write(self) -> None:
        while True:
            self._ready.wait()
            self._ready.clear()
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if self._dropped:
                lines.append({"event": "log lines dropped", "count": self._dropped})
                self._dropped = 0
            try:
                if lines and self._stream is not None:
                    self._stream.write(_encode_lines(lines).decode())
                    self._stream.flush()
            except (OSError, ValueError):
                return
            if self._ended and not self._lines:
                return
            time.sleep(0.05)


def cause(error: Exception) -> str:
    """Say where a programming error came from, without its values: they could hold a secret."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
