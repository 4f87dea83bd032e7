"""Cedar as a peer: the statements as Cedar policies, parsed once. Runs in the environment of the peers.

A resource that is written out is compared (`resource ==`); a pattern is a condition on its ARN, which the context
carries: that is quicker here than an attribute of an entity. An action with a wildcard becomes the list of all actions
of the workload that it means.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import cedarpy

from benchmarks.policy.peer import Question, Workload, serve


def prepare(workload: Workload) -> list[Question]:
    """Return a question for every request."""
    names = {action for action, _ in workload["requests"]}
    policies = cedarpy.PolicySet.from_str("\n".join(_policy(row, names) for row in workload["statements"]))
    entities = cedarpy.Entities.from_json_str("[]")
    return [
        partial(cedarpy.is_authorized, _request(workload["user"], action, resource), policies, entities)
        for action, resource in workload["requests"]
    ]


def _policy(statement: dict[str, Any], names: set[str]) -> str:
    effect = "permit" if statement["Effect"] == "Allow" else "forbid"
    actions = ", ".join(f'Action::"{name}"' for value in statement["Action"] for name in _meant(value, names))
    pattern = statement["Resource"]
    if "*" not in pattern:
        return f'{effect}(principal, action in [{actions}], resource == Resource::"{pattern}");'
    condition = "" if pattern == "*" else f' when {{ context.arn like "{pattern}" }}'
    return f"{effect}(principal, action in [{actions}], resource){condition};"


def _meant(action: str, names: set[str]) -> list[str]:
    return sorted(name for name in names if fnmatchcase(name, action)) if "*" in action else [action]


def _request(user: str, action: str, resource: str) -> dict[str, Any]:
    return {
        "principal": {"type": "User", "id": user},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Resource", "id": resource},
        "context": {"arn": resource},
    }


if __name__ == "__main__":
    serve(prepare, lambda answer: answer.allowed)
