"""How `vestry run` ends: exit codes, signals, the terminal, and nothing left behind, whichever way."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import Place
from running import (
    CLEAN,
    UNPRIVILEGED,
    line,
    machine,
    needs_namespaces,
    needs_pasta,
    needs_slirp,
    python,
    run,
    until,
    with_programs,
)
from serving import Server
from vestry.cli.run_keeper import GRACE_SECONDS

WAYS = [
    pytest.param(["--require-namespace"], CLEAN, id="namespace", marks=needs_namespaces),
    pytest.param([], CLEAN | {"PATH": "/nowhere"}, id="loopback"),
]


@pytest.fixture(scope="module")
def instance(server: Server) -> str:
    return machine(Place(server), "app")


@contextlib.contextmanager
def begun(
    server: Server, instance: str, *script: str, options: list[str], environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run lines of Python as the instance, and go on when they have printed a line."""
    with subprocess.Popen(
        line(server.data, instance, python(*script), options),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def networks() -> set[int]:
    """Return the network namespaces in which processes run."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                found.add(os.stat(f"/proc/{name}/ns/net").st_ino)
    return found


def ways_out(command: int) -> list[str]:
    """Return the processes that carry the packets of a command's namespace."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0") if name.isdigit() else []
            if words[0:1] and words[0].rpartition(b"/")[2] in (b"slirp4netns", b"pasta"):
                found += [name] if str(command).encode() in words else []
    return found


@pytest.mark.parametrize(("options", "environment"), WAYS)
def test_the_exit_code_is_passed_on(
    server: Server, instance: str, options: list[str], environment: dict[str, str]
) -> None:
    for code in (0, 1, 2, 130):
        done = run(
            server.data,
            instance,
            *python(f"raise SystemExit({code})"),
            options=options,
            environment=environment,
        )
        assert done.returncode == code


@pytest.mark.parametrize(("options", "environment"), WAYS)
def test_a_command_that_a_signal_ends_is_ended_by_it(
    server: Server, instance: str, options: list[str], environment: dict[str, str]
) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGABRT):
        script = python("import os", f"os.kill(os.getpid(), {number})")
        assert (
            run(server.data, instance, *script, options=options, environment=environment).returncode
            == -number
        )


@pytest.mark.parametrize(("options", "environment"), WAYS)
def test_signals_are_passed_on(
    server: Server, instance: str, options: list[str], environment: dict[str, str]
) -> None:
    script = (
        "import signal",
        "numbers = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}",
        "signal.pthread_sigmask(signal.SIG_BLOCK, numbers)",
        "print('ready', flush=True)",
        "for number in range(7): print(signal.sigwait(numbers).name, flush=True)",
    )
    with begun(server, instance, *script, options=options, environment=environment) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        for name in ("SIGHUP", "SIGINT", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"):
            running.send_signal(signal.Signals[name])
            assert running.stdout.readline() == f"{name}\n"
        assert running.wait(10) == 0


def test_the_command_begins_with_the_signals_that_every_program_begins_with(
    server: Server, instance: str
) -> None:
    script = ["grep", "-E", "^Sig(Blk|Ign|Cgt):", "/proc/self/status"]  # Python ignores signals of itself
    plain = subprocess.run(script, capture_output=True, text=True, check=True, timeout=20).stdout
    for options in (["--require-namespace"], []):
        assert run(server.data, instance, *script, options=options).stdout == plain


def test_standard_input_and_output_are_the_commands(server: Server, instance: str) -> None:
    script = python("import sys", "sys.stdout.write(sys.stdin.read().upper())", "print('!', file=sys.stderr)")
    done = run(server.data, instance, *script, input="text\n")
    assert (done.stdout, done.stderr) == ("TEXT\n", "!\n")


def test_the_terminal_is_the_commands_and_its_keys_reach_it_once(server: Server, instance: str) -> None:
    script = python(
        "import os, signal, time",
        "seen = []",
        "signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))",
        "print('terminal', os.isatty(0), os.tcgetpgrp(0) == os.getpgrp(), flush=True)",
        "time.sleep(0.6); time.sleep(0.6)",
        "print('seen', len(seen), input(), flush=True)",
    )
    command = line(server.data, instance, script, ["--require-namespace"])
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command], env=CLEAN, stdin=its_end, stdout=its_end, stderr=its_end
    ) as running:
        os.close(its_end)
        said = b""
        while b"terminal" not in said or b"\n" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        os.write(terminal, b"word\n")
        while b"seen" not in said or not said.endswith(b"\n"):
            said += os.read(terminal, 4096)
        assert running.wait(20) == 0
        os.close(terminal)
    assert b"terminal True True" in said
    assert b"seen 1 word" in said


