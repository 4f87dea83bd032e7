"""Every operation's codecs against botocore's: what its client sends we read, what we write its client reads."""

from __future__ import annotations

from typing import Any

import pytest
from botocore_judge import as_received, fullest, operation_model, received, sent, service_model, structure
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.services.registry import REGISTRY
from vestry.wire.json_values import read_json
from vestry.wire.model import load_service
from vestry.wire.parse import parse_parameters, read_query
from vestry.wire.serialize import success

SERVICES = ["iam", "sts", "ec2", "organizations"]
REQUEST_ID = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"
#: Of EC2's operations those that are offered; every operation goes through the two tests at the end.
EC2_OPERATIONS = sorted(name for service, name in REGISTRY if service == "ec2")


def names(service: str) -> list[str]:
    return EC2_OPERATIONS if service == "ec2" else sorted(service_model(service).operation_names)


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_request_of_botocore_is_read_as_it_was_meant(service: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names(service)))
    shape = operation_model(service, name).input_shape
    meant = data.draw(structure(shape, epoch=False, depth=4)) if shape is not None else {}
    body = sent(service, name, meant)
    operation = load_service(service).operations[name]
    mapping: dict[str, Any] = read_json(body) if operation.service.family == "json" else read_query(body)
    assert parse_parameters(operation, mapping) == meant


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_an_answer_of_ours_is_read_by_botocore_as_it_was_meant(service: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names(service)))
    shape = operation_model(service, name).output_shape
    result = data.draw(structure(shape, epoch=True, depth=4)) if shape is not None else {}
    body = success(load_service(service).operations[name], result, REQUEST_ID, json=False)
    assert received(service, name, body) == (as_received(shape, result) if shape is not None else {})


@pytest.mark.parametrize("service", SERVICES)
def test_every_member_of_every_operation_goes_through(service: str) -> None:
    for operation in load_service(service).operations.values():
        model = operation_model(service, operation.name)
        if model.input_shape is not None:
            meant = fullest(model.input_shape, epoch=False)
            body = sent(service, operation.name, meant)
            mapping: dict[str, Any] = (
                read_json(body) if operation.service.family == "json" else read_query(body)
            )
            assert parse_parameters(operation, mapping) == meant, operation
        if model.output_shape is not None:
            result = fullest(model.output_shape, epoch=True)
            answer = success(operation, result, REQUEST_ID, json=False)
            assert received(service, operation.name, answer) == as_received(model.output_shape, result), (
                operation
            )


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_model_can_be_built(service: str) -> None:
    for operation in load_service(service).operations.values():
        assert callable(operation.parse)
        assert operation.is_good is None or callable(operation.is_good)
        if operation.service.family != "json":
            assert callable(operation.write_xml)
        assert callable(operation.json_value)
        assert success(operation, {}, REQUEST_ID, json=False)


def test_a_member_that_the_model_does_not_have_is_a_programming_error() -> None:
    operation = load_service("sts").operations["GetCallerIdentity"]
    with pytest.raises(KeyError, match="Account_"):
        success(operation, {"Account_": "123456789012"}, REQUEST_ID, json=False)
    with pytest.raises(KeyError):
        success(operation, {"Account_": "123456789012"}, REQUEST_ID, json=True)
    with pytest.raises(KeyError):
        success(load_service("iam").operations["DeleteRole"], {"Role": {}}, REQUEST_ID, json=False)


def test_absent_and_none_members_are_left_out() -> None:
    operation = load_service("iam").operations["GetRole"]
    with_none = success(operation, {"Role": {"RoleName": "r", "Description": None}}, REQUEST_ID, json=False)
    assert with_none == success(operation, {"Role": {"RoleName": "r"}}, REQUEST_ID, json=False)


@given(st.text(max_size=40))
def test_any_text_at_all_gives_an_answer_that_can_be_parsed(text: str) -> None:
    operation = load_service("iam").operations["GetRole"]
    body = success(operation, {"Role": {"Description": text}}, REQUEST_ID, json=False)
    shown = received("iam", "GetRole", body)["Role"]["Description"]
    assert len(shown) == len(text)
    assert all(theirs in (mine, "\ufffd") for mine, theirs in zip(text, shown, strict=True))
