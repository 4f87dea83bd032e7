"""Notification settings of a trust anchor. They are kept and told; Vestry has nobody to notify, and notifies nobody.

Source: IAM Roles Anywhere API reference, NotificationSetting; User Guide, "Customize notification settings".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vestry.directory.anywhere import Notification, TrustAnchor
from vestry.errors import ValidationError

_EVENTS = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
_DEFAULT_DAYS = 45


def merged(
    present: tuple[Notification, ...], passed: Iterable[Mapping[str, Any]]
) -> tuple[Notification, ...]:
    """Return settings with those that are passed in the place of their namesakes (event and channel).

    Raises ValidationError for an enabled one without a threshold, and for two of one event and channel.
    """
    new = [
        Notification(one["event"], one["enabled"], one.get("threshold", 0), one.get("channel", "ALL"))
        for one in passed
    ]
    names = [(one.event, one.channel) for one in new]
    if len(set(names)) < len(names):
        raise ValidationError("A notification setting is given twice for one event and channel.")
    if any(one.enabled and not one.threshold for one in new):
        raise ValidationError("An enabled notification setting needs a threshold.")
    kept = (one for one in present if (one.event, one.channel) not in names)
    return tuple(sorted([*kept, *new], key=lambda one: (one.event, one.channel)))


def without(present: tuple[Notification, ...], keys: Iterable[Mapping[str, Any]]) -> tuple[Notification, ...]:
    """Return settings without those that are named by event and channel."""
    names = {(one["event"], one.get("channel", "ALL")) for one in keys}
    return tuple(one for one in present if (one.event, one.channel) not in names)


def notification_shapes(anchor: TrustAnchor) -> list[dict[str, Any]]:
    """Return every setting of a trust anchor, customized or default."""
    customized = {one.event: one for one in anchor.notifications}
    return [
        _customized(customized[event], anchor.account) if event in customized else _default(event)
        for event in _EVENTS
    ]


def _customized(one: Notification, account: str) -> dict[str, Any]:
    shape = {"event": one.event, "enabled": one.enabled, "channel": one.channel, "configuredBy": account}
    return shape | ({"threshold": one.threshold} if one.threshold else {})


def _default(event: str) -> dict[str, Any]:
    return {
        "event": event,
        "enabled": True,
        "threshold": _DEFAULT_DAYS,
        "channel": "ALL",
        "configuredBy": "rolesanywhere.amazonaws.com",
    }
