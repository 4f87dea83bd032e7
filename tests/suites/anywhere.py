"""What the suites know of IAM Roles Anywhere: one of every shape, and what operations could do to them."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from vestry.directory.anywhere import (
    AnywhereProfile,
    Notification,
    RevocationList,
    SeenCertificate,
    Subject,
    TrustAnchor,
)
from vestry.directory.draft import Draft
from vestry.directory.entities import Entity
from vestry.directory.snapshot import Account

_PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(8)]


def every_anywhere(one: str, two: str) -> tuple[Entity, ...]:
    """Return each kind of entity twice: with all its fields, in account `one`, and with as few as possible, in `two`."""
    here, there = "eu-west-1", "us-east-1"
    return (
        TrustAnchor(
            one,
            IDS[0],
            here,
            "root",
            1_790_000_040,
            1_790_000_041,
            _PEM,
            True,
            (Notification("CA_CERTIFICATE_EXPIRY", False, 30), Notification("X", True, 0, "Y")),
            "prod/root",
            (("k", "v"),),
        ),
        TrustAnchor(two, IDS[1], there, "least", 1, 1, ""),
        AnywhereProfile(
            one,
            IDS[2],
            here,
            "app",
            1_790_000_042,
            1_790_000_043,
            (f"arn:aws:iam::{one}:role/service/UpdateApp",),
            (f"arn:aws:iam::{one}:policy/team/Readers",),
            '{"Version":"2012-10-17"}',
            43_200,
            True,
            True,
            True,
            (("x509Subject", ("CN", "OU")),),
            "prod",
            (("k", "v"),),
        ),
        AnywhereProfile(two, IDS[3], there, "least", 1, 1, ()),
        RevocationList(
            one,
            IDS[4],
            here,
            "revoked",
            1_790_000_044,
            1_790_000_045,
            IDS[0],
            b"\x00crl\xff",
            True,
            "l",
            (("k", ""),),
        ),
        RevocationList(two, IDS[5], there, "least", 1, 1, IDS[1], b""),
        Subject(
            one,
            here,
            "CN=größe",
            1_790_000_046,
            1_790_000_047,
            (
                SeenCertificate("12", "CN=root", 1_790_000_047, _PEM, True, (("host", "a"),)),
                SeenCertificate("11", "CN=root", 1_790_000_046, _PEM),
            ),
        ),
        Subject(two, there, "CN=least", 1, 1, ()),
    )


def live_anywhere(draft: Draft, account: Account, first: int, second: int) -> None:
    """Do one thing to what an account has of Roles Anywhere; the numbers choose what and how."""
    identifier = str(uuid.UUID(int=second % 3))
    held = account.anywhere
    if first % 4 == 0:
        anchor = held.anchors.get(identifier)
        made = TrustAnchor(account.id, identifier, "us-east-1", "n", 1, second, "")
        _one(draft, anchor, made if anchor is None else replace(anchor, updated=second), second)
    elif first % 4 == 1:
        profile = held.profiles.get(identifier)
        new = AnywhereProfile(account.id, identifier, "us-east-1", "n", 1, second, ())
        _one(
            draft, profile, new if profile is None else replace(profile, enabled=not profile.enabled), second
        )
    elif first % 4 == 2:
        found = held.lists.get(identifier)
        fresh = RevocationList(account.id, identifier, "us-east-1", "n", 1, 1, identifier, b"")
        _one(draft, found, fresh if found is None else replace(found, data=bytes([second % 256])), second)
    else:
        subject = Subject(account.id, "us-east-1", identifier, 1, second, ())
        _one(draft, held.subjects.get(subject.id), subject, second)


def _one(draft: Draft, present: Entity | None, new: Entity, second: int) -> None:
    if present is not None and second % 4 == 0:
        draft.remove(present)
    else:
        draft.put(new, replacing=present)
