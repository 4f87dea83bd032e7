"""botocore's own client side as the judge: its serializer writes our requests, its parser reads our answers.

`parameters` and `results` draw values that fit a shape; what botocore cannot send (an empty structure, an empty map)
is not drawn.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore
import botocore.parsers
import botocore.serialize
from botocore.model import OperationModel, ServiceModel
from botocore.utils import percent_encode_sequence
from hypothesis import strategies as st

from vestry.wire import model
from vestry.wire.rest_parse import RestRequest

DEPTH = 4
MODELS = Path(model.__file__).parent / "models"
_LEAST, _MOST = 0, 4_102_444_800  # 1970 … 2100


@cache
def service_model(name: str) -> ServiceModel:
    versions = sorted((Path(botocore.__file__).parent / "data" / name).glob("*/service-2.json.gz"))
    found = json.loads(gzip.decompress(versions[-1].read_bytes()))
    ours = MODELS / name / versions[-1].parent.name / "service-2.sdk-extras.json"
    if ours.exists():
        for part, more in json.loads(ours.read_bytes())["merge"].items():
            found[part] |= more
    return ServiceModel(found, name)


def operation_model(service: str, name: str) -> OperationModel:
    return service_model(service).operation_model(name)


def sent(service: str, name: str, values: dict[str, Any]) -> bytes:
    """The body that botocore sends for these parameters."""
    model = operation_model(service, name)
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"], include_validation=False)
    body = serializer.serialize_to_request(values, model)["body"]
    return body if isinstance(body, bytes) else urlencode(body).encode()


def sent_rest(service: str, name: str, values: dict[str, Any]) -> tuple[str, str, RestRequest]:
    """The method, the raw path and the rest of the request that botocore sends to a REST service."""
    model = operation_model(service, name)
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"], include_validation=False)
    request = serializer.serialize_to_request(values, model)
    headers = {key.lower().encode(): str(value).encode() for key, value in request["headers"].items()}
    body = request["body"] if isinstance(request["body"], bytes) else request["body"].encode()
    query = percent_encode_sequence(request["query_string"]).encode()
    return request["method"], request["url_path"], RestRequest({}, query, headers, body)


def received(service: str, name: str, body: bytes, status: int = 200) -> dict[str, Any]:
    """What botocore makes of an answer, without its ResponseMetadata where the answer is a success."""
    model = operation_model(service, name)
    parser = botocore.parsers.create_parser(model.metadata["protocol"])
    parsed = parser.parse({"status_code": status, "headers": {}, "body": body}, model.output_shape)
    if status == 200:
        parsed.pop("ResponseMetadata")
    return parsed


def text() -> st.SearchStrategy[str]:
    """Text that XML 1.0 can carry."""
    illegal = [chr(code) for code in range(32) if code not in (9, 10, 13)] + ["\ufffe", "\uffff"]
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters=illegal), max_size=12)


def _leaf(kind: str, *, epoch: bool) -> st.SearchStrategy[Any]:
    moments = st.integers(_LEAST, _MOST)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(-1e9, 1e9),
        "double": st.floats(-1e9, 1e9),
        "boolean": st.booleans(),
        "blob": st.binary(max_size=12),
        "timestamp": moments if epoch else moments.map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    }
    return kinds.get(kind, text())


def values(shape: Any, *, epoch: bool, depth: int = DEPTH) -> st.SearchStrategy[Any]:
    """Values of a botocore shape; `epoch`: times as seconds (our results), otherwise as datetimes (parameters)."""
    if shape.type_name == "structure":
        return structure(shape, epoch=epoch, depth=depth)
    if shape.type_name == "list":
        return st.lists(
            values(shape.member, epoch=epoch, depth=depth - 1), min_size=0 if epoch else 1, max_size=3
        )
    if shape.type_name == "map":
        inner = values(shape.value, epoch=epoch, depth=depth - 1)
        return st.dictionaries(values(shape.key, epoch=epoch), inner, min_size=0 if epoch else 1, max_size=2)
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    return _leaf(shape.type_name, epoch=epoch)


def structure(shape: Any, *, epoch: bool, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    members = {
        name: member
        for name, member in shape.members.items()
        if depth > 0 or member.type_name not in ("structure", "list", "map")
    }
    labels = {
        name: values(member, epoch=epoch).filter(lambda value: value != "")
        for name, member in members.items()
        if member.serialization.get("location") == "uri"
    }
    members = {name: member for name, member in members.items() if name not in labels}
    if getattr(shape, "is_tagged_union", False) and epoch:
        return st.sampled_from(sorted(members)).flatmap(
            lambda name: values(members[name], epoch=epoch, depth=depth - 1).map(lambda item: {name: item})
        )
    drawn = {
        name: st.deferred(lambda m=m: values(m, epoch=epoch, depth=depth - 1)) for name, m in members.items()
    }
    found = st.fixed_dictionaries(labels, optional=drawn)
    return found if epoch else found.map(_without_empty)


def _without_empty(value: dict[str, Any]) -> dict[str, Any]:
    """What is left once the structures and maps that botocore would not send are gone."""
    return {name: item for name, item in value.items() if sendable(item)}


def sendable(item: Any) -> bool:
    if isinstance(item, dict):
        return bool(item) and all(sendable(inner) for inner in item.values())
    if isinstance(item, list):
        return bool(item) and all(sendable(inner) for inner in item)
    return True


def as_received(shape: Any, value: Any) -> Any:
    """A result of ours as botocore shows it: times as datetimes."""
    if shape.type_name == "structure":
        return {name: as_received(shape.members[name], item) for name, item in value.items()}
    if shape.type_name == "list":
        return [as_received(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {name: as_received(shape.value, item) for name, item in value.items()}
    return datetime.fromtimestamp(value, UTC) if shape.type_name == "timestamp" else value


_SAMPLES = {
    "integer": 7,
    "long": 2**40,
    "float": 1.5,
    "double": -2.25,
    "boolean": True,
    "blob": b"\x00\xff",
}


def fullest(shape: Any, *, epoch: bool, depth: int = 6) -> Any:
    """A value that uses every member of the shape, two elements of every list, an entry of every map."""
    kind = shape.type_name
    if kind == "structure":
        found = {
            name: fullest(member, epoch=epoch, depth=depth - 1) for name, member in shape.members.items()
        }
        return {name: item for name, item in found.items() if item is not None and (epoch or sendable(item))}
    if depth <= 0 and kind in ("list", "map"):
        return None
    if kind == "list":
        item = fullest(shape.member, epoch=epoch, depth=depth - 1)
        return None if item is None else [item, item]
    if kind == "map":
        item = fullest(shape.value, epoch=epoch, depth=depth - 1)
        return None if item is None else {"a key": item}
    if kind == "timestamp":
        return 1_795_000_000 if epoch else datetime.fromtimestamp(1_795_000_000, UTC)
    return shape.enum[0] if getattr(shape, "enum", None) else _SAMPLES.get(kind, "a <b> & é")
