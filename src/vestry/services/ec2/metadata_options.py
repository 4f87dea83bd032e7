"""Metadata options of an instance, and the defaults that launches begin with in a region of the account.

Source: EC2 API reference, ModifyInstanceMetadataOptions, ModifyInstanceMetadataDefaults, GetInstanceMetadataDefaults;
EC2 User Guide, "Configure the instance metadata options". A change is in force when it is answered, although the
answer says `pending`, as EC2's does.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vestry.access.declaration import Ask
from vestry.directory.machines import RUNNING, STOPPED, MetadataDefaults
from vestry.errors import InvalidParameterCombination, UnsupportedParameter
from vestry.policy.request import Value
from vestry.services.ec2 import resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.lookups import check_state, the_instance
from vestry.services.ec2.metadata_settings import FIELDS, changed, check_hops, options_shape
from vestry.services.ec2.tag_rules import check_all_tags
from vestry.services.operation import Answer, Call

#: Parameter of the account's defaults -> field of MetadataDefaults.
DEFAULTS = {
    "HttpTokens": "tokens",
    "HttpPutResponseHopLimit": "hop_limit",
    "HttpEndpoint": "endpoint",
    "InstanceMetadataTags": "tags",
    "HttpTokensEnforced": "enforced",
}
_NO_PREFERENCE = "no-preference"


def _attributes(ask: Ask) -> Mapping[str, Value]:
    """`ec2:Attribute/NAME` of each option that would be set."""
    given = {name: ask.parameters[name] for name in {**FIELDS, **DEFAULTS} if name in ask.parameters}
    return {f"ec2:attribute/{name.lower()}": str(value) for name, value in given.items()}


@ec2_operation(
    "ec2:ModifyInstanceMetadataOptions",
    on=resources.instance_named,
    keys=(resources.named_keys, _attributes),
    writes=True,
)
def modify_options(call: Call) -> Answer:
    """Change how an instance's metadata is served; what is not given stays.

    Errors: InvalidParameterCombination (nothing given), InvalidParameterValue, IncorrectInstanceState,
    UnsupportedOperation (IMDSv1 where the account enforces tokens).
    """
    if not any(call.get(name) is not None for name in FIELDS):
        raise InvalidParameterCombination("No attributes specified.")
    instance = the_instance(call)
    check_state(instance, RUNNING, STOPPED)
    options = changed(instance.options, call.parameters)
    defaults = call.account.metadata_defaults.get(call.region)
    if call.get("HttpTokens") == "optional" and defaults is not None and defaults.enforced == "enabled":
        raise UnsupportedParameter(
            "You can't set httpTokens to 'optional' because httpTokensEnforced is enabled for this account.",
            hint="Take HttpTokensEnforced off with ModifyInstanceMetadataDefaults first.",
        )
    check_all_tags(instance.tags, in_metadata=options.tags == "enabled")
    call.put(msgspec.structs.replace(instance, options=options), replacing=instance)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": options_shape(options, "pending")}


@ec2_operation(
    "ec2:ModifyInstanceMetadataDefaults",
    on=resources.everything,
    keys=(resources.region_key, _attributes),
    writes=True,
)
def modify_defaults(call: Call) -> Answer:
    """Change what launches in this region begin with; `no-preference` and -1 leave it to EC2. Errors: InvalidParameterValue."""
    given = {field: call.get(name) for name, field in DEFAULTS.items() if call.get(name) is not None}
    if not given:
        raise InvalidParameterCombination("No attributes specified.")
    limit = given.get("hop_limit", -1)
    if limit != -1:
        check_hops(limit)
    preferred = {
        field: type(value)() if value in (_NO_PREFERENCE, -1) else value for field, value in given.items()
    }
    present = call.account.metadata_defaults.get(call.region)
    defaults = present if present is not None else MetadataDefaults(call.account.id, call.region)
    call.put(msgspec.structs.replace(defaults, **preferred), replacing=present)
    return {"Return": True}


@ec2_operation("ec2:GetInstanceMetadataDefaults", on=resources.everything, keys=(resources.region_key,))
def get_defaults(call: Call) -> Answer:
    """Return what launches in this region begin with, as far as the account prefers anything."""
    defaults = call.account.metadata_defaults.get(call.region)
    if defaults is None:
        return {"AccountLevel": {}}
    preferred = {name: getattr(defaults, field) or None for name, field in DEFAULTS.items()}
    managed = "account" if any(preferred.values()) else None
    return {"AccountLevel": preferred | {"ManagedBy": managed}}
