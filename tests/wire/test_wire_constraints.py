"""The quick test and the walk that words the faults refuse the same values; patterns mean what they mean in Java."""

from __future__ import annotations

import re
import time
import unicodedata
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.wire.dialects import IAM_MEMBERS, IAM_SENTENCES, NEVER_NULL_ELEMENTS
from vestry.wire.element_order import ELEMENT_ORDER
from vestry.wire.model import load_service
from vestry.wire.patterns import matcher, printed
from vestry.wire.shapes import Shape
from vestry.wire.validate import explain, validate

SERVICES = ["iam", "sts", "ec2", "organizations", "rolesanywhere", "eks", "eks-auth"]


def drawn(shapes: dict[str, Shape], name: str, depth: int) -> st.SearchStrategy[Any]:
    """Values of the right type that may break every other demand."""
    shape = shapes[name]
    if shape.type == "structure":
        members = {
            m: st.deferred(lambda r=ref: drawn(shapes, r.shape, depth - 1))
            for m, ref in shape.members.items()
        }
        return st.fixed_dictionaries({}, optional=members if depth > 0 else {})
    if shape.type == "list" and shape.member is not None:
        most = 3 if shape.max is None else min(int(shape.max) + 1, 52)
        inner = drawn(shapes, shape.member.shape, depth - 1)
        return st.one_of(st.lists(inner, max_size=3), inner.map(lambda item: [item] * most))
    if shape.type == "map" and shape.key is not None and shape.value is not None:
        return st.dictionaries(st.text(max_size=4), drawn(shapes, shape.value.shape, depth - 1), max_size=2)
    if shape.type in {"integer", "long", "float", "double"}:
        edges = [bound + step for bound in (shape.min, shape.max) if bound is not None for step in (-1, 0, 1)]
        return st.sampled_from(edges or [0, 5])
    if shape.type in {"boolean", "timestamp"}:
        return st.just(True)
    if shape.type == "blob":
        return st.binary(max_size=3)
    lengths = [
        int(b) + step for b in (shape.min, shape.max) if b is not None and b < 5000 for step in (-1, 0, 1)
    ]
    runs = [letter * length for letter in "a1/é" for length in lengths if length >= 0]
    texts = [*runs, *shape.enum, "", "a*", "/a/", "123456789012", "a\n", "\U0001f600"]
    return st.one_of(st.sampled_from(texts), st.text(max_size=5))


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_quick_test_refuses_exactly_what_the_walk_words(service: str, data: st.DataObject) -> None:
    found = load_service(service)
    names = sorted(name for name, operation in found.operations.items() if operation.input)
    operation = found.operations[data.draw(st.sampled_from(names))]
    assert operation.input is not None
    values = data.draw(drawn(found.shapes, operation.input, 4))
    fault = explain(operation, values)
    refused = operation.is_good is not None and not operation.is_good(values)
    assert refused == (fault is not None)
    if fault is None:
        validate(operation, values)
    else:
        with pytest.raises(type(fault)):
            validate(operation, values)


def patterns() -> list[str]:
    found = {shape.pattern for service in SERVICES for shape in load_service(service).shapes.values()}
    return sorted(pattern for pattern in found if pattern is not None)


@pytest.mark.parametrize("pattern", patterns())
def test_no_pattern_can_be_made_to_take_long(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matches = matcher(pattern)
    started = time.perf_counter()
    for unit in ("a", ":", "/", "a/", "-", "0", ".", "@a.", "arn:aws:", "é", "/é", "a-"):
        matches(unit * (200_000 // len(unit)) + "\x00")
        matches(unit * (4_000 // len(unit)) + "\x00")
    assert time.perf_counter() - started < 2


@settings(deadline=None)
@given(st.text(max_size=8))
def test_categories_are_unicodes(text: str) -> None:
    allowed = all(unicodedata.category(char)[0] in "LZN" or char in "_.:/=+-@" for char in text)
    assert matcher(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")(text) == allowed
    assert matcher(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")(text) == (allowed and text != "")
    assert matcher(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", 1, 4)(text) == (allowed and 1 <= len(text) <= 4)


@settings(deadline=None)
@given(st.text(st.sampled_from("aZ0_-+=,.@/ é٣\n\U0001f600"), max_size=6))
def test_a_class_with_bounds_is_the_class_and_the_bounds(text: str) -> None:
    for pattern in (r"[\w+=,.@-]*", r"[\w+=,.@-]+", r"[\d]*", r"[\u0020-\u00FF]+"):
        plain = re.fullmatch(pattern, text, re.ASCII) is not None
        assert matcher(pattern)(text) == plain
        assert matcher(pattern, 2, 4)(text) == (plain and 2 <= len(text) <= 4)
        assert matcher(pattern, 2, 5000)(text) == (plain and len(text) >= 2)


def test_a_category_inside_a_larger_pattern_is_spelled_out() -> None:
    matches = matcher(r"x:\p{Lu}[\p{N}]")
    assert matches("x:É9")
    assert not matches("x:é9")


def test_two_surrogates_are_one_character() -> None:
    matches = matcher(r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*")
    assert matches("a \U0001f600\n")
    assert not matches("\x00")


def test_iam_prints_characters_for_escapes() -> None:
    assert printed(r"[\u0009\u0020-\u007E\w]*") == r"[" + "\t -~" + r"\w]*"


def test_every_row_of_the_tables_names_something_of_the_models() -> None:
    shapes = load_service("iam").shapes
    assert all(shapes[name].pattern for name in IAM_SENTENCES)
    used = {member for shape in shapes.values() for member in shape.members}
    assert used >= IAM_MEMBERS.keys()
    for name in NEVER_NULL_ELEMENTS:
        assert load_service("sts").shapes[name].type == shapes[name].type == "list"
    for service, rows in ELEMENT_ORDER.items():
        for name, first in rows.items():
            assert set(first) <= load_service(service).shapes[name].members.keys()


ROLE_ARN = r"arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)"


@given(st.text(":arole\n", max_size=14))
def test_two_fields_of_an_arn_are_any_two_fields(tail: str) -> None:
    for text in (f"arn:aws:iam{tail}", f"arn:aws:iam{tail}:role"):
        assert matcher(ROLE_ARN, 1, 1011)(text) is (re.fullmatch(ROLE_ARN, text) is not None)


def test_a_list_of_arns_that_are_all_colons_is_refused_at_once() -> None:
    good = load_service("rolesanywhere").operations["CreateProfile"].is_good
    assert good is not None
    before = time.process_time()
    for _ in range(10):
        assert not good(
            {"name": "n", "roleArns": ["arn:aws:iam::1:role/x"] * 249 + ["arn:aws:iam" + ":" * 1000]}
        )
    assert time.process_time() - before < 0.2
