"""Metadata options: what a launch begins with, what a change leaves, and how answers show them.

Source: EC2 User Guide, "Order of precedence for instance metadata options": the request, then the account's defaults
in the region, then EC2's own. An image has no say here: images are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vestry.directory.machines import MetadataDefaults, MetadataOptions
from vestry.errors import InvalidParameterValue, UnsupportedParameter

_HOPS = range(1, 65)

#: Parameter -> field of MetadataOptions.
FIELDS = {
    "HttpTokens": "tokens",
    "HttpPutResponseHopLimit": "hop_limit",
    "HttpEndpoint": "endpoint",
    "HttpProtocolIpv6": "ipv6",
    "InstanceMetadataTags": "tags",
}


def launch_options(given: Mapping[str, Any], defaults: MetadataDefaults | None) -> MetadataOptions:
    """Return the options of new instances. Raises InvalidParameterValue, and UnsupportedOperation for IMDSv1 where
    the account enforces tokens."""
    options = MetadataOptions()
    if defaults is not None:
        preferred = {
            "tokens": defaults.tokens,
            "hop_limit": defaults.hop_limit,
            "endpoint": defaults.endpoint,
            "tags": defaults.tags,
        }
        options = msgspec.structs.replace(
            options, **{name: value for name, value in preferred.items() if value}
        )
    options = changed(options, given)
    if defaults is not None and defaults.enforced == "enabled" and options.tokens != "required":
        raise UnsupportedParameter(
            "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. Either launch "
            "the instance with httpTokens=required or contact your account owner to disable httpTokensEnforced using the "
            "ModifyInstanceMetadataDefaults API or the account settings in the EC2 console.",
            hint="Launch with HttpTokens=required, or take HttpTokensEnforced off with ModifyInstanceMetadataDefaults.",
        )
    return options


def changed(options: MetadataOptions, given: Mapping[str, Any]) -> MetadataOptions:
    """Return `options` with what is given in its place. Raises InvalidParameterValue for a hop limit out of range."""
    values = {field: given[name] for name, field in FIELDS.items() if given.get(name) is not None}
    check_hops(values.get("hop_limit", 1))
    return msgspec.structs.replace(options, **values)


def check_hops(limit: int) -> None:
    """Raise InvalidParameterValue for a hop limit that is not between 1 and 64."""
    if limit not in _HOPS:
        raise InvalidParameterValue(
            f"Value ({limit}) for parameter HttpPutResponseHopLimit is invalid. "
            "The hop limit must be an integer from 1 to 64."
        )


def options_shape(options: MetadataOptions, state: str) -> dict[str, Any]:
    """Return options in the model's shape; `state` is `pending` or `applied`."""
    return {"State": state} | {name: getattr(options, field) for name, field in FIELDS.items()}
