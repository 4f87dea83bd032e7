"""Trust anchors: the certificate authorities whose certificates an account's roles may be exchanged for.

An authority is a bundle of certificates. AWS Private CA is another service, which is not offered here, and revocation is
known from imported lists alone. Source: IAM Roles Anywhere API reference, CreateTrustAnchor and its kin.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vestry import limits
from vestry.credentials.authorities import check_authorities
from vestry.directory.anywhere import TrustAnchor
from vestry.errors import ValidationError
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.families import Family, anything, new_id, offer
from vestry.services.rolesanywhere.notifications import merged, notification_shapes, without
from vestry.services.rolesanywhere.tag_rules import passed_tags, request_tags

_BUNDLE = "CERTIFICATE_BUNDLE"


def _shape(anchor: TrustAnchor) -> dict[str, Any]:
    return {
        "trustAnchorId": anchor.id,
        "trustAnchorArn": anchor.arn,
        "name": anchor.name,
        "source": {"sourceType": _BUNDLE, "sourceData": {"x509CertificateData": anchor.certificates}},
        "enabled": anchor.enabled,
        "crlDpRevocationEnabled": False,
        "createdAt": anchor.created,
        "updatedAt": anchor.updated,
        "notificationSettings": notification_shapes(anchor),
    }


ANCHORS = Family(
    "trust-anchor",
    "Trust anchor",
    "trustAnchorId",
    "trustAnchor",
    "trustAnchors",
    lambda anywhere: anywhere.anchors,
    _shape,
)
offer(ANCHORS, "TrustAnchor")


def _certificates(call: Call, present: str) -> str:
    """Return the certificates of parameter source, `present` where it is not given. Raises ValidationError."""
    if call.get("crlDpRevocationEnabled"):
        raise ValidationError(
            "crlDpRevocationEnabled is not supported: Vestry fetches no CRL distribution points. Import the lists with "
            "ImportCrl."
        )
    source = call.get("source")
    if source is None:
        return present
    kind, data = source.get("sourceType"), source.get("sourceData") or {}
    if kind not in (None, _BUNDLE) or data.get("acmPcaArn") is not None:
        raise ValidationError(
            f"The source type {kind or 'AWS_ACM_PCA'} is not supported: Vestry takes a {_BUNDLE} of PEM certificates."
        )
    text = data.get("x509CertificateData")
    if kind is None or text is None:
        raise ValidationError("The source needs a sourceType, and x509CertificateData in its sourceData.")
    check_authorities(text)
    found: str = text
    return found


@operation("rolesanywhere:CreateTrustAnchor", on=anything, keys=(request_tags,), writes=True)
def create_trust_anchor(call: Call) -> Answer:
    """Trust a certificate authority, once the anchor is enabled. Errors: ValidationException, TooManyTagsException."""
    anchor = TrustAnchor(
        account=call.account.id,
        id=new_id(call),
        region=call.region,
        name=call.parameters["name"],
        created=call.now,
        updated=call.now,
        certificates=_certificates(call, ""),
        enabled=call.get("enabled", False),
        notifications=merged((), call.get("notificationSettings") or ()),
        alias=ANCHORS.check_alias(call),
        tags=passed_tags(call),
    )
    ANCHORS.check_quota(call, limits.TRUST_ANCHORS)
    call.put(anchor)
    return ANCHORS.answer(anchor)


@operation("rolesanywhere:UpdateTrustAnchor", on=ANCHORS.named, writes=True)
def update_trust_anchor(call: Call) -> Answer:
    """Change a trust anchor in what is given. Errors: ResourceNotFoundException, ValidationException."""
    anchor: TrustAnchor = ANCHORS.the(call)
    changed = msgspec.structs.replace(
        anchor,
        name=call.get("name", anchor.name),
        certificates=_certificates(call, anchor.certificates),
        alias=ANCHORS.check_alias(call, anchor),
        updated=call.now,
    )
    call.put(changed, replacing=anchor)
    return ANCHORS.answer(changed, anchor.alias if anchor.alias != changed.alias else "")


@operation("rolesanywhere:PutNotificationSettings", on=ANCHORS.named, writes=True)
def put_notification_settings(call: Call) -> Answer:
    """Customize notification settings. Errors: ResourceNotFoundException, ValidationException."""
    anchor: TrustAnchor = ANCHORS.the(call)
    settings = merged(anchor.notifications, call.parameters["notificationSettings"])
    changed = msgspec.structs.replace(anchor, notifications=settings, updated=call.now)
    call.put(changed, replacing=anchor)
    return ANCHORS.answer(changed)


@operation("rolesanywhere:ResetNotificationSettings", on=ANCHORS.named, writes=True)
def reset_notification_settings(call: Call) -> Answer:
    """Set notification settings back to their defaults. Errors: ResourceNotFoundException."""
    anchor: TrustAnchor = ANCHORS.the(call)
    settings = without(anchor.notifications, call.parameters["notificationSettingKeys"])
    changed = msgspec.structs.replace(anchor, notifications=settings, updated=call.now)
    call.put(changed, replacing=anchor)
    return ANCHORS.answer(changed)
