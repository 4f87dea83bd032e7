"""Attribute mappings of a profile: which attributes of a certificate become tags of its sessions.

Source: IAM Roles Anywhere User Guide, "Certificate attribute mapping"; API reference, PutAttributeMapping and
DeleteAttributeMapping.
"""

from __future__ import annotations

import msgspec

from vestry.credentials.certificate_names import checked_specifier
from vestry.directory.anywhere import AnywhereProfile
from vestry.errors import ValidationError
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.profiles import PROFILES


@operation("rolesanywhere:PutAttributeMapping", on=PROFILES.named, writes=True)
def put_attribute_mapping(call: Call) -> Answer:
    """Set the rules of one certificate field, in the place of those it had.

    Errors: ResourceNotFoundException, ValidationException.
    """
    profile: AnywhereProfile = PROFILES.the(call)
    field = call.parameters["certificateField"]
    rules = [checked_specifier(field, rule["specifier"]) for rule in call.parameters["mappingRules"]]
    return _with(call, profile, field, tuple(dict.fromkeys(rules)))


@operation("rolesanywhere:DeleteAttributeMapping", on=PROFILES.named, writes=True)
def delete_attribute_mapping(call: Call) -> Answer:
    """Delete rules of one certificate field; all of them where none is named.

    Errors: ResourceNotFoundException, ValidationException.
    """
    profile: AnywhereProfile = PROFILES.the(call)
    field = call.parameters["certificateField"]
    present = dict(profile.mappings).get(field, ())
    named = [checked_specifier(field, one) for one in call.get("specifiers") or present]
    missing = [one for one in named if one not in present]
    if missing:
        raise ValidationError(f"The profile has no mapping rule for {field} with the specifier {missing[0]}.")
    return _with(call, profile, field, tuple(one for one in present if one not in named))


def _with(call: Call, profile: AnywhereProfile, field: str, rules: tuple[str, ...]) -> Answer:
    mappings = dict(profile.mappings) | {field: rules}
    kept = tuple(sorted((one, specifiers) for one, specifiers in mappings.items() if specifiers))
    changed = msgspec.structs.replace(profile, mappings=kept, updated=call.now)
    call.put(changed, replacing=profile)
    return PROFILES.answer(changed)
