"""Profiles: which roles certificates may be exchanged for, and what bounds those sessions.

Naming a role in a profile hands it to IAM Roles Anywhere, which needs `iam:PassRole`.
Source: IAM Roles Anywhere API reference, CreateProfile and its kin; User Guide, "Troubleshooting" (iam:PassRole).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from vestry import limits
from vestry.access.context import Question
from vestry.access.declaration import Ask, Resource
from vestry.arn import role_account
from vestry.directory.anywhere import AnywhereProfile
from vestry.errors import MalformedPolicyDocument, ValidationError
from vestry.policy.document import DocumentKind, parse_document
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.families import Family, anything, new_id, offer
from vestry.services.rolesanywhere.tag_rules import passed_tags, request_tags

SERVICE = "rolesanywhere.amazonaws.com"


def mapping_shapes(profile: AnywhereProfile) -> list[dict[str, Any]]:
    """Return the attribute mappings of a profile."""
    return [
        {"certificateField": field, "mappingRules": [{"specifier": one} for one in specifiers]}
        for field, specifiers in profile.mappings
    ]


def _shape(profile: AnywhereProfile) -> dict[str, Any]:
    shape = {
        "profileId": profile.id,
        "profileArn": profile.arn,
        "name": profile.name,
        "requireInstanceProperties": profile.wants_properties,
        "enabled": profile.enabled,
        "createdBy": profile.account,
        "roleArns": list(profile.roles),
        "managedPolicyArns": list(profile.managed),
        "createdAt": profile.created,
        "updatedAt": profile.updated,
        "durationSeconds": profile.duration,
        "acceptRoleSessionName": profile.accepts_name,
        "attributeMappings": mapping_shapes(profile),
    }
    return shape | ({"sessionPolicy": profile.policy} if profile.policy else {})


PROFILES = Family(
    "profile",
    "Profile",
    "profileId",
    "profile",
    "profiles",
    lambda anywhere: anywhere.profiles,
    _shape,
)
offer(PROFILES, "Profile")


def _handed_over(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Ask `iam:PassRole` for each role that the request names, existing or not."""
    for arn in dict.fromkeys(ask.parameters.get("roleArns") or ()):
        account = role_account(arn)
        if account == resource.account:
            yield Question("iam:PassRole", arn, arn, account, {"iam:passedtoservice": SERVICE})


def _roles(call: Call, present: tuple[str, ...]) -> tuple[str, ...]:
    arns = tuple(dict.fromkeys(call.get("roleArns", present)))
    for arn in arns:
        if role_account(arn) != call.account.id:
            raise ValidationError(f"{arn} is not the ARN of a role in this account.")
    return arns


def _policy(call: Call, present: str) -> str:
    text: str = call.get("sessionPolicy", present)
    if text and text != present:
        try:
            parse_document(text, DocumentKind.SESSION)
        except MalformedPolicyDocument as fault:
            raise ValidationError(f"The session policy is not valid: {fault.message}") from None
    return text


@operation(
    "rolesanywhere:CreateProfile", on=anything, keys=(request_tags,), more=(_handed_over,), writes=True
)
def create_profile(call: Call) -> Answer:
    """Make a profile, which gives sessions once it is enabled. Errors: ValidationException, TooManyTagsException."""
    profile = AnywhereProfile(
        account=call.account.id,
        id=new_id(call),
        region=call.region,
        name=call.parameters["name"],
        created=call.now,
        updated=call.now,
        roles=_roles(call, ()),
        managed=tuple(call.get("managedPolicyArns") or ()),
        policy=_policy(call, ""),
        duration=call.get("durationSeconds", limits.DEFAULT_SESSION),
        enabled=call.get("enabled", False),
        accepts_name=call.get("acceptRoleSessionName", False),
        wants_properties=call.get("requireInstanceProperties", False),
        alias=PROFILES.check_alias(call),
        tags=passed_tags(call),
    )
    PROFILES.check_quota(call, limits.ANYWHERE_PROFILES)
    call.put(profile)
    return PROFILES.answer(profile)


@operation("rolesanywhere:UpdateProfile", on=PROFILES.named, more=(_handed_over,), writes=True)
def update_profile(call: Call) -> Answer:
    """Change a profile in what is given. Errors: ResourceNotFoundException, ValidationException."""
    profile: AnywhereProfile = PROFILES.the(call)
    changed = msgspec.structs.replace(
        profile,
        name=call.get("name", profile.name),
        roles=_roles(call, profile.roles),
        managed=tuple(call.get("managedPolicyArns", profile.managed)),
        policy=_policy(call, profile.policy),
        duration=call.get("durationSeconds", profile.duration),
        accepts_name=call.get("acceptRoleSessionName", profile.accepts_name),
        alias=PROFILES.check_alias(call, profile),
        updated=call.now,
    )
    call.put(changed, replacing=profile)
    return PROFILES.answer(changed, profile.alias if profile.alias != changed.alias else "")
