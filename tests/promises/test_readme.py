"""The README's first assume-role, and its first role for a process, work as they are written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from processes import process

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def block(language: str, having: str) -> str:
    """Return the README's one code block in this language that contains `having`."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.S) if having in text]
    return str(found)


def test_the_first_assume_role_works_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vestry").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vestry.cli "$@"\n')
    (tmp_path / "bin" / "vestry").chmod(0o755)
    settings = tmp_path / ".aws"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "HOME": str(tmp_path),
        "VESTRY_DATA": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(settings / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(settings / "credentials"),
    }

    def shell(script: str) -> str:
        ran = subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    script = block("sh", "create-user")
    assert script.startswith("bin/vestry serve &"), "the first command starts the server"
    with process(tmp_path / "data") as server:
        # The server has a port of its own here; the rest is run as it stands.
        said = shell(script.partition("\n")[2])
        key = json.loads(said[said.rindex('{\n    "AccessKey"') :])["AccessKey"]
        role = re.search(r'"Arn": "(arn:aws:iam::\d+:role/UpdateApp)"', said)
        assert role is not None, said
        profiles = block("ini", "role_arn").replace("http://127.0.0.1:4566", server.endpoint)
        for shown, real in (
            ("AKIA…", key["AccessKeyId"]),
            ("aws_secret_access_key = …", f"aws_secret_access_key = {key['SecretAccessKey']}"),
            ("arn:aws:iam::…:role/UpdateApp", role[1]),
        ):
            assert shown in profiles
            profiles = profiles.replace(shown, real)
        with (settings / "config").open("a") as file:
            file.write(f"\n{profiles}")
        asked = "aws sts get-caller-identity --query Arn --output text"
        (with_profile,) = set(re.findall(r"`(aws --profile update-app [^`]*)`", README))
        assert ":assumed-role/UpdateApp/" in shell(with_profile)
        (with_exec,) = set(re.findall(r"`(bin/vestry exec [^`]*)`", README))
        assert ":assumed-role/UpdateApp/" in shell(with_exec.replace("ARN", role[1]).replace("CMD", asked))
        (with_env,) = set(re.findall(r"`(eval [^`]*)`", README))
        assert ":user/casey" in shell(f"{with_env}\n{asked}")
        assert re.search(r':assumed-role/app/i-[0-9a-f]{17}"\n}\n$', shell(block("sh", "vestry run")))
