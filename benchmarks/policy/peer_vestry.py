"""Vestry as a peer: documents of ten statements, compiled and merged into one set."""

from __future__ import annotations

import json
from functools import partial

from benchmarks.policy.peer import Question, Workload, serve
from vestry.policy.compile import compile_document, compile_set
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.request import Kind, MappingContext, Principal, Request

TOGETHER = 10


def prepare(workload: Workload) -> list[Question]:
    """Return a question for every request."""
    statements = workload["statements"]
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": statements[start : start + TOGETHER]})
        for start in range(0, len(statements), TOGETHER)
    ]
    layers = Layers(
        (compile_set([compile_document(parse_document(text, DocumentKind.LIBRARY)) for text in documents]),)
    )
    caller = Principal(Kind.USER, workload["account"], workload["user"])
    context = MappingContext(workload["context"])
    return [
        partial(decide, Request(caller, action, resource, context, workload["account"]), layers)
        for action, resource in workload["requests"]
    ]


def allowed(answer: object) -> bool:
    """Tell whether an answer allows."""
    return answer.outcome is Outcome.ALLOWED  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(prepare, allowed)
