"""Certificate revocation lists, imported for a trust anchor.

Source: IAM Roles Anywhere API reference, ImportCrl and UpdateCrl; User Guide, "Revocation".
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry import limits
from vestry.credentials.authorities import check_list
from vestry.directory.anywhere import RevocationList, TrustAnchor, anywhere_arn
from vestry.errors import ValidationError
from vestry.errors.rolesanywhere import ResourceNotFound
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.families import Family, anything, new_id, offer
from vestry.services.rolesanywhere.tag_rules import passed_tags, request_tags


def _shape(found: RevocationList) -> dict[str, Any]:
    return {
        "crlId": found.id,
        "crlArn": found.arn,
        "name": found.name,
        "enabled": found.enabled,
        "crlData": found.data,
        "trustAnchorArn": anywhere_arn(found.region, found.account, "trust-anchor", found.anchor),
        "createdAt": found.created,
        "updatedAt": found.updated,
    }


LISTS = Family("crl", "CRL", "crlId", "crl", "crls", lambda anywhere: anywhere.lists, _shape)
offer(LISTS, "Crl")


@operation("rolesanywhere:ImportCrl", on=anything, keys=(request_tags,), writes=True)
def import_crl(call: Call) -> Answer:
    """Import a revocation list, which counts once it is enabled.

    Errors: ResourceNotFoundException, ValidationException, TooManyTagsException.
    """
    arn = call.parameters["trustAnchorArn"]
    anchor = call.account.anywhere.anchors.get(arn.rpartition("/")[2])
    if anchor is None or anchor.arn != arn or anchor.region != call.region:
        raise ResourceNotFound(f"Trust anchor {arn} not found.")
    check_list(call.parameters["crlData"], anchor.certificates)
    if len(call.account.anywhere.lists_of(anchor)) >= limits.REVOCATION_LISTS_PER_ANCHOR:
        quota = limits.REVOCATION_LISTS_PER_ANCHOR
        raise ValidationError(f"The quota of {quota} CRLs for a trust anchor has been reached.")
    found = RevocationList(
        account=call.account.id,
        id=new_id(call),
        region=call.region,
        name=call.parameters["name"],
        created=call.now,
        updated=call.now,
        anchor=anchor.id,
        data=call.parameters["crlData"],
        enabled=call.get("enabled", False),
        alias=LISTS.check_alias(call),
        tags=passed_tags(call),
    )
    call.put(found)
    return LISTS.answer(found)


@operation("rolesanywhere:UpdateCrl", on=LISTS.named, writes=True)
def update_crl(call: Call) -> Answer:
    """Change a revocation list in what is given. Errors: ResourceNotFoundException, ValidationException."""
    found: RevocationList = LISTS.the(call)
    data = call.get("crlData", found.data)
    anchor: TrustAnchor | None = call.account.anywhere.anchors.get(found.anchor)
    if data != found.data:
        check_list(data, "" if anchor is None else anchor.certificates)
    changed = msgspec.structs.replace(
        found,
        name=call.get("name", found.name),
        data=data,
        alias=LISTS.check_alias(call, found),
        updated=call.now,
    )
    call.put(changed, replacing=found)
    return LISTS.answer(changed, found.alias if found.alias != changed.alias else "")
