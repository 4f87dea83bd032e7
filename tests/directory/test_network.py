"""The network that instances are said to be in: names and addresses follow from what they belong to."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vestry.directory import network
from vestry.directory.machines import Instance, MetadataOptions

INSTANCE = Instance(
    account="111111111111",
    id="i-0123456789abcdef0",
    region="eu-west-1",
    zone="eu-west-1b",
    reservation="r-1",
    launched=1,
    started=1,
    image="ami-1",
    type="t3.micro",
    address="172.31.7.9",
    subnet="subnet-1",
    groups=(),
    options=MetadataOptions(),
)


def test_ids_follow_from_account_and_region_and_are_told_apart() -> None:
    made = [
        network.vpc_id("111111111111", "eu-west-1"),
        network.vpc_id("111111111111", "us-east-1"),
        network.vpc_id("222222222222", "eu-west-1"),
        network.subnet_id("111111111111", "eu-west-1"),
        network.group_id("111111111111", "eu-west-1", "default"),
        network.group_id("111111111111", "eu-west-1", "other"),
        network.interface_id(INSTANCE),
    ]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"(vpc|subnet|sg|eni)-[0-9a-f]{17}", one) for one in made)
    assert network.vpc_id("111111111111", "eu-west-1") == made[0]


def test_parts_do_not_run_together() -> None:
    assert network.hex_id("sg", "1", "23") != network.hex_id("sg", "12", "3")


def test_a_hardware_address_is_one_of_those_that_are_administered_locally() -> None:
    address = network.mac_address(INSTANCE)
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", address)
    assert int(address[:2], 16) & 3 == 2, "local, and of one station"
    assert network.mac_address(replace(INSTANCE, id="i-0123456789abcdef1")) != address


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "ip-172-31-7-9.eu-west-1.compute.internal"),
        ({"region": "us-east-1"}, "ip-172-31-7-9.ec2.internal"),
        ({"host_type": "resource-name"}, "i-0123456789abcdef0.eu-west-1.compute.internal"),
    ],
)
def test_host_names(change: dict[str, str], name: str) -> None:
    assert network.host_name(replace(INSTANCE, **change)) == name


@pytest.mark.parametrize(
    ("zone", "identifier"),
    [
        ("us-east-1a", "use1-az1"),
        ("eu-central-1c", "euc1-az3"),
        ("ap-southeast-2b", "apse2-az2"),
        ("us-gov-west-1a", "usgovw1-az1"),
        ("us-east-1", ""),
        ("moon", ""),
    ],
)
def test_zone_ids(zone: str, identifier: str) -> None:
    assert network.zone_id(zone) == identifier


@pytest.mark.parametrize(
    ("zone", "there"),
    [
        ("eu-west-1a", True),
        ("eu-west-1f", True),
        ("eu-west-1g", False),
        ("eu-west-1", False),
        ("us-east-1a", False),
    ],
)
def test_zones_of_a_region(zone: str, there: bool) -> None:
    assert network.is_zone(zone, "eu-west-1") is there


@given(identifier=st.text(max_size=20), held=st.sets(st.integers(0, 40), max_size=30))
def test_a_free_address_is_in_the_subnet_and_nobodys(identifier: str, held: set[int]) -> None:
    first = network.free_address(identifier, lambda address: False)
    assert first is not None
    taken = {str(IPv4Address(first) + number) for number in held}
    address = network.free_address(identifier, lambda one: one in taken)
    assert address is not None
    assert address not in taken
    assert IPv4Address("172.31.0.4") <= IPv4Address(address) <= IPv4Address("172.31.255.254")


def test_the_last_free_address_is_found_and_then_none() -> None:
    assert network.free_address("i-1", lambda address: address != "172.31.255.254") == "172.31.255.254"
    assert network.free_address("i-1", lambda address: address != "172.31.0.4") == "172.31.0.4"
    assert network.free_address("i-1", lambda address: address == "172.31.0.3") is not None
    assert network.free_address("i-1", lambda address: True) is None


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.1", "192.0.2.1", "8.8.8.8", "172.31.0.4"])
def test_addresses_that_a_machine_can_have(text: str) -> None:
    assert network.private_address(text) == text


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/8", "::1", ".".join("0000"), "224.0.0.1", "169.254.169.254", "240.0.0.1", "255.255.255.255", "10.0.0.1 "]
)  # fmt: skip
def test_addresses_that_no_machine_has(text: str) -> None:
    assert network.private_address(text) is None
