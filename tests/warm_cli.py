"""The AWS CLI v1, imported once: every command is a process of its own, forked where a shell would start Python anew.

The code, its arguments, its environment and its exit code are the CLI's own; only the second that importing takes is
saved. It is the program of this very file that forks: tests have threads.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

_LOCK = threading.Lock()
_RUNNING: list[subprocess.Popen[str]] = []


def aws(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `aws ARGUMENTS` with exactly this environment."""
    with _LOCK:
        if not _RUNNING or _RUNNING[0].poll() is not None:
            _RUNNING[:] = [_start()]
        channel = _RUNNING[0]
        assert channel.stdin is not None
        assert channel.stdout is not None
        channel.stdin.write(json.dumps([list(arguments), dict(environment)]) + "\n")
        channel.stdin.flush()
        code, out, err = json.loads(channel.stdout.readline())
    return subprocess.CompletedProcess(["aws", *arguments], code, out, err)


def _start() -> subprocess.Popen[str]:
    # What the CLI keeps under the home directory it finds there when it is imported.
    home = tempfile.mkdtemp(prefix="warm-cli-")
    process = subprocess.Popen(
        [sys.executable, __file__],
        env=os.environ | {"HOME": home},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(process.kill)
    return process


def _serve() -> None:
    """Fork for each line of standard input; answer code, output and errors on a line of standard output."""
    from awscli.clidriver import create_clidriver

    create_clidriver()  # imports what it needs
    for line in sys.stdin:
        arguments, environment = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _command(arguments, environment, out, err)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = []
            for file in (out, err):
                file.seek(0)
                said.append(file.read().decode())
        print(json.dumps([code, *said]), flush=True)


def _command(arguments: list[str], environment: dict[str, str], out: Any, err: Any) -> None:
    """Be the command; never return."""
    code = 1
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        own = os.environ["AWS_DATA_PATH"]  # where the CLI found its own data when it was imported
        os.environ.clear()
        os.environ.update(environment | {"AWS_DATA_PATH": own})
        sys.argv = ["aws", *arguments]
        from awscli.clidriver import main

        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
