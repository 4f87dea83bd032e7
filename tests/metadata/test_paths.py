"""The paths: what is at each, and what a directory lists."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from registered import ACCOUNT, INSTANCE, PROFILE, Registered
from vestry.directory import network
from vestry.directory.machines import MetadataOptions
from vestry.metadata.exchange import Ask
from vestry.metadata.imds import TREE
from vestry.metadata.proving import make_identity_certificate
from vestry.metadata.versions import VERSIONS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metadata.md"
MAC = network.mac_address(INSTANCE)
AT_MAC = f"meta-data/network/interfaces/macs/{MAC}"
DETAILS = (
    '{"KernelId":"aki-1","RamdiskId":"ari-1","Monitoring":{"State":"enabled"},'
    '"Placement":{"GroupName":"spread","HostId":"h-1","PartitionNumber":3}}'
)
FULL = replace(
    INSTANCE,
    options=MetadataOptions(tags="enabled"),
    tags=(("Name", "größer"), ("empty", "")),
    key_name="ann",
    user_data=base64.b64encode(b"#!/bin/sh\n\xff").decode(),
    index=2,
    details=DETAILS,
)
#: What is at the paths of an instance that has everything an instance can have here.
VALUES = {
    "meta-data/ami-id": "ami-12345678",
    "meta-data/ami-launch-index": "2",
    "meta-data/ami-manifest-path": "(unknown)",
    "meta-data/block-device-mapping/ami": "/dev/xvda",
    "meta-data/block-device-mapping/root": "/dev/xvda",
    "meta-data/events/maintenance/history": "[]",
    "meta-data/events/maintenance/scheduled": "[]",
    "meta-data/hostname": "ip-172-31-0-4.eu-west-1.compute.internal",
    "meta-data/instance-action": "none",
    "meta-data/instance-id": INSTANCE.id,
    "meta-data/instance-life-cycle": "on-demand",
    "meta-data/instance-type": "t3.micro",
    "meta-data/kernel-id": "aki-1",
    "meta-data/local-hostname": "ip-172-31-0-4.eu-west-1.compute.internal",
    "meta-data/local-ipv4": "172.31.0.4",
    "meta-data/mac": MAC,
    "meta-data/placement/availability-zone": "eu-west-1b",
    "meta-data/placement/availability-zone-id": "euw1-az2",
    "meta-data/placement/group-name": "spread",
    "meta-data/placement/host-id": "h-1",
    "meta-data/placement/partition-number": "3",
    "meta-data/placement/region": "eu-west-1",
    "meta-data/profile": "default-hvm",
    "meta-data/public-keys": "0=ann",
    "meta-data/public-keys/0": "openssh-key",
    "meta-data/public-keys/0/openssh-key": "# ann: the name of a key pair, of which Vestry holds no key\n",
    "meta-data/ramdisk-id": "ari-1",
    "meta-data/reservation-id": INSTANCE.reservation,
    "meta-data/security-groups": "default\nweb",
    "meta-data/services/domain": "amazonaws.com",
    "meta-data/services/partition": "aws",
    "meta-data/tags/instance": "Name\nempty",
    "meta-data/tags/instance/Name": "größer",
    "meta-data/tags/instance/empty": "",
    "meta-data/network/interfaces/macs": f"{MAC}/",
    f"{AT_MAC}/device-number": "0",
    f"{AT_MAC}/interface-id": network.interface_id(INSTANCE),
    f"{AT_MAC}/local-hostname": "ip-172-31-0-4.eu-west-1.compute.internal",
    f"{AT_MAC}/local-ipv4s": "172.31.0.4",
    f"{AT_MAC}/mac": MAC,
    f"{AT_MAC}/network-card-index": "0",
    f"{AT_MAC}/owner-id": ACCOUNT,
    f"{AT_MAC}/security-group-ids": "sg-00000000000000001\nsg-00000000000000002",
    f"{AT_MAC}/security-groups": "default\nweb",
    f"{AT_MAC}/subnet-id": INSTANCE.subnet,
    f"{AT_MAC}/subnet-ipv4-cidr-block": "172.31.0.0/16",
    f"{AT_MAC}/vpc-id": network.vpc_id(ACCOUNT, "eu-west-1"),
    f"{AT_MAC}/vpc-ipv4-cidr-block": "172.31.0.0/16",
    f"{AT_MAC}/vpc-ipv4-cidr-blocks": "172.31.0.0/16",
    "dynamic/fws/instance-monitoring": "enabled",
    "meta-data/iam/security-credentials": "app",
}
#: What tests of their own read.
ELSEWHERE = {
    "dynamic/instance-identity/document",
    "dynamic/instance-identity/pkcs7",
    "dynamic/instance-identity/rsa2048",
    "dynamic/instance-identity/signature",
    "meta-data/iam/info",
    "meta-data/iam/security-credentials/app",
    "meta-data/identity-credentials/ec2/info",
    "meta-data/identity-credentials/ec2/security-credentials/ec2-instance",
    "user-data",
}


@pytest.fixture(scope="module")
def place() -> Registered:
    """An installation whose instance has everything."""
    found = Registered(FULL)
    found.put(make_identity_certificate(found.now, found.entropy, found.keyring))
    return found


@pytest.mark.parametrize(("path", "value"), VALUES.items())
def test_what_is_at_a_path(place: Registered, path: str, value: str) -> None:
    assert place.get(path) == value
    assert place.get(f"{path}/") == value


def test_every_row_is_tested() -> None:
    for path in TREE.paths():
        one = (
            path.replace("macs/*", f"macs/{MAC}").replace("instance/*", "instance/Name").replace("/*", "/app")
        )
        assert one in VALUES or one in ELSEWHERE, path


def test_every_row_is_documented() -> None:
    text = DOCUMENT.read_text()
    table = {
        name for line in text.splitlines() if line.startswith("| `") for name in re.findall("`([^`]+)`", line)
    }
    for path in TREE.paths():
        tails = {path.split("/", start)[-1] for start in range(path.count("/") + 1)}
        assert table & {tail.replace("*", name) for tail in tails for name in ("MAC", "KEY", "ROLE")}, path


def test_everything_that_is_listed_is_there_and_everything_there_is_listed(place: Registered) -> None:
    found: set[str] = set()

    def walk(path: str) -> None:
        text = place.get(path)
        assert text is not None, path
        for line in text.split("\n"):
            if line.endswith("/"):
                walk(path + line)
            elif line.startswith("0="):
                walk(f"{path}0/")
            else:
                assert place.ask("GET", f"/latest/{path}{line}").status == 200, path + line
                found.add(path + line)

    walk("meta-data/")
    walk("dynamic/")
    listings = {
        "public-keys",
        "public-keys/0",
        "tags/instance",
        "network/interfaces/macs",
        "iam/security-credentials",
    }
    rows = {*VALUES, *ELSEWHERE} - {f"meta-data/{name}" for name in listings} - {"user-data"}
    assert found == rows


def test_a_version_lists_its_three_parts(place: Registered) -> None:
    assert place.get("") == "dynamic\nmeta-data\nuser-data"
    assert Registered().get("") == "dynamic\nmeta-data"


def test_the_versions_are_listed_and_each_serves_the_tree(place: Registered) -> None:
    listed = place.ask("GET", "/")
    assert listed.body.decode().split("\n") == list(VERSIONS)
    assert {"1.0", "2009-04-04", "2021-07-15", "latest"} <= set(VERSIONS)
    for version in VERSIONS:
        assert place.get("meta-data/instance-id", version) == INSTANCE.id
    assert place.get("meta-data/instance-id", "2021-07-16") is None


@pytest.mark.parametrize(
    "path",
    [
        *("meta-data/nothing", "nothing", "meta-data/instance-id/more", "meta-data/*", "*"),
        "meta-data/network/interfaces/macs/00:00:00:00:00:00/mac",
        "meta-data/network/interfaces/macs/*/mac",
        "meta-data/network/interfaces/macs//mac",
        f"{AT_MAC}/nothing",
        *(
            "meta-data/tags/instance/nothing",
            "meta-data/tags/instance/*",
            "meta-data/tags/instance/Name/more",
        ),
        *("meta-data/iam/security-credentials/other", "meta-data/iam/security-credentials/*"),
        "meta-data/iam/security-credentials-extended",
        "meta-data/iam/security-credentials-extended/app",
        "meta-data/../meta-data/instance-id",
    ],
)
def test_what_is_nowhere_is_not_found(place: Registered, path: str) -> None:
    refused = place.ask("GET", f"/latest/{path}")
    assert refused.status == 404
    assert b"<title>404 - Not Found</title>" in refused.body
    assert refused.headers == [(b"Content-Type", b"text/html"), (b"Server", b"EC2ws")]


def test_slashes_too_many_and_letters_in_percent_are_read(place: Registered) -> None:
    assert place.ask("GET", "//latest//meta-data/instance-id").body.decode() == INSTANCE.id
    assert place.ask("GET", "/latest/meta%2Ddata/instance-id").body.decode() == INSTANCE.id


def test_user_data_is_served_byte_by_byte(place: Registered) -> None:
    found = place.ask("GET", "/latest/user-data")
    assert found.body == b"#!/bin/sh\n\xff"
    assert (b"Content-Type", b"application/octet-stream") in found.headers
    assert (b"Accept-Ranges", b"bytes") in found.headers
    assert Registered().get("user-data") is None


def test_an_answer_has_the_headers_of_ec2(place: Registered) -> None:
    found = dict(place.ask("GET", "/latest/meta-data/instance-id").headers)
    assert found == {
        b"Content-Type": b"text/plain",
        b"Accept-Ranges": b"none",
        b"Last-Modified": b"Mon, 21 Sep 2026 14:13:20 GMT",
        b"Server": b"EC2ws",
    }


def test_what_was_changed_is_dated_anew() -> None:
    changed = Registered(replace(INSTANCE, changed=INSTANCE.started + 61))
    found = dict(changed.ask("GET", "/latest/meta-data/").headers)
    assert found[b"Last-Modified"] == b"Mon, 21 Sep 2026 14:14:21 GMT"


def test_a_listing_makes_no_credentials_and_signs_nothing() -> None:
    place = Registered()
    place.put(make_identity_certificate(place.now, place.entropy, place.keyring))
    for path in (
        "meta-data/",
        "meta-data/identity-credentials/ec2/",
        "dynamic/",
        "dynamic/instance-identity/",
    ):
        assert place.get(path)
    assert (len(place.imds.minted), len(place.imds.signer)) == (0, 0)
    place.get("meta-data/identity-credentials/ec2/security-credentials/ec2-instance")
    place.get("dynamic/instance-identity/signature")
    assert (len(place.imds.minted), len(place.imds.signer)) == (1, 1)


def test_tags_are_served_only_where_they_are_enabled(place: Registered) -> None:
    assert "tags/" in (place.get("meta-data/") or "").split("\n")
    without = Registered(replace(FULL, options=MetadataOptions()))
    for path in ("meta-data/tags", "meta-data/tags/instance/", "meta-data/tags/instance/Name"):
        assert without.get(path) is None
    assert "tags/" not in (without.get("meta-data/") or "").split("\n")


def test_what_an_instance_does_not_have_is_not_there_and_not_listed() -> None:
    bare = Registered(replace(INSTANCE, association=None))
    absent = {"iam/", "kernel-id", "public-keys/", "ramdisk-id", "tags/"}
    assert not absent & set((bare.get("meta-data/") or "").split("\n"))
    for name in absent:
        assert bare.get(f"meta-data/{name}") is None
    assert bare.get("meta-data/placement/") == "availability-zone\navailability-zone-id\nregion"
    assert bare.get("dynamic/fws/instance-monitoring") == "disabled"


def test_an_address_elsewhere_lies_in_a_range_of_its_own() -> None:
    place = Registered(replace(INSTANCE, address="10.7.0.9"))
    assert place.get(f"{AT_MAC}/subnet-ipv4-cidr-block") == "10.7.0.0/16"


PIECES = st.sampled_from(
    sorted(
        {piece for path in TREE.paths() for piece in path.split("/")}
        | {
            "",
            "latest",
            "1.0",
            MAC,
            "app",
            "0",
            "0=ann",
            "Name",
            "..",
            "api",
            "token",
            "%",
            "%00",
            "\udcff",
            "ü",
        }
    )
)
HEADERS = st.dictionaries(
    st.sampled_from(
        (
            b"x-aws-ec2-metadata-token",
            b"x-aws-ec2-metadata-token-ttl-seconds",
            b"x-forwarded-for",
        )
    ),
    st.one_of(st.binary(max_size=60), st.integers(-1, 99_999).map(lambda number: str(number).encode())),
)


@settings(max_examples=600, deadline=None)
@given(
    method=st.sampled_from(("GET", "HEAD", "PUT", "POST", "OPTIONS", "", "get")),
    path=st.one_of(
        st.lists(PIECES, max_size=9).map(lambda pieces: "/" + "/".join(pieces)), st.text(max_size=40)
    ),
    headers=HEADERS,
    bare=st.booleans(),
)
def test_whatever_is_asked_there_is_an_answer(
    method: str, path: str, headers: dict[bytes, bytes], bare: bool
) -> None:
    place = BARE if bare else WHOLE
    reply = place.imds.answer(place.root, place.id, Ask(method, path, headers), place.now)
    assert reply.status in {200, 400, 401, 403, 404, 405}
    assert all(isinstance(name, bytes) and isinstance(value, bytes) for name, value in reply.headers)


BARE, WHOLE = Registered(replace(INSTANCE, association=None)), Registered(FULL)
WHOLE.put(make_identity_certificate(WHOLE.now, WHOLE.entropy, WHOLE.keyring))
WHOLE.put(replace(PROFILE, path="/team/"), PROFILE)
