"""The lines of docs/ec2.md and docs/metadata.md, as they stand: a machine is registered, and proves who it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from inside import Machine
from places import Place
from running import CLEAN

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def lines_with(page: str, words: str) -> str:
    """Return the shell lines of the block of a page that holds these words."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if words in block]
    return str(found)


def test_a_machine_is_registered_by_the_lines_of_the_page(place: Place, tmp_path: Path) -> None:
    variables = {
        "AWS_ENDPOINT_URL": place.server.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": place.keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": place.keys["SecretAccessKey"],
    }
    done = subprocess.run(
        ["sh", "-euc", lines_with("ec2.md", "aws ec2 run-instances")],
        env=CLEAN | variables | {"HOME": str(tmp_path), "PATH": PROGRAMS},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"State": "associated"' in done.stdout


def test_a_machine_proves_who_it_is_by_the_lines_of_the_page(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path)
    (tmp_path / "bin").mkdir()
    # A machine inherits nothing of the operator's: the certificate is that of the store which the program names.
    (tmp_path / "bin" / "vestry").write_text(
        f'#!/bin/sh\nVESTRY_DATA="{place.server.data}" exec "{sys.executable}" -m vestry.cli "$@"\n'
    )
    (tmp_path / "bin" / "vestry").chmod(0o755)
    lines = lines_with("metadata.md", "openssl smime")
    said = machine.out("sh", "-euc", f'cd "$HOME"\n{lines}', PATH=PROGRAMS)
    assert f'"instanceId" : "{machine.id}"' in said
