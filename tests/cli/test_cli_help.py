"""Help, completion and the time to the first word."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from serving import Server
from vestry import __version__
from vestry.cli.commands import application, run
from vestry.cli.overview import COMMANDS, GROUPS, overview

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bin" / "vestry"


@pytest.mark.parametrize("row", COMMANDS, ids=[row.words for row in COMMANDS])
def test_every_command_explains_itself(row: tuple[str, str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*row[0].split(), "--help"]) == 0
    printed = capfd.readouterr().out
    assert printed.startswith(f"Usage: vestry {row[0]} ")
    assert f"  {row[0]} " in overview()


def test_groups_list_their_commands(capfd: pytest.CaptureFixture[str]) -> None:
    for group, summary in GROUPS.items():
        assert run([group, "--help"]) == 0
        printed = capfd.readouterr().out
        assert summary in printed
        for row in COMMANDS:
            if row.words.startswith(f"{group} "):
                assert row.summary.partition(".")[0] in " ".join(printed.split())


def test_no_arguments_are_a_usage_error_that_helps() -> None:
    done = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, overview())


def test_version() -> None:
    for command in ([SCRIPT, "--version"], [sys.executable, "-m", "vestry.cli", "--version"]):
        assert subprocess.check_output(command, text=True, timeout=60) == f"vestry {__version__}\n"


def test_the_script_is_found_through_a_link_and_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "vestry").symlink_to(SCRIPT)
    for command in ([tmp_path / "vestry"], ["./vestry"], ["sh", "vestry"]):
        done = subprocess.check_output([*command, "--version"], cwd=tmp_path, text=True, timeout=60)
        assert done == f"vestry {__version__}\n"


def test_what_lies_in_the_working_directory_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "VESTRY_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [SCRIPT, "account", "list", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '{"Accounts": []}\n'), done.stderr


def test_asking_a_running_server_imports_neither_the_server_nor_the_store(server: Server) -> None:
    code = (
        "import sys; from vestry.cli.commands import run; "
        f"assert run(['account', 'list', '--json', '--data', {str(server.data)!r}]) == 0; "
        "heavy = {'sqlalchemy', 'botocore', 'rich', 'uvicorn', 'cryptography', 'asyncio'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def completed(words: str) -> list[str]:
    """Return what bash would be offered for the last word."""
    environment = os.environ | {
        "_VESTRY_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    return subprocess.check_output([SCRIPT], env=environment, text=True, timeout=60).split()


def test_bash_completes_commands_and_options() -> None:
    assert completed("vestry acc") == ["account"]
    assert completed("vestry account re") == ["reset"]
    assert completed("vestry account create --pro") == ["--profile"]
    assert {"serve", "tour", "account", "env", "exec"} <= set(completed("vestry "))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_shown(shell: str, tmp_path: Path) -> None:
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    command = [SCRIPT, "--show-completion", shell]
    assert "_VESTRY_COMPLETE" in subprocess.check_output(command, env=environment, text=True, timeout=60)


def on_a_terminal(answer: bytes, *arguments: str | Path) -> tuple[int, str]:
    """Run a command on a terminal where a person types `answer`; return its exit code and what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(SCRIPT, [str(SCRIPT), *map(str, arguments)])  # noqa: S606
    os.write(terminal, answer)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_a_person_is_asked_before_everything_goes(server: Server) -> None:
    server.account("mine")
    code, shown = on_a_terminal(b"n\n", "account", "delete", "mine", "--data", server.data)
    assert code == 1
    assert "Delete account mine and everything in it? [y/N]" in shown
    assert on_a_terminal(b"y\n", "account", "reset", "mine", "--data", server.data)[0] == 0
    code, shown = on_a_terminal(b"", "account", "list", "--data", server.data)
    assert code == 0
    assert "\x1b[1m" in shown, "on a terminal the table is drawn"
    assert "?" not in on_a_terminal(b"", "account", "delete", "mine", "--yes", "--data", server.data)[1]


def test_colours_can_be_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fails = ("account", "delete", "nobody", "--yes", "--data", server.data)
    assert "\x1b[31m" in on_a_terminal(b"", *fails)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in on_a_terminal(b"", *fails)[1]


def test_only_the_modules_of_the_named_command_are_imported() -> None:
    assert application([row for row in COMMANDS if row.words == "serve"])
    code = (
        "import sys; from vestry.cli.commands import run; run(['serve', '--help']); "
        "assert 'vestry.cli.account' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, timeout=60)
