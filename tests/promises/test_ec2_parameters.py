"""Every parameter of RunInstances is honoured, recorded and returned, or refused by name; the table says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from places import Place, refusal
from vestry.services.ec2.launch_table import PARAMETERS, Handling

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ec2.md"
HEAD = "| parameter | what becomes of it | |\n|---|---|---|\n"
MODEL = botocore.session.Session().get_service_model("ec2").operation_model("RunInstances").input_shape
AGAIN = "write it anew: PYTHONPATH=tests .venv/bin/python tests/promises/test_ec2_parameters.py"
REFUSED = sorted(name for name, (handling, _) in PARAMETERS.items() if handling is Handling.REFUSED)


def rows() -> str:
    """Return the table as the code has it."""
    return "".join(
        f"| {name} | {handling} | {note} |\n" for name, (handling, note) in sorted(PARAMETERS.items())
    )


def page() -> str:
    """Return the document with the table as the code has it."""
    return PAGE.read_text().partition(HEAD)[0] + HEAD + rows()


def something(shape: Any) -> Any:
    """A value of a shape that asks for something."""
    if shape.type_name == "structure":
        return {name: something(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [something(shape.member)]
    if shape.enum if shape.type_name == "string" else False:
        return shape.enum[0]
    return {"boolean": True, "integer": 1, "timestamp": 1_800_000_000}.get(shape.type_name, "x")


def nothing(shape: Any) -> Any:
    """A value of a shape that asks for nothing, as far as a request can carry one."""
    if shape.type_name == "structure":
        flags = {name: False for name, member in shape.members.items() if member.type_name == "boolean"}
        return flags or None
    return {"boolean": False, "integer": 0}.get(shape.type_name)


def test_the_document_has_the_table() -> None:
    assert PAGE.read_text() == page(), AGAIN


def test_every_parameter_of_the_model_is_in_the_table() -> None:
    assert set(PARAMETERS) == set(MODEL.members)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_parameter_is_named(place: Place, name: str) -> None:
    ec2 = place.client("ec2", place.keys)
    given = {name: something(MODEL.members[name])}
    assert refusal(ec2.run_instances, ImageId="ami-12345678", MinCount=1, MaxCount=1, **given) == (
        400,
        "UnsupportedOperation",
        f"Vestry does not offer the parameter {name} of RunInstances.",
    )


def test_refused_parameters_that_ask_for_nothing_are_let_through(place: Place) -> None:
    ec2 = place.client("ec2", place.keys)
    given = {name: nothing(MODEL.members[name]) for name in REFUSED}
    given = {name: value for name, value in given.items() if value is not None}
    assert {"DisableApiTermination", "HibernationOptions", "Ipv6AddressCount"} <= set(given)
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, **given)
    assert len(made["Instances"]) == 1


if __name__ == "__main__":
    PAGE.write_text(page())
