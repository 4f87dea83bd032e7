"""The services, from botocore's models and from ours, their codecs built on first use.

What an operation has no model of botocore's for is described in `models/`, in the format of botocore's own extras
(`service-2.sdk-extras.json`), so that botocore can be given the same files.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from vestry.errors import InvalidAction
from vestry.wire.constraints import Constraints
from vestry.wire.dialects import dialect_of
from vestry.wire.json_values import json_input, json_output
from vestry.wire.query_parse import query_input
from vestry.wire.rest_parse import RestRequest, rest_input
from vestry.wire.rest_routes import Routes
from vestry.wire.shapes import Extras, OperationModel, ServiceModel, Shape
from vestry.wire.xml_write import XmlWriters

_MODEL = msgspec.json.Decoder(ServiceModel)
_EXTRAS = msgspec.json.Decoder(Extras)
_OURS = Path(__file__).parent / "models"

#: botocore's protocol -> our family; what a family shares is framing and how faults are called
_FAMILIES = {"query": "query", "ec2": "ec2", "json": "json", "rest-json": "rest-json"}

#: The families whose requests and answers are JSON.
_JSON = frozenset(("json", "rest-json"))

#: What an operation's parser takes: a query's or body's parameters by name, or the parts of a REST request.
Raw = Mapping[str, Any] | RestRequest


class Operation:
    """One operation of a service. Its codecs are built once, on first use."""

    def __init__(self, service: Service, model: OperationModel) -> None:
        self.service = service
        self.name = model.name
        self.input = model.input.shape if model.input else None
        self.output = model.output.shape if model.output else None
        self.result_wrapper = model.output.result_wrapper if model.output else None
        self.signed = model.authtype != "none"
        self.http = model.http

    def __repr__(self) -> str:
        return f"<Operation {self.service.name}:{self.name}>"

    @property
    def input_members(self) -> tuple[str, ...]:
        """The names of the parameters that the model knows, in its order."""
        return tuple(self.service.shapes[self.input].members) if self.input else ()

    @cached_property
    def parse(self) -> Callable[[Any], dict[str, Any]]:
        """Parameters (query: texts by dotted name; json: the decoded body; rest-json: a RestRequest) -> values by the
        model's member names."""
        if self.service.family == "rest-json":
            return rest_input(self.service.shapes, self.input)
        if self.service.family == "json":
            return json_input(self.service.shapes, self.input)
        return query_input(self.service.shapes, self.input, self.service.family)

    @cached_property
    def is_good(self) -> Callable[[Mapping[str, Any]], bool] | None:
        """The quick test of parsed parameters; None where nothing can be wrong."""
        return self.service.constraints.good(self.input) if self.input else None

    @cached_property
    def write_xml(self) -> Callable[[Mapping[str, Any], Callable[[str], None]], None]:
        """Appends the members of the result as lines of XML at the depth that the protocol's envelope gives them."""
        if self.output is None:
            return _write_nothing
        depth = 1 if self.service.family == "ec2" else 2
        return self.service.xml_writers.members(self.output, depth)

    @cached_property
    def json_value(self) -> Callable[[Mapping[str, Any]], Any]:
        """The result as what a JSON encoder takes."""
        if self.output is None:
            return _json_nothing
        return json_output(self.service.shapes, self.output)

    @cached_property
    def envelope(self) -> tuple[str, str, str]:
        """What stands in an XML answer before the result's members, after them, and instead of all of it if empty."""
        name, namespace = self.name, self.service.namespace
        start = f'<{name}Response xmlns="{namespace}">\n'
        if self.service.family == "ec2":
            return start, f"</{name}Response>\n", ""
        if self.output is None:
            return start, "", ""
        wrapper = self.result_wrapper or f"{name}Result"
        return f"{start}  <{wrapper}>\n", f"  </{wrapper}>\n", f"{start}  <{wrapper}/>\n"


