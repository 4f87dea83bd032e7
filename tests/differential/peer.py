"""Asks the other evaluator: a Node process of its own, given all requests at once, a line of JSON each."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from differential.requests import FULL_ACCESS, Json, Line

FOLDER = Path(__file__).parent
#: Its words for our decisions.
WORDS = {"Allowed": "allowed", "ExplicitlyDenied": "explicitDeny", "ImplicitlyDenied": "implicitDeny"}


def ask(lines: Sequence[Line]) -> list[str]:
    """Return its decision on each line, in the words of `vestry simulate`; what it does not take is an AssertionError."""
    node = shutil.which("node")
    assert node, "node is not on the PATH: bin/test installs it where it may (Debian: nodejs, npm)"
    assert (FOLDER / "node_modules/.made").exists(), (
        "the other evaluator is not installed: run bin/test, and see what npm says"
    )
    written = "".join(json.dumps(simulation(line)) + "\n" for line in lines)
    done = subprocess.run(
        [node, FOLDER / "peer.mjs"], input=written, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(answer) for answer in done.stdout.splitlines()]
    assert len(answers) == len(lines)
    for line, answer in zip(lines, answers, strict=True):
        assert isinstance(answer, str), f"{answer}: {json.dumps(simulation(line))}"
    return [WORDS[answer] for answer in answers]


def simulation(line: Line) -> Json:
    """A line as the other evaluator reads it."""
    caller = line["principal"]
    found: Json = {
        "request": {
            "principal": {"type": "Anonymous"} if caller is None else caller,
            "action": line["action"],
            "resource": {"resource": line["resource"], "accountId": line["resourceAccount"]},
            "contextVariables": line["context"],
        },
        "identityPolicies": _named(line.get("identityPolicies", [])),
        "serviceControlPolicies": _levels(line.get("serviceControlPolicies", [])),
        "resourceControlPolicies": _levels(line.get("resourceControlPolicies", [])),
    }
    if "sessionPolicies" in line:
        (found["sessionPolicy"],) = line["sessionPolicies"]
    if "permissionsBoundary" in line:
        found["permissionBoundaryPolicies"] = _named([line["permissionsBoundary"]])
    if "resourcePolicy" in line:
        found["resourcePolicy"] = line["resourcePolicy"]
    return found


def _named(documents: list[Json]) -> list[Any]:
    return [{"name": str(number), "policy": document} for number, document in enumerate(documents)]


def _levels(levels: list[list[Json]]) -> list[Any]:
    """It adds what lets everything pass the resource control policies by itself, and takes no other allow there."""
    return [
        {
            "orgIdentifier": str(number),
            "policies": _named([document for document in level if document != FULL_ACCESS]),
        }
        for number, level in enumerate(levels)
    ]
