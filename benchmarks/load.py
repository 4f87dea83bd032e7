"""Load from outside: wrk with pre-signed requests, hundreds of different ones, and the server's own CPU time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_LUA = """
local requests = {}
for line in io.lines(os.getenv("REQUESTS")) do
  local method, path, headers, body = line:match("^(%S+) (%S+) (.-)\\t(.*)$")
  local h = {}
  for pair in headers:gmatch("[^|]+") do
    local k, v = pair:match("^(.-)=(.*)$")
    h[k] = v
  end
  requests[#requests + 1] = wrk.format(method, path, h, body ~= "" and body or nil)
end
local n = 0
request = function()
  n = n + 1
  if n > #requests then n = 1 end
  return requests[n]
end
done = function(summary, latency, _)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


class Measured(msgspec.Struct, frozen=True):
    """One round: requests a second, latencies and the server's CPU in microseconds, and what went wrong."""

    rate: float
    p50: float
    p99: float
    cpu: float
    errors: int


def signed(
    endpoint: str, service: str, bodies: Sequence[str], keys: dict[str, str]
) -> list[tuple[dict[str, str], str]]:
    """Return the bodies as signed requests: headers and body."""
    made = []
    signer = SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), service, "us-east-1")
    for body in bodies:
        request = AWSRequest("POST", endpoint + "/", data=body)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        signer.add_auth(request)
        host = endpoint.partition("//")[2]
        made.append((dict(request.headers.items()) | {"Host": host}, body))
    return made


def measure(
    endpoint: str,
    requests: Sequence[tuple[dict[str, str], str]],
    pid: int,
    *,
    seconds: int,
    cpu: int,
    line: str = "POST /",
) -> Measured:
    """Send the requests (headers and body, all with one method and path), round and round, from one thread on
    processor `cpu`."""
    with tempfile.TemporaryDirectory() as folder:
        script, lines = Path(folder) / "load.lua", Path(folder) / "requests"
        script.write_text(_LUA)
        lines.write_text(
            "".join(
                f"{line} " + "|".join(f"{k}={v}" for k, v in head.items()) + f"\t{body}\n"
                for head, body in requests
            )
        )
        before = cpu_seconds(pid)
        done = subprocess.run(
            ["taskset", "-c", str(cpu), "wrk", "-t1", "-c8", f"-d{seconds}s", "-s", str(script), endpoint],
            env=os.environ | {"REQUESTS": str(lines)},
            capture_output=True,
            text=True,
            timeout=seconds + 30,
            check=True,
        )
        spent = cpu_seconds(pid) - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    assert found, done.stdout + done.stderr
    count, duration, p50, p99, refused, broken = map(int, found.groups())
    return Measured(count / (duration / 1e6), p50, p99, spent * 1e6 / max(count, 1), refused + broken)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process and its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_line(stream: object) -> dict[str, Any]:
    """Return the next JSON line of a server's output."""
    found: dict[str, Any] = json.loads(stream.readline())  # type: ignore[attr-defined]
    return found
