"""Parsed parameters against the model: all that is wrong, in one fault, in the words of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestry.errors import Fault, InvalidParameterValue, MissingParameter, ValidationError
from vestry.wire.constraints import Findings, leaf_test
from vestry.wire.model import Operation
from vestry.wire.patterns import matcher
from vestry.wire.shapes import Ref, Shape, ec2_name, lower_camel


def validate(operation: Operation, parameters: Mapping[str, Any]) -> None:
    """Raise what AWS raises for parameters that break the model's constraints: ValidationError with all the faults.

    EC2 stops at the first and raises MissingParameter or InvalidParameterValue.
    """
    is_good = operation.is_good
    if is_good is None or is_good(parameters):
        return
    raise explain(operation, parameters) or ValidationError("The parameters are not valid.")


def explain(operation: Operation, parameters: Mapping[str, Any]) -> Fault | None:
    """Return the fault that `validate` raises for these parameters, or None where they are good."""
    if operation.input is None:
        return None
    if operation.service.family == "ec2":
        return _first_of_ec2(operation.service.shapes, operation.service.shapes[operation.input], parameters)
    sentence = _own_sentence(operation, parameters)
    if sentence is not None:
        return ValidationError(sentence)
    findings = Findings(operation.service.constraints)
    findings.structure(operation.service.shapes[operation.input], parameters, "")
    if not findings.texts:
        return None
    count = len(findings.texts)
    noun = "error" if count == 1 else "errors"
    return ValidationError(f"{count} validation {noun} detected: {'; '.join(findings.texts)}")


def _own_sentence(operation: Operation, parameters: Mapping[str, Any]) -> str | None:
    """The text for a value whose pattern fails, where the service has a sentence of its own for it."""
    dialect = operation.service.constraints.dialect
    if not dialect.sentences or operation.input is None:
        return None
    shapes = operation.service.shapes
    for member, ref in shapes[operation.input].members.items():
        value = parameters.get(member)
        pattern = shapes[ref.shape].pattern
        if isinstance(value, str) and pattern is not None:
            sentence = dialect.sentence(member, ref.shape)
            if sentence is not None and not matcher(pattern)(value):
                return sentence
    return None


def _first_of_ec2(shapes: Mapping[str, Shape], shape: Shape, parameters: Mapping[str, Any]) -> Fault | None:
    for member, ref in shape.members.items():
        value = parameters.get(member)
        if value is None:
            if member in shape.required:
                name = ec2_name(shapes, ref, member)
                return MissingParameter(f"The request must contain the parameter {name}")
            continue
        fault = _ec2_value(shapes, ref, member, value)
        if fault is not None:
            return fault
    return None


def _ec2_value(shapes: Mapping[str, Shape], ref: Ref, member: str, value: Any) -> Fault | None:
    shape = shapes[ref.shape]
    if shape.type == "structure":
        return _first_of_ec2(shapes, shape, value)
    if shape.type == "list" and shape.member is not None:
        inner = shape.member
        faults = (_ec2_value(shapes, inner, member, item) for item in value)
        return next((fault for fault in faults if fault is not None), None) or _ec2_size(shape, member, value)
    test = leaf_test(shape)
    if test is None or test(value):
        return None
    where = lower_camel(member)
    if isinstance(value, int | float):
        return _ec2_size(shape, member, value)
    return InvalidParameterValue(f"Value ({value}) for parameter {where} is invalid.")


def _ec2_size(shape: Shape, member: str, value: Any) -> Fault | None:
    size = len(value) if isinstance(value, list) else value
    where = lower_camel(member)
    if shape.max is not None and size > shape.max:
        return InvalidParameterValue(
            f"Value ( {size} ) for parameter {where} is invalid. Expecting a value smaller than {int(shape.max)}."
        )
    if shape.min is not None and size < shape.min:
        return InvalidParameterValue(
            f"Value ( {size} ) for parameter {where} is invalid. Expecting a value greater than {int(shape.min)}."
        )
    return None
