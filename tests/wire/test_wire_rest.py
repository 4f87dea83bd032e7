"""REST requests against botocore's own: paths, the places of members, faults; answers as its clients read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore_judge import (
    as_received,
    fullest,
    operation_model,
    received,
    sent_rest,
    service_model,
    structure,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.errors import (
    AccessDenied,
    ExpiredToken,
    Fault,
    IncompleteSignature,
    InternalFailure,
    InvalidAction,
    InvalidClientTokenId,
    MalformedInput,
    MissingAuthenticationToken,
    ServiceUnavailable,
    SignatureDoesNotMatch,
    Throttling,
    ValidationError,
)
from vestry.wire.model import find_rest, load_service
from vestry.wire.parse import parse_parameters
from vestry.wire.rest_parse import RestRequest, rest_input
from vestry.wire.rest_routes import Routes
from vestry.wire.serialize import content_type, error_headers, failure, success
from vestry.wire.shapes import Http, Ref, Shape

#: Services whose models our operations come from; AppConfig also uses headers and bodies that are no JSON.
ANSWERED = ["rolesanywhere", "eks", "eks-auth"]
ASKED = [*ANSWERED, "appconfig"]
REQUEST_ID = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"


def ours(service: str) -> Any:
    return load_service(service)


def read(service: str, name: str, meant: dict[str, Any]) -> dict[str, Any]:
    """What we make of the request that botocore makes of these parameters."""
    method, path, request = sent_rest(service, name, meant)
    operation, labels = find_rest(ours(service), method, path)
    assert operation.name == name
    return parse_parameters(operation, RestRequest(labels, request.query, request.headers, request.body))


@pytest.mark.parametrize("service", ASKED)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_request_of_botocore_is_read_as_it_was_meant(service: str, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from([one for one in service_model(service).operation_names if readable(service, one)])
    )
    shape = operation_model(service, name).input_shape
    meant = data.draw(structure(shape, epoch=False, depth=4)) if shape is not None else {}
    assert read(service, name, meant) == meant


def readable(service: str, name: str) -> bool:
    """Whether its parameters are all in places that we read, and its payload is no stream of events."""
    shape = operation_model(service, name).input_shape
    members = shape.members.values() if shape is not None else ()
    headers = [member for member in members if member.serialization.get("location") in ("header", "headers")]
    return name in ours(service).operations and not headers


@pytest.mark.parametrize("service", ASKED)
def test_every_member_of_every_operation_is_read(service: str) -> None:
    for name in service_model(service).operation_names:
        shape = operation_model(service, name).input_shape
        meant = fullest(shape, epoch=False) if shape is not None else {}
        assert read(service, name, meant) == meant, name


@pytest.mark.parametrize("service", ANSWERED)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_an_answer_of_ours_is_read_by_botocore_as_it_was_meant(service: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(service_model(service).operation_names))
    shape = operation_model(service, name).output_shape
    result = data.draw(structure(shape, epoch=True, depth=4)) if shape is not None else {}
    body = success(ours(service).operations[name], result, REQUEST_ID, json=False)
    assert received(service, name, body) == (as_received(shape, result) if shape is not None else {})


def test_times_are_written_as_the_model_wants_them() -> None:
    anchor = {"trustAnchor": {"createdAt": 1_795_000_000}}
    body = success(ours("rolesanywhere").operations["GetTrustAnchor"], anchor, REQUEST_ID, json=False)
    assert json.loads(body)["trustAnchor"]["createdAt"] == "2026-11-18T11:06:40Z"
    cluster = {"cluster": {"createdAt": 1_795_000_000}}
    body = success(ours("eks").operations["DescribeCluster"], cluster, REQUEST_ID, json=False)
    assert json.loads(body)["cluster"]["createdAt"] == 1_795_000_000


def test_an_answer_has_the_status_of_the_model() -> None:
    assert ours("rolesanywhere").operations["CreateProfile"].http.response_code == 201
    assert ours("rolesanywhere").operations["GetProfile"].http.response_code == 200


def test_an_answer_that_is_not_all_in_the_body_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="outside the body"):
        success(ours("appconfig").operations["CreateHostedConfigurationVersion"], {}, REQUEST_ID, json=False)


ROUTES = Routes(
    {
        "List": Http("GET", "/things"),
        "Make": Http("POST", "/things"),
        "Get": Http("GET", "/things/{id}"),
        "Newest": Http("GET", "/things/newest"),
        "Parts": Http("GET", "/things/{id}/parts"),
        "Slash": Http("GET", "/slash/"),
        "File": Http("GET", "/things/{id}/files/{path+}"),
        "Root": Http("GET", "/"),
    }
)
PATHS = [
    ("a path without labels", "GET", "/things", ("List", {})),
    ("the same path, another method", "POST", "/things", ("Make", {})),
    ("a label is decoded", "GET", "/things/a%20b%2Fc", ("Get", {"id": "a b/c"})),
    ("a plus is a plus in a path", "GET", "/things/a+b", ("Get", {"id": "a+b"})),
    ("bytes that are no UTF-8 are replaced", "GET", "/things/%FF", ("Get", {"id": "\ufffd"})),
    ("a literal comes before a label", "GET", "/things/newest", ("Newest", {})),
    ("a label between literals", "GET", "/things/1/parts", ("Parts", {"id": "1"})),
    (
        "a greedy label takes the slashes",
        "GET",
        "/things/1/files/a/b%20c/",
        ("File", {"id": "1", "path": "a/b c/"}),
    ),
    ("the root", "GET", "/", ("Root", {})),
    ("a slash at the end belongs to the path", "GET", "/slash/", ("Slash", {})),
    ("and is not added", "GET", "/slash", None),
    ("nor taken away", "GET", "/things/", None),
    ("an empty label is none", "GET", "/things//parts", None),
    ("another method", "DELETE", "/things", None),
    ("dots are not followed", "GET", "/x/../things", None),
    ("doubled slashes are not joined", "GET", "//things", None),
    ("an escaped literal is none", "GET", "/thing%73", None),
]


@pytest.mark.parametrize(
    ("method", "path", "found"), [row[1:] for row in PATHS], ids=[row[0] for row in PATHS]
)
def test_which_operation_is_at_a_path(
    method: str, path: str, found: tuple[str, dict[str, str]] | None
) -> None:
    assert ROUTES.find(method, path) == found


def test_templates_that_the_routes_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="query string"):
        Routes({"Put": Http("PUT", "/things?new")})
    with pytest.raises(ValueError, match="greedy"):
        Routes({"Put": Http("PUT", "/{things+}/new")})


SHAPES = {
    "Text": Shape("string"),
    "Number": Shape("integer"),
    "Flag": Shape("boolean"),
    "Bytes": Shape("blob"),
    "Time": Shape("timestamp"),
    "Texts": Shape("list", member=Ref("Text")),
    "Numbers": Shape("map", key=Ref("Text"), value=Ref("Number")),
    "Inner": Shape("structure", members={"word": Ref("Text", location_name="Word"), "n": Ref("Number")}),
    "Everywhere": Shape(
        "structure",
        members={
            "id": Ref("Number", location="uri"),
            "since": Ref("Time", location="header", location_name="X-Since"),
            "note": Ref("Text", location="header", location_name="X-Note"),
            "many": Ref("Texts", location="querystring"),
            "flag": Ref("Flag", location="querystring", location_name="isFlag"),
            "word": Ref("Text", location_name="Word"),
        },
    ),
    "AllBytes": Shape("structure", members={"data": Ref("Bytes")}, payload="data"),
    "AllText": Shape("structure", members={"data": Ref("Text")}, payload="data"),
    "AllInner": Shape("structure", members={"data": Ref("Inner")}, payload="data"),
    "Either": Shape("structure", members={"x": Ref("Text", location="queryOrBody")}),
    "MapInQuery": Shape("structure", members={"x": Ref("Numbers", location="querystring")}),
    "Elsewhere": Shape("structure", members={"x": Ref("Text", location="headers")}),
}
NOTHING = RestRequest({}, b"", {}, b"")


def test_members_come_from_their_places_and_only_from_them() -> None:
    request = RestRequest(
        {"id": "7"},
        b"many=a+b&isFlag=true&many=c%26&word=query&isFlag=false",
        {b"x-since": b"Wed, 18 Nov 2026 11:06:40 GMT", b"x-note": b"n", b"x-word": b"w"},
        b'{"Word":"body","id":9,"since":0,"many":["x"],"unknown":1,"word":"by its name here"}',
    )
    assert rest_input(SHAPES, "Everywhere")(request) == {
        "id": 7,
        "since": datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC),
        "note": "n",
        "many": ["a b", "c&"],
        "flag": True,
        "word": "body",
    }
    assert rest_input(SHAPES, "Everywhere")(RestRequest({"id": "7"}, b"", {}, b"")) == {"id": 7}
    body = b'{"isFlag":true,"flag":true,"X-Note":"n","note":"n","many":["x"],"id":9}'
    assert rest_input(SHAPES, "Everywhere")(RestRequest({"id": "7"}, b"", {}, body)) == {"id": 7}


def test_a_member_of_either_place_is_taken_from_the_query_first() -> None:
    read = rest_input(SHAPES, "Either")
    assert read(RestRequest({}, b"x=query", {}, b'{"x":"body"}')) == {"x": "query"}
    assert read(RestRequest({}, b"", {}, b'{"x":"body"}')) == {"x": "body"}
    assert read(RestRequest({}, b"x=query", {}, b"")) == {"x": "query"}


def test_a_payload_is_the_whole_body() -> None:
    body = RestRequest({}, b"", {}, b'{"Word":"w"}')
    assert rest_input(SHAPES, "AllBytes")(body) == {"data": b'{"Word":"w"}'}
    assert rest_input(SHAPES, "AllText")(body) == {"data": '{"Word":"w"}'}
    assert rest_input(SHAPES, "AllInner")(body) == {"data": {"word": "w"}}
    for name in ("AllBytes", "AllText", "AllInner"):
        assert rest_input(SHAPES, name)(NOTHING) == {}


def test_an_operation_without_input_reads_nothing() -> None:
    assert rest_input(SHAPES, None)(RestRequest({}, b"a=b", {}, b"{}")) == {}


@pytest.mark.parametrize("name", ["MapInQuery", "Elsewhere"])
def test_a_place_that_is_not_read_is_refused_when_the_reader_is_built(name: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        rest_input(SHAPES, name)


BAD = [
    ("no JSON", RestRequest({"id": "1"}, b"", {}, b"{")),
    ("no object", RestRequest({"id": "1"}, b"", {}, b"[]")),
    ("no UTF-8", RestRequest({"id": "1"}, b"", {}, b'{"Word":"\xff"}')),
    ("another type", RestRequest({"id": "1"}, b"", {}, b'{"Word":1}')),
    ("a label that is no number", RestRequest({"id": "x"}, b"", {}, b"")),
    ("a flag that is none", RestRequest({"id": "1"}, b"isFlag=yes", {}, b"")),
    ("a time that is none", RestRequest({"id": "1"}, b"", {b"x-since": b"soon"}, b"")),
    ("very many parameters", RestRequest({"id": "1"}, b"a=b&" * 100_000, {}, b"")),
]


@pytest.mark.parametrize("request_", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_what_cannot_be_read_is_malformed(request_: RestRequest) -> None:
    with pytest.raises(MalformedInput):
        rest_input(SHAPES, "Everywhere")(request_)


FAULTS: list[tuple[str, Fault, int, str, str]] = [
    ("nothing signed", MissingAuthenticationToken(), 403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    ("an unknown key", InvalidClientTokenId(), 403, "UnrecognizedClientException", InvalidClientTokenId.default),
    ("a wrong signature", SignatureDoesNotMatch(), 403, "InvalidSignatureException", SignatureDoesNotMatch.default),
    ("half a signature", IncompleteSignature("x"), 403, "IncompleteSignatureException", "x"),
    ("an expired session", ExpiredToken(), 403, "ExpiredTokenException", ExpiredToken.default),
    ("a denial", AccessDenied("no"), 403, "AccessDeniedException", "no"),
    ("a bad parameter", ValidationError("bad"), 400, "ValidationException", "bad"),
    ("a path of no operation", InvalidAction(None), 404, "UnknownOperationException", ""),
    ("a body of no sense", MalformedInput(None), 400, "SerializationException", ""),
    ("too much", Throttling(), 429, "ThrottlingException", "Rate exceeded"),
    ("no database", ServiceUnavailable(), 503, "ServiceUnavailableException", ServiceUnavailable.default),
    ("our own fault", InternalFailure(), 500, "InternalFailure", InternalFailure.default),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "status", "code", "message"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_a_fault_is_read_by_botocore(fault: Fault, status: int, code: str, message: str) -> None:
    service = ours("rolesanywhere")
    found, body = failure(service, fault, REQUEST_ID, json=False)
    headers = {name.decode(): value.decode() for name, value in error_headers(service, fault)}
    parsed = create_parser("rest-json").parse({"status_code": found, "headers": headers, "body": body}, None)
    assert found == status
    assert parsed["Error"] == {"Code": code, "Message": message}
    assert b"type" not in body


def test_the_status_of_an_error_is_the_models_where_it_has_it() -> None:
    service = ours("eks-auth")
    assert failure(service, AccessDenied("no"), REQUEST_ID, json=False)[0] == 400
    assert failure(service, ExpiredToken(), REQUEST_ID, json=False)[0] == 403, (
        "who asks is judged before the service"
    )


def test_only_the_rest_services_name_the_fault_in_a_header() -> None:
    assert error_headers(load_service("sts"), AccessDenied("no")) == []
    assert error_headers(None, AccessDenied("no")) == []


def test_what_is_answered_is_json() -> None:
    assert content_type(ours("eks"), json=False) == "application/json"
