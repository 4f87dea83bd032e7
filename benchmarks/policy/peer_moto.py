"""moto as a peer: one IAMPolicy that holds all statements. Runs in the environment of the peers."""

from __future__ import annotations

import json
from functools import partial

from moto.iam.access_control import IAMPolicy, PermissionResult

from benchmarks.policy.peer import Question, Workload, serve


def prepare(workload: Workload) -> list[Question]:
    """Return a question for every request."""
    document = {"Version": "2012-10-17", "Statement": workload["statements"]}
    policy = IAMPolicy(json.dumps(document))
    return [
        partial(policy.is_action_permitted, action, resource) for action, resource in workload["requests"]
    ]


if __name__ == "__main__":
    serve(prepare, lambda answer: answer is PermissionResult.PERMITTED)
