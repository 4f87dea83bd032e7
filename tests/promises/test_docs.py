"""The documents are true: the list of operations, the dependencies, the README's commands, the symbols they name."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from vestry.services.registry import REGISTRY

ROOT = Path(__file__).resolve().parents[2]


def operations_page() -> str:
    """Return docs/operations.md as the registry has it."""
    lines = [
        "# Operations",
        "",
        "What is offered; every other operation of the models is refused by name.",
        "",
    ]
    lines += ["| operation | authorization | changes |", "|---|---|---|"]
    for (service, name), operation in sorted(REGISTRY.items()):
        asked = (
            f"`{operation.declaration.action}`" if operation.declaration.on else operation.declaration.exempt
        )
        lines.append(f"| {service}:{name} | {asked} | {'yes' if operation.writes else ''} |")
    return "\n".join(lines) + "\n"


def test_the_list_of_operations_is_current() -> None:
    assert (ROOT / "docs" / "operations.md").read_text() == operations_page(), (
        "write it anew: .venv/bin/python tests/promises/test_docs.py"
    )


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = (ROOT / "docs" / "design.md").read_text()
    for requirement in project["project"]["dependencies"]:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert f"| {name} |" in text, name


def test_the_readmes_commands_exist() -> None:
    text = (ROOT / "README.md").read_text()
    shown = subprocess.run(
        [sys.executable, "-m", "vestry.cli", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    for command in set(re.findall(r"bin/vestry ((?:account )?[a-z]+)", text)):
        assert command in shown, command
    for script in set(re.findall(r"bin/[a-z]+", text)):
        assert (ROOT / script).exists(), script


def test_the_symbols_that_the_request_is_traced_by_exist() -> None:
    for name in re.findall(
        r"`((?:server|wire|credentials|access|services|policy|store|metadata)\.[\w.]+)`",
        (ROOT / "docs" / "request.md").read_text(),
    ):
        module, _, symbol = f"vestry.{name}".rpartition(".")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, outer = module.rpartition(".")
            found = getattr(importlib.import_module(module), outer)
        assert hasattr(found, symbol), name


if __name__ == "__main__":
    (ROOT / "docs" / "operations.md").write_text(operations_page())
