"""Virtual MFA devices: their seeds and pictures, who has one, and what AWS says when something is wrong."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import segno

from authenticator import Authenticator
from places import Place, allowed, document, refusal, statement, tags
from serving import Server
from vestry import limits

INVALID_CODE = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")


@pytest.fixture(autouse=True)
def the_clock_is_set_right_again(server: Server) -> Iterator[None]:
    yield
    vars(server.clock).pop("wall", None)


def missing(serial: str) -> tuple[int, str, str]:
    """The refusal of a serial number."""
    return 404, "NoSuchEntity", f"MFA Device with serial number {serial} does not exist."


def pixels(png: bytes) -> list[list[int]]:
    """Return the rows of a one-bit grey-scale PNG: 1 is white."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    data, place = b"", 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        place += 12 + size
    raw, line = zlib.decompress(data), (width + 7) // 8
    row, found = bytes(line), []
    for start in range(0, height * (line + 1), line + 1):
        method, stored = raw[start], raw[start + 1 : start + 1 + line]
        assert method in (0, 2), "as it is, or as what differs from the row above"
        row = bytes((new + old * (method == 2)) & 255 for new, old in zip(stored, row, strict=True))
        found.append([row[x // 8] >> (7 - x % 8) & 1 for x in range(width)])
    return found


def test_a_device_is_made_with_a_seed_and_a_picture_of_it(place: Place) -> None:
    device = Authenticator(place, "casey", Path="/team/")
    assert device.serial == place.arn("mfa/team/casey")
    assert len(device.seed) == 64
    alias = place.iam.get_user()["User"]["UserName"]
    expected = segno.make_qr(f"otpauth://totp/casey@{alias}?secret={device.seed}")
    found = pixels(device.picture)
    wide = expected.symbol_size(scale=1)[0]
    scale = len(found) // wide
    drawn = [[1 - cell for cell in row] for row in expected.matrix_iter(scale=1)]
    assert [[found[y * scale][x * scale] for x in range(wide)] for y in range(wide)] == drawn


def test_every_seed_is_another_and_no_listing_shows_one(place: Place) -> None:
    first, second = Authenticator(place, "one"), Authenticator(place, "two")
    assert first.seed != second.seed
    shown = str(place.iam.list_virtual_mfa_devices())
    assert first.seed not in shown
    assert first.seed.encode() not in b"".join(
        path.read_bytes() for path in place.server.data.glob("vestry.db*")
    ), "a seed is sealed at rest"


def test_a_name_is_given_once_in_a_path(place: Place) -> None:
    Authenticator(place, "casey")
    Authenticator(place, "casey", Path="/team/")
    assert refusal(place.iam.create_virtual_mfa_device, VirtualMFADeviceName="casey") == (
        409,
        "EntityAlreadyExists",
        "MFADevice entity at the same path and name already exists.",
    )


def test_a_serial_number_has_a_length_that_can_be_named(place: Place) -> None:
    longest = 256 - len(place.arn("mfa/"))
    Authenticator(place, "x" * longest)
    status, code, message = refusal(
        place.iam.create_virtual_mfa_device, VirtualMFADeviceName="y" * (longest + 1)
    )
    assert (status, code) == (400, "ValidationError")
    assert message.endswith(f"Member must have length less than or equal to {longest}")


def test_there_are_as_many_devices_as_users(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MFA_DEVICES_PER_ACCOUNT", 1)
    Authenticator(place, "one")
    assert refusal(place.iam.create_virtual_mfa_device, VirtualMFADeviceName="two") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for MFADevicesPerAccount: 1",
    )


def test_a_device_is_assigned_by_two_consecutive_codes(place: Place) -> None:
    place.user("casey")
    device = Authenticator(place, "casey")
    device.enable("casey")
    (listed,) = place.iam.list_mfa_devices(UserName="casey")["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == ("casey", device.serial)
    shown = place.iam.get_mfa_device(UserName="casey", SerialNumber=device.serial)
    assert shown["EnableDate"] == listed["EnableDate"]
    (virtual,) = place.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert virtual["User"]["Arn"] == place.arn("user/casey")
    assert virtual["EnableDate"] == listed["EnableDate"]


def test_codes_that_do_not_follow_each_other_assign_nothing(place: Place) -> None:
    place.user("casey")
    device = Authenticator(place, "casey")
    right = device.pair()
    wrong = [
        {"AuthenticationCode1": device.code(0), "AuthenticationCode2": device.code(-1)},
        {"AuthenticationCode1": device.code(0), "AuthenticationCode2": device.code(0)},
        {"AuthenticationCode1": device.wrong(), "AuthenticationCode2": right["AuthenticationCode2"]},
        {"AuthenticationCode1": right["AuthenticationCode1"], "AuthenticationCode2": device.wrong()},
        device.pair(25),
        device.pair(-25),
    ]
    for codes in wrong:
        found = refusal(place.iam.enable_mfa_device, UserName="casey", SerialNumber=device.serial, **codes)
        assert found == INVALID_CODE
    assert not place.iam.list_mfa_devices(UserName="casey")["MFADevices"]


def test_a_device_has_one_owner_and_an_owner_eight_devices(place: Place) -> None:
    place.user("casey")
    place.user("ann")
    devices = [Authenticator(place, f"d{number}") for number in range(9)]
    for device in devices[:8]:
        device.enable("casey")
    taken = refusal(
        place.iam.enable_mfa_device, UserName="ann", SerialNumber=devices[0].serial, **devices[0].pair(2)
    )
    assert taken == (409, "EntityAlreadyExists", "MFA Device is already in use.")
    full = refusal(
        place.iam.enable_mfa_device, UserName="casey", SerialNumber=devices[8].serial, **devices[8].pair()
    )
    assert full == (409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8")
    devices[8].enable("ann")


def test_what_is_not_there_is_missed(place: Place) -> None:
    place.user("casey")
    place.user("ann")
    serial = place.arn("mfa/none")
    codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}
    iam = place.iam
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial) == missing(serial)
    assert refusal(iam.enable_mfa_device, UserName="casey", SerialNumber=serial, **codes) == missing(serial)
    assert refusal(iam.list_mfa_device_tags, SerialNumber=serial) == missing(serial)
    device = Authenticator(place, "ann")
    device.enable("ann")
    for call in (iam.deactivate_mfa_device, iam.get_mfa_device):
        assert refusal(call, UserName="casey", SerialNumber=device.serial) == missing(device.serial)
    resync = refusal(iam.resync_mfa_device, UserName="casey", SerialNumber=device.serial, **device.pair(2))
    assert resync == missing(device.serial)
    nobody = (404, "NoSuchEntity", "The user with name nobody cannot be found.")
    assert refusal(iam.list_mfa_devices, UserName="nobody") == nobody


def test_a_device_in_use_is_not_deleted_and_holds_its_user(place: Place) -> None:
    place.iam.create_user(UserName="casey")
    device = Authenticator(place, "casey")
    device.enable("casey")
    used = refusal(place.iam.delete_virtual_mfa_device, SerialNumber=device.serial)
    assert used == (409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    held = refusal(place.iam.delete_user, UserName="casey")
    assert held == (409, "DeleteConflict", "Cannot delete entity, must delete MFA device first.")
    place.iam.deactivate_mfa_device(UserName="casey", SerialNumber=device.serial)
    (free,) = place.iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert free == {"SerialNumber": device.serial}
    place.iam.delete_user(UserName="casey")
    place.iam.delete_virtual_mfa_device(SerialNumber=device.serial)
    assert not place.iam.list_virtual_mfa_devices()["VirtualMFADevices"]


def test_a_device_stays_with_a_user_who_is_renamed(place: Place) -> None:
    place.user("casey")
    device = Authenticator(place, "casey")
    device.enable("casey")
    place.iam.update_user(UserName="casey", NewUserName="carol")
    (listed,) = place.iam.list_mfa_devices(UserName="carol")["MFADevices"]
    assert listed["UserName"] == "carol"


def test_used_codes_do_not_assign_again(place: Place) -> None:
    place.user("casey")
    device = Authenticator(place, "casey")
    codes = device.pair()
    device.enable("casey")
    place.iam.deactivate_mfa_device(UserName="casey", SerialNumber=device.serial)
    again = refusal(place.iam.enable_mfa_device, UserName="casey", SerialNumber=device.serial, **codes)
    assert again == INVALID_CODE
    place.iam.enable_mfa_device(UserName="casey", SerialNumber=device.serial, **device.pair(2))


def test_the_root_user_has_devices_of_its_own(place: Place) -> None:
    alias = place.iam.get_user()["User"]["UserName"]
    devices = [Authenticator(place, name) for name in ("one", "two")]
    for device, name in zip(devices, ("root", alias), strict=True):
        device.enable(name)
    listed = place.iam.list_mfa_devices()["MFADevices"]
    assert [row["SerialNumber"] for row in listed] == [device.serial for device in devices]
    (first, _) = place.iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert first["User"]["Arn"] == place.arn("root")
    place.iam.deactivate_mfa_device(SerialNumber=devices[0].serial)
    assert len(place.iam.list_mfa_devices()["MFADevices"]) == 1


def test_nobody_else_is_root_by_that_name(place: Place) -> None:
    iam = place.client("iam", place.user("casey", statement("Allow", "*")))
    assert refusal(iam.list_mfa_devices, UserName="root") == (
        404,
        "NoSuchEntity",
        "The user with name root cannot be found.",
    )


def test_a_user_named_root_comes_before_the_root_user(place: Place) -> None:
    place.user("root")
    device = Authenticator(place, "d")
    device.enable("root")
    assert not place.iam.list_mfa_devices()["MFADevices"]
    assert place.iam.list_mfa_devices(UserName="root")["MFADevices"]


def test_users_manage_their_own(place: Place) -> None:
    own = [
        statement(
            "Allow",
            ["iam:EnableMFADevice", "iam:DeactivateMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"],
            "arn:aws:iam::*:user/${aws:username}",
        ),
        statement(
            "Allow",
            ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "arn:aws:iam::*:mfa/${aws:username}",
        ),
    ]
    iam = place.client("iam", place.user("casey", *own))
    place.user("ann")
    theirs, other = Authenticator(place, "casey"), Authenticator(place, "ann")
    assert allowed(iam.enable_mfa_device, UserName="casey", SerialNumber=theirs.serial, **theirs.pair())
    assert iam.list_mfa_devices()["MFADevices"][0]["SerialNumber"] == theirs.serial
    assert not allowed(iam.enable_mfa_device, UserName="ann", SerialNumber=other.serial, **other.pair())
    denied = refusal(iam.delete_virtual_mfa_device, SerialNumber=other.serial)
    assert denied == (
        403,
        "AccessDenied",
        f"User: {place.arn('user/casey')} is not authorized to perform: iam:DeleteVirtualMFADevice on resource: "
        f"{other.serial} because no identity-based policy allows the iam:DeleteVirtualMFADevice action",
    )
    assert allowed(iam.deactivate_mfa_device, SerialNumber=theirs.serial)
    assert allowed(iam.delete_virtual_mfa_device, SerialNumber=theirs.serial)


def test_a_role_has_no_devices_of_its_own(place: Place) -> None:
    casey = place.user("casey", statement("Allow", "*"))
    role = place.role("work")
    place.iam.put_role_policy(RoleName="work", PolicyName="p", PolicyDocument=document())
    keys = place.client("sts", casey).assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    found = refusal(place.client("iam", keys).list_mfa_devices)
    assert found == (400, "ValidationError", "Must specify userName when calling with non-User credentials")


def test_tags_of_devices(place: Place) -> None:
    device = Authenticator(place, "casey", Tags=tags(team="red"))
    iam = place.iam
    iam.tag_mfa_device(SerialNumber=device.serial, Tags=tags(site="a", Team="blue"))
    iam.untag_mfa_device(SerialNumber=device.serial, TagKeys=["site"])
    shown: list[Any] = iam.list_mfa_device_tags(SerialNumber=device.serial)["Tags"]
    assert shown == [{"Key": "Team", "Value": "blue"}, {"Key": "team", "Value": "red"}], (
        "case tells keys apart"
    )
    iam.untag_mfa_device(SerialNumber=device.serial, TagKeys=["Team"])
    red = statement(
        "Allow", "iam:DeleteVirtualMFADevice", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}
    )
    plain = Authenticator(place, "plain")
    casey = place.client("iam", place.user("casey", red))
    assert not allowed(casey.delete_virtual_mfa_device, SerialNumber=plain.serial)
    assert allowed(casey.delete_virtual_mfa_device, SerialNumber=device.serial)


def test_a_device_is_made_with_tags_whose_keys_case_tells_apart(place: Place) -> None:
    create = place.iam.create_virtual_mfa_device
    given = [{"Key": "Team", "Value": "blue"}, {"Key": "team", "Value": "red"}]
    assert create(VirtualMFADeviceName="tagged", Tags=given)["VirtualMFADevice"]["Tags"] == given
    assert "Tags" not in create(VirtualMFADeviceName="plain")["VirtualMFADevice"]


def test_devices_are_listed_by_whether_they_are_assigned(place: Place) -> None:
    place.user("casey")
    assigned, free = Authenticator(place, "one"), Authenticator(place, "two")
    assigned.enable("casey")

    def listed(**wanted: str) -> list[str]:
        return [
            row["SerialNumber"] for row in place.iam.list_virtual_mfa_devices(**wanted)["VirtualMFADevices"]
        ]

    assert listed(AssignmentStatus="Assigned") == [assigned.serial]
    assert listed(AssignmentStatus="Unassigned") == [free.serial]
    assert listed(AssignmentStatus="Any") == listed() == [assigned.serial, free.serial]


def test_creating_with_tags_asks_for_tagging_too(place: Place) -> None:
    iam = place.client("iam", place.user("casey", statement("Allow", "iam:CreateVirtualMFADevice")))
    assert allowed(iam.create_virtual_mfa_device, VirtualMFADeviceName="one")
    status, _, message = refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="two", Tags=tags(a="b"))
    assert status == 403
    assert "iam:TagMFADevice" in message


def test_pages_of_devices(place: Place) -> None:
    for name in ("a", "b", "c"):
        Authenticator(place, name)
    pages = place.iam.get_paginator("list_virtual_mfa_devices").paginate(PaginationConfig={"PageSize": 2})
    found = [row["SerialNumber"] for page in pages for row in page["VirtualMFADevices"]]
    assert found == [place.arn(f"mfa/{name}") for name in ("a", "b", "c")]
