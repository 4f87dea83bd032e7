"""Policy tests: what a principal with these policies may, and may not, do.

A file is a mapping with `tests`, and with `policies` that the tests name. A test has the members of a simulated
request (`simulate`) and, in the place of action and resource, the lists `may` and `mayNot` of `ACTION` or
`ACTION on RESOURCE`. A policy is written out, named, or the name of a file that `read` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from vestry.policy.decide import Outcome
from vestry.policy.explain import explain
from vestry.policy.sentences import sentences
from vestry.policy.simulate import Simulator

#: Members that hold policies: one, a list, or a list of lists.
_POLICIES = (
    "identityPolicies",
    "resourcePolicy",
    "permissionsBoundary",
    "sessionPolicies",
    "serviceControlPolicies",
    "resourceControlPolicies",
)
_SENTENCE, _MAY, _MAY_NOT, _BY = "name", "may", "mayNot", "decidedBy"
_MEMBERS = frozenset((*_POLICIES, _SENTENCE, _MAY, _MAY_NOT, _BY, "principal", "context", "resourceAccount"))

Read = Callable[[str], str]


class CaseError(Exception):
    """A file of tests cannot be understood; the text says why."""


class Result(msgspec.Struct, frozen=True):
    """One test: `problem` is empty where it passed, and `why` explains the decision where it did not."""

    file_title: str
    name: str
    problem: str
    why: tuple[str, ...]


def run_file(content: object, read: Read) -> Iterator[Result]:
    """Yield the results of a file's tests, in its order. Raises CaseError for a file that is not one of tests."""
    file = _mapping(content, "the file")
    unknown = sorted(set(map(str, file)) - {"title", "policies", "tests"})
    if unknown:
        raise CaseError(f"unknown member {unknown[0]!r} (known: title, policies, tests)")
    named = _mapping(file.get("policies") or {}, "policies")
    tests = file.get("tests")
    if not isinstance(tests, list):
        raise CaseError("tests is not a list")
    simulator = Simulator()
    for number, test in enumerate(tests, 1):
        yield from _run(
            str(file.get("title") or ""), _mapping(test, f"test {number}"), number, named, read, simulator
        )


def _run(
    title: str,
    test: Mapping[Any, Any],
    number: int,
    named: Mapping[Any, Any],
    read: Read,
    simulator: Simulator,
) -> Iterator[Result]:
    unknown = sorted(set(map(str, test)) - _MEMBERS)
    name = str(test.get(_SENTENCE) or f"test {number}")
    if unknown:
        raise CaseError(f"{name}: unknown member {unknown[0]!r} (known: {', '.join(sorted(_MEMBERS))})")
    wishes = [(one, True) for one in _wishes(test, _MAY, name)] + [
        (one, False) for one in _wishes(test, _MAY_NOT, name)
    ]
    if not wishes:
        raise CaseError(f"{name}: says neither what the principal may nor what it may not do")
    request = {
        key: _resolve(test[key], named, read, key) if key in _POLICIES else test[key]
        for key in test
        if key not in (_SENTENCE, _MAY, _MAY_NOT, _BY)
    }
    for wish, may in wishes:
        action, _, resource = wish.partition(" on ")
        line = request | {"action": action.strip(), "resource": resource.strip() or "*"}
        yield _one(
            title, f"{name}: {'may' if may else 'may not'} {wish}", line, may, test.get(_BY), simulator
        )


def _one(
    title: str, name: str, line: Mapping[str, Any], may: bool, layer: object, simulator: Simulator
) -> Result:
    try:
        question = simulator.question(msgspec.json.encode(line))
    except (ValueError, TypeError) as error:
        raise CaseError(f"{name}: {error}") from None
    explanation = explain(question.request, question.layers)
    decision = explanation.decision
    problem = ""
    if (decision.outcome is Outcome.ALLOWED) is not may:
        problem = f"expected {'allowed' if may else 'denied'}, decided {decision.outcome.value} by {decision.layer.value}"
    elif layer is not None and layer != decision.layer.value:
        problem = f"expected a decision by {layer}, decided by {decision.layer.value}"
    why = tuple(sentences(explanation)) if problem else ()
    return Result(title, name, problem, why)


def _wishes(test: Mapping[Any, Any], member: str, name: str) -> list[str]:
    found = test.get(member) or []
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise CaseError(f"{name}: {member} is not a list of actions")
    return found


def _resolve(value: object, named: Mapping[Any, Any], read: Read, where: str) -> Any:
    """Return policies with their names replaced by what they stand for."""
    if value is None or isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return [_resolve(one, named, read, where) for one in value]
    if not isinstance(value, str):
        raise CaseError(f"{where}: a policy is a mapping, a name or a file")
    if value in named:
        return _resolve(named[value], {}, read, where)
    return read(value) if not value.lstrip().startswith("{") else value


def _mapping(value: object, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise CaseError(f"{what} is not a mapping")
    return value
