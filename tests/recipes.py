"""docs/clients.md for tests: its blocks, with the examples' values replaced by those of a test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "clients.md"
ENDPOINT, ACCOUNT = "http://127.0.0.1:4566", "111122223333"
#: The section for programs that have an instance's role, and where they find somebody else's S3.
INSIDE, INSIDE_S3 = "Inside an instance", "http://10.0.2.2:9000"
#: Somebody else's S3.
S3 = "http://127.0.0.1:9000"
ENDPOINT_TLS, CA_FILE = "https://localhost:4566", "/path/to/ca.pem"
KEY, SECRET, TOKEN_FILE = "AKIAEXAMPLE", "SECRETEXAMPLE", "/var/run/secrets/token"


def recipe(section: str, language: str, values: Mapping[str, str]) -> list[str]:
    """Return the blocks of a section (its heading) in that language; each of `values`' keys must occur in one."""
    found = re.search(
        rf"^## {re.escape(section)}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"docs/clients.md has no section {section}"
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", found[1], re.MULTILINE | re.DOTALL)
    assert blocks, f"docs/clients.md shows no {language} under {section}"
    for example, value in values.items():
        assert any(example in block for block in blocks), f"{example} is not in docs/clients.md's {section}"
        blocks = [block.replace(example, value) for block in blocks]
    return blocks


def exports(section: str, values: Mapping[str, str], which: int = 0) -> dict[str, str]:
    """Return the variables that a block of shell lines of a section exports, and nothing else."""
    lines = recipe(section, "sh", values)[which].splitlines()
    assert all(line.startswith("export ") for line in lines), lines
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)
