"""Print as JSON every property that `ec2-metadata` offers, found by looking at its classes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import ec2_metadata


def plain(value: Any) -> Any:
    """Return a value as JSON has it; objects of the library become their properties."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if type(value).__module__ == ec2_metadata.__name__:
        return properties(value)
    return value


def properties(thing: Any) -> dict[str, Any]:
    """Return each property of an object, or the text of the error that reading it raises."""
    found = {}
    for name in dir(type(thing)):
        if isinstance(getattr(type(thing), name), property | cached_property):
            try:
                found[name] = plain(getattr(thing, name))
            except Exception as error:  # noqa: BLE001 - the error is what is looked at
                found[name] = f"{type(error).__name__}: {error}"
    return found


print(json.dumps(properties(ec2_metadata.ec2_metadata)))
