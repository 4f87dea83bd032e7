"""The service models' own vocabulary, typed: shapes, references to them, operations.

Only what the wire needs is decoded (documentation is dropped on the way in), so that loading IAM and STS costs a few
milliseconds. The format is botocore's `service-2.json`, version 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

#: types that are one piece of text in the query protocols
LEAF_TYPES = frozenset(
    {"string", "character", "integer", "long", "boolean", "float", "double", "timestamp", "blob"}
)


class Ref(Struct, frozen=True, rename="camel"):
    """A use of a shape: in a member, a list, a map. Its traits win over those of the shape itself."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None
    flattened: bool = False
    result_wrapper: str | None = None
    timestamp_format: str | None = None
    location: str | None = None  # rest-json: `uri`, `querystring`, `header`; None is the body


class ErrorTrait(Struct, frozen=True, rename="camel"):
    """What a model says of an error: its HTTP status."""

    http_status_code: int | None = None


class Shape(Struct, frozen=True, rename="camel"):
    """One shape of a model; which fields mean something depends on `type`."""

    type: str
    members: dict[str, Ref] = {}
    required: tuple[str, ...] = ()
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    enum: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    flattened: bool = False
    sensitive: bool = False
    location_name: str | None = None
    timestamp_format: str | None = None
    payload: str | None = None  # rest-json: the member that is the whole body
    error: ErrorTrait | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether a value of this shape is written as one piece of text."""
        return self.type in LEAF_TYPES


class Http(Struct, frozen=True, rename="camel"):
    """Where an operation is found and how its success is answered: `request_uri` is a template with `{labels}`."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class OperationModel(Struct, frozen=True):
    """One operation of a model: its name and the shapes that go in and come out."""

    name: str
    http: Http = Http()
    input: Ref | None = None
    output: Ref | None = None
    authtype: str = ""  # "none": the operation is called unsigned


class Metadata(Struct, frozen=True, rename="camel"):
    """What a model says about its service as a whole."""

    api_version: str
    endpoint_prefix: str
    protocol: str
    signing_name: str | None = None
    xml_namespace: str | None = None
    target_prefix: str | None = None
    json_version: str = "1.0"


class ServiceModel(Struct, frozen=True):
    """A whole `service-2.json`, without its documentation."""

    metadata: Metadata
    operations: dict[str, OperationModel]
    shapes: dict[str, Shape]


class Merge(Struct, frozen=True):
    """What is added to a model."""

    operations: dict[str, OperationModel] = {}
    shapes: dict[str, Shape] = {}


class Extras(Struct, frozen=True):
    """A `service-2.sdk-extras.json`: what botocore's loader merges into the model of the same name."""

    merge: Merge


def lower_camel(name: str) -> str:
    """Return a member's name as validation texts print it: only the first letter changes (`sAMLAssertion`)."""
    return name[:1].lower() + name[1:]


def element_name(shapes: Mapping[str, Shape], ref: Ref, default: str) -> str:
    """Return the XML element (or query component) that a reference or its shape names, else `default`."""
    return ref.location_name or shapes[ref.shape].location_name or default


def ec2_name(shapes: Mapping[str, Shape], ref: Ref, member: str) -> str:
    """Return what a member is sent as in EC2's protocol, which is what EC2 calls it in its errors."""
    if ref.query_name:
        return ref.query_name
    name = element_name(shapes, ref, member)
    return name if name == member else name[:1].upper() + name[1:]
