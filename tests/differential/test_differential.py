"""The engine and the other evaluator, asked the same twenty thousand requests."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import yaml

from differential.deciding import deciding
from differential.known import CONDITIONS, LAYERS, RESOURCES, mended
from differential.peer import ask
from differential.requests import Line, requests
from vestry.policy.decide import Layer
from vestry.policy.operators import OPERATORS
from vestry.policy.simulate import Simulator

SEED, COUNT = 1, 20_000
#: How many of them each operator decides, in each of its forms, and each layer; counted in the first of them.
LEAST, COUNTED = 200, 14_000
KNOWN = yaml.safe_load(Path(__file__).with_name("known.yaml").read_text())

_simulator = Simulator()


def answered(line: Line) -> dict[str, str]:
    """Our answer, through the door that reads lines."""
    return msgspec.json.decode(_simulator.answer(msgspec.json.encode(line)))


def decided(line: Line) -> str:
    """Our decision."""
    return answered(line)["decision"]


class Asked(NamedTuple):
    """A request with both answers, and the layer that decided ours."""

    line: Line
    ours: str
    layer: str
    theirs: str


@pytest.fixture(scope="module")
def everything() -> list[Asked]:
    lines = list(requests(SEED, COUNT))
    theirs = ask(lines)
    ours = [answered(line) for line in lines]
    return [
        Asked(line, our["decision"], our["decidedBy"], their)
        for line, our, their in zip(lines, ours, theirs, strict=True)
    ]


def test_where_they_disagree_the_other_is_known_to_be_wrong(
    everything: list[Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    apart = [one for one in everything if one.ours != one.theirs]
    around = [mended(one.line) for one in apart]
    found = ask([line for line, _ in around])
    counts: Counter[str] = Counter()
    new = []
    for one, (line, names), theirs in zip(apart, around, found, strict=True):
        assert decided(line) == one.ours, f"{sorted(names)} changed the meaning of {json.dumps(one.line)}"
        counts[next(iter(names)) if len(names) == 1 else "several at once"] += 1
        if theirs != one.ours:
            new.append(f"ours {one.ours}, theirs {one.theirs}, {sorted(names)}: {json.dumps(one.line)}")
    with capsys.disabled():
        print(f"\n{len(everything)} requests, {len(apart)} disagreements of known classes: {_listed(counts)}")
    assert not new, f"{len(new)} new disagreements\n" + "\n".join(new[:3])
    assert all(counts[row["class"]] for row in KNOWN), "a class that explains nothing by itself"


def test_what_the_classes_write_around_would_not_excuse_a_fault_of_ours(everything: list[Asked]) -> None:
    """Where both agree, the other gives the same answer to the mended request: ours could not be another unnoticed."""
    agreed = [one for one in everything if one.ours == one.theirs][::8]
    around = [mended(one.line) for one in agreed]
    touched = [(one, line) for one, (line, names) in zip(agreed, around, strict=True) if names]
    assert len(touched) > LEAST
    for (one, line), theirs in zip(touched, ask([line for _, line in touched]), strict=True):
        assert theirs == one.ours, json.dumps(line)


def test_every_outcome_layer_and_operator_is_decided_often(
    everything: list[Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = Counter(one.ours for one in everything)
    layers = Counter(one.layer for one in everything)
    plain, existing, sets = Counter[str](), Counter[str](), Counter[str]()
    for one in everything[:COUNTED]:
        for condition in deciding(one.line, one.ours, decided):
            name = condition.operator
            if condition.quantifier:
                sets[f"{condition.quantifier}:{name}"] += 1
            else:
                plain[name] += 1
            if condition.if_exists:
                existing[f"{name}IfExists"] += 1
    with capsys.disabled():
        for title, counts in (
            ("outcomes", outcomes),
            ("decided by", layers),
            ("decided by a condition", plain + sets + existing),
        ):
            print(f"\n{title}: {_listed(counts)}")
    assert min(outcomes["allowed"], outcomes["explicitDeny"]) >= COUNT // 4
    assert {name: layers[name] for name in Layer if layers[name] < LEAST} == {}
    compared = [name for name in OPERATORS if name != "Null"]
    assert plain["Null"] >= LEAST
    assert {name: plain[name] for name in compared if plain[name] < LEAST} == {}
    assert {
        name: existing[f"{name}IfExists"] for name in compared if existing[f"{name}IfExists"] < LEAST
    } == {}
    asked_of_sets = [
        f"{quantifier}:{name}" for quantifier in ("ForAllValues", "ForAnyValue") for name in compared
    ]
    assert {name: sets[name] for name in asked_of_sets if sets[name] < LEAST} == {}


def test_every_known_class_has_its_words_and_its_page() -> None:
    assert {row["class"] for row in KNOWN} == {*CONDITIONS, *RESOURCES, *LAYERS}
    assert all(row["says"] and row["page"] for row in KNOWN)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
