"""The listener of a bridge: machines in networks of their own find 169.254.169.254, and are told by source address."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from running import needs_namespaces

BRIDGE = Path(__file__).resolve().parents[1] / "bridge.py"


@functools.cache
def bridge(data: Path) -> dict[str, Any]:
    """Return what tests/bridge.py finds."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed")
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, str(BRIDGE), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return bridge(tmp_path_factory.mktemp("bridge") / "data")


@needs_namespaces
@pytest.mark.parametrize("name", ["outer", "other", "inner"])
def test_each_machine_becomes_the_role_of_its_own_instance(found: dict[str, Any], name: str) -> None:
    assert found["metadata"] == ["http://169.254.169.254:80"]
    identifier = found[f"{name} instance"]
    assert found[name] == f"arn:aws:sts::{found['account']}:assumed-role/{name}/{identifier}"


@needs_namespaces
def test_a_token_does_not_pass_more_routers_than_the_hop_limit_says(found: dict[str, Any]) -> None:
    assert found["inner, without a token"] == "10.9.0.2"
    assert "timed out" in found["inner, hop limit 1"]
    assert found["inner, hop limit 2"] == "200"


@needs_namespaces
def test_a_machine_whose_instance_is_terminated_has_no_role(found: dict[str, Any]) -> None:
    assert "Unable to locate credentials" in found["other, terminated"]