class Service:
    """One service: what its model says, and its operations by name."""

    def __init__(self, name: str, model: ServiceModel) -> None:
        self.name = name
        self.signing_name = model.metadata.signing_name or model.metadata.endpoint_prefix
        self.version = model.metadata.api_version
        self.protocol = model.metadata.protocol
        self.family = _FAMILIES[model.metadata.protocol]
        #: Whether a denial on a resource carries the reasons as an encoded message.
        self.encodes_denials = self.family == "ec2"
        self.json_version = model.metadata.json_version
        self.namespace = model.metadata.xml_namespace or ""
        self.target_prefix = model.metadata.target_prefix
        #: The status of each error that the model describes, where it says one.
        self.error_statuses: Mapping[str, int] = {
            name: shape.error.http_status_code
            for name, shape in model.shapes.items()
            if shape.error is not None and shape.error.http_status_code is not None
        }
        self.shapes: dict[str, Shape] = model.shapes
        self.operations: Mapping[str, Operation] = {
            key: Operation(self, operation) for key, operation in model.operations.items()
        }

    def __repr__(self) -> str:
        return f"<Service {self.name} {self.version}>"

    @cached_property
    def constraints(self) -> Constraints:
        """What the model demands of parameters, in this service's wording."""
        return Constraints(self.shapes, dialect_of(self.name))

    @cached_property
    def routes(self) -> Routes:
        """The paths of a REST service."""
        return Routes({name: one.http for name, one in self.operations.items()})

    @property
    def is_json(self) -> bool:
        """Whether its bodies are JSON whatever the client asks for."""
        return self.family in _JSON

    @cached_property
    def xml_writers(self) -> XmlWriters:
        """The writers of this service's shapes, shared by its operations."""
        return XmlWriters(self.name, self.shapes, ec2=self.family == "ec2")


@cache
def load_service(name: str) -> Service:
    """Return the service of that name in botocore's data (`iam`, `sts`, `ec2`, …), its newest version.

    LookupError where botocore has no such service; KeyError for a protocol that we don't speak.
    """
    found = find_spec("botocore")
    if found is None or not found.submodule_search_locations:
        raise LookupError("botocore is not installed")
    folder = Path(found.submodule_search_locations[0]) / "data" / name
    versions = sorted(path.parent for path in folder.glob("*/service-2.json*"))
    if not versions or not name.replace("-", "").isalnum():
        raise LookupError(f"no model of a service called {name!r}")
    return Service(name, _with_ours(name, read_model(versions[-1])))


def _with_ours(name: str, model: ServiceModel) -> ServiceModel:
    """Return a model with the operations and shapes that only our own model of the service has."""
    path = _OURS / name / model.metadata.api_version / "service-2.sdk-extras.json"
    if not path.exists():
        return model
    ours = _EXTRAS.decode(path.read_bytes()).merge
    twice = (model.operations.keys() & ours.operations) | (model.shapes.keys() & ours.shapes)
    if twice:
        raise ValueError(
            f"{path.name} of {name} describes again what botocore has: {', '.join(sorted(twice))}"
        )
    return msgspec.structs.replace(
        model, operations=model.operations | ours.operations, shapes=model.shapes | ours.shapes
    )


def read_model(folder: Path) -> ServiceModel:
    """Return the model in a folder that has a `service-2.json`, compressed or not."""
    packed = folder / "service-2.json.gz"
    raw = (
        gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "service-2.json").read_bytes()
    )
    return _MODEL.decode(raw)


def find_operation(services: Sequence[Service], version: str | None, action: str | None) -> Operation | None:
    """Return the operation that a query request names, or None when it names no action (AWS then answers a 302).

    Raises InvalidAction with AWS's text for any other pair; its envelope is that of `service_of_version`.
    """
    if action is None:
        return None
    for service in services:
        if service.version == version and not service.is_json:
            operation = service.operations.get(action)
            if operation is not None:
                return operation
    asked = service_of_version(services, version)
    if asked is not None and asked.family == "ec2":
        raise InvalidAction(f"The action {action} is not valid for this web service.")
    said = "NO_VERSION_SPECIFIED" if version is None else version
    raise InvalidAction(f"Could not find operation {action} for version {said}")


def service_of_version(services: Sequence[Service], version: str | None) -> Service | None:
    """Return the service whose API version a query request names, None where there is none."""
    return next((one for one in services if one.version == version and not one.is_json), None)


def find_rest(service: Service, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
    """Return the operation of a REST service at a raw path, and the labels in it; InvalidAction where there is none."""
    found = service.routes.find(method, path)
    if found is None:
        raise InvalidAction(None)
    return service.operations[found[0]], found[1]


def find_target(services: Sequence[Service], target: str) -> Operation:
    """Return the operation that an `X-Amz-Target` header names; InvalidAction where there is none."""
    prefix, _, name = target.rpartition(".")
    for service in services:
        if service.target_prefix is not None and service.target_prefix == prefix:
            operation = service.operations.get(name)
            if operation is not None:
                return operation
    raise InvalidAction(None)


def _write_nothing(result: Mapping[str, Any], append: Callable[[str], None]) -> None:
    _json_nothing(result)


def _json_nothing(result: Mapping[str, Any]) -> None:
    if result:
        raise KeyError(f"an operation without output was given {', '.join(sorted(result))}")