@needs_namespaces
@needs_slirp
@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGKILL, -signal.SIGKILL])
@pytest.mark.parametrize("before", [[], UNPRIVILEGED], ids=["root", "user"])
def test_nothing_is_left_behind(server: Server, instance: str, number: int | None, before: list[str]) -> None:
    """Ended by itself, by a signal, or by one to its whole process group (the negative number)."""
    script = (
        "import os, subprocess, sys, time",
        "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']",
        "subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.DEVNULL)",
        "print(os.stat('/proc/self/ns/net').st_ino, os.getpid(), flush=True)",
        "sys.stdin.readline()",
    )
    command = [*before, *line(server.data, instance, python(*script), ["--require-namespace"])]
    with subprocess.Popen(
        command,
        env=CLEAN,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        network, pid = map(int, running.stdout.readline().split())
        assert network in networks()
        assert len(ways_out(pid)) == 1
        assert network != os.stat("/proc/self/ns/net").st_ino
        if number is None:
            running.communicate("\n", timeout=20)
            assert running.returncode == 0
        else:
            send = os.kill if number > 0 else os.killpg
            send(running.pid, abs(number))
            assert running.wait(20) == -abs(number)
        if number in (None, signal.SIGTERM):
            assert network not in networks(), "when vestry run is over, all is"
            assert not ways_out(pid)
        until(lambda: network not in networks() and not ways_out(pid))
    until(
        lambda: (
            server.log.getvalue().count('"listener taken"')
            == server.log.getvalue().count('"listener given back"')
        )
    )


@needs_namespaces
def test_what_is_left_in_the_namespace_may_end_by_itself_and_is_killed_when_it_does_not(
    server: Server, instance: str, tmp_path: Path
) -> None:
    def left(name: str, on_end: str) -> list[str]:
        return python(
            "import pathlib, signal, time",
            f"file = pathlib.Path({str(tmp_path / name)!r})",
            f"signal.signal(signal.SIGTERM, {on_end})",
            "file.write_text('begun')",
            "while True: time.sleep(0.1)",
        )

    both = [left("polite", "lambda *_: (file.write_text('ended'), exit(0))"), left("deaf", "signal.SIG_IGN")]
    script = python(
        "import os, pathlib, subprocess, time",
        f"for one in {both!r}: subprocess.Popen(one, start_new_session=True, stdout=subprocess.DEVNULL)",
        f"while len(list(pathlib.Path({str(tmp_path)!r}).iterdir())) < 2: time.sleep(0.02)",
        "print(os.stat('/proc/self/ns/net').st_ino)",
    )
    done = run(server.data, instance, *script)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "polite").read_text() == "ended"
    assert (tmp_path / "deaf").read_text() == "begun"
    assert int(done.stdout) not in networks()


@needs_namespaces
def test_what_is_inherited_is_let_go_when_the_command_is_gone(server: Server, instance: str) -> None:
    script = python(
        "import subprocess, sys, time",
        "deaf = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); time.sleep(60)'",
        "left = subprocess.Popen([sys.executable, '-c', deaf], start_new_session=True, stdout=subprocess.PIPE)",
        "left.stdout.readline()",
        "print('ready', flush=True)",
        "time.sleep(60)",
    )
    ours, theirs = os.pipe()
    with subprocess.Popen(
        line(server.data, instance, script, ["--require-namespace"]),
        env=CLEAN,
        stdout=subprocess.PIPE,
        pass_fds=[theirs],
    ) as running:
        os.close(theirs)
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.kill()
        began = time.monotonic()
        assert running.stdout.read() == os.read(ours, 1) == b""
        assert time.monotonic() - began < GRACE_SECONDS - 0.5, "the keeper still waits for what is left"
        os.close(ours)


@needs_namespaces
@pytest.mark.parametrize(
    "way", [pytest.param("slirp4netns", marks=needs_slirp), pytest.param("pasta", marks=needs_pasta)]
)
def test_nothing_is_left_behind_when_the_keeper_is_killed_with_it(
    server: Server, instance: str, tmp_path: Path, way: str
) -> None:
    environment = with_programs(tmp_path / "bin", way)
    script = (
        "import os, sys",
        "print(os.stat('/proc/self/ns/net').st_ino, os.getpid(), flush=True)",
        "sys.stdin.readline()",
    )
    with begun(
        server, instance, *script, options=["--require-namespace"], environment=environment
    ) as running:
        assert running.stdout is not None
        network, pid = map(int, running.stdout.readline().split())
        (out,) = ways_out(pid)
        keeper = int(Path(f"/proc/{out}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        running.kill()
        assert running.wait(20) == -signal.SIGKILL
        until(lambda: network not in networks() and not ways_out(pid))


def test_on_loopback_the_command_does_not_outlive_a_killed_run(server: Server, instance: str) -> None:
    script = ("import os, time", "print(os.getpid(), flush=True)", "time.sleep(60)")
    with begun(server, instance, *script, options=[], environment=CLEAN | {"PATH": "/nowhere"}) as running:
        assert running.stdout is not None
        command = os.pidfd_open(int(running.stdout.readline()))
        running.kill()
        assert running.wait(10) == -signal.SIGKILL
        until(lambda: select.select([command], [], [], 0)[0])
        os.close(command)


@pytest.mark.parametrize(("options", "environment"), WAYS)
def test_a_command_that_cannot_be_run_is_named(
    server: Server, instance: str, options: list[str], environment: dict[str, str]
) -> None:
    done = run(server.data, instance, "/no/such", options=options, environment=environment)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "vestry: /no/such cannot be run: No such file or directory."


def test_other_processes_ends_are_not_the_commands(server: Server, instance: str) -> None:
    script = python(
        "import os, time",
        "if os.fork() == 0:",
        "    if os.fork() == 0: os._exit(9)",
        "    os._exit(8)",
        "os.wait(); time.sleep(0.3); raise SystemExit(5)",
    )
    assert run(server.data, instance, *script).returncode == 5
