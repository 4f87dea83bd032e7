"""cloud-init's EC2 datasource, as Debian has it: at boot it reads every key of the metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inside import Machine
from object_store import PYTHON, ROOT
from places import Place

PROGRAM = Path(__file__).parent / "programs" / "cloud_init.py"
MODULES = ROOT / ".cache" / "cloud-init" / "usr" / "lib" / "python3" / "dist-packages"
#: cloud-init asks for tokens where the hypervisor's id begins so; this puts such an id where it looks for it.
HYPERVISOR = (
    "mount -t tmpfs none /sys && mkdir /sys/hypervisor && "
    'echo ec2e1916-9099-7caf-fd21-012345abcdef >/sys/hypervisor/uuid && exec "$@"'
)
NAME, EMPTY = {"Key": "Name", "Value": "web 1"}, {"Key": "empty", "Value": ""}
EVERYTHING = {
    "KernelId": "aki-12345678",
    "KeyName": "laptop",
    "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
    "Placement": {"AvailabilityZone": "eu-west-1b", "GroupName": "spread"},
    "SecurityGroupIds": ["sg-11111111", "sg-22222222"],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [NAME, EMPTY]}],
    "UserData": "#cloud-config\npackages: [vim]\n",
}


def boot(machine: Machine, *, on_ec2: bool = True) -> dict[str, Any]:
    """Return what cloud-init makes of the metadata when an instance boots."""
    if not MODULES.exists():
        pytest.skip("cloud-init is not there")
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c", HYPERVISOR, "sh"] if on_ec2 else []
    text = machine.out(*private, PYTHON, PROGRAM, machine.home, PYTHONPATH=str(MODULES))
    found: dict[str, Any] = json.loads(text)
    return found


def everything(machine: Machine) -> dict[str, Any]:
    """What the metadata of an instance holds, as cloud-init makes a tree of it."""
    made = machine.launched
    (card,) = made["NetworkInterfaces"]
    (reservation,) = machine.ec2.describe_instances(InstanceIds=[machine.id])["Reservations"]
    names, ids = ([one[name] for one in made["SecurityGroups"]] for name in ("GroupName", "GroupId"))
    nic = {
        "device-number": "0",
        "interface-id": card["NetworkInterfaceId"],
        "local-hostname": made["PrivateDnsName"],
        "local-ipv4s": made["PrivateIpAddress"],
        "mac": card["MacAddress"],
        "network-card-index": "0",
        "owner-id": machine.place.number,
        "security-group-ids": ids,
        "security-groups": names,
        "subnet-id": made["SubnetId"],
        "subnet-ipv4-cidr-block": "172.31.0.0/16",
        "vpc-id": made["VpcId"],
        "vpc-ipv4-cidr-block": "172.31.0.0/16",
        "vpc-ipv4-cidr-blocks": "172.31.0.0/16",
    }
    return {
        "ami-id": made["ImageId"],
        "ami-launch-index": "0",
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"},
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hostname": made["PrivateDnsName"],
        "instance-action": "none",
        "instance-id": machine.id,
        "instance-life-cycle": "on-demand",
        "instance-type": "m1.small",
        "kernel-id": "aki-12345678",
        "local-hostname": made["PrivateDnsName"],
        "local-ipv4": made["PrivateIpAddress"],
        "mac": card["MacAddress"],
        "network": {"interfaces": {"macs": {card["MacAddress"]: nic}}},
        "placement": {
            "availability-zone": "eu-west-1b",
            "availability-zone-id": "euw1-az2",
            "group-name": "spread",
            "region": "eu-west-1",
        },
        "profile": "default-hvm",
        "public-keys": {"laptop": ["# laptop: the name of a key pair, of which Vestry holds no key"]},
        "reservation-id": reservation["ReservationId"],
        "security-groups": names,
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "tags": {"instance": {"Name": "web 1", "empty": ""}},
    }


def test_every_key_is_read_without_a_complaint(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, **EVERYTHING)
    found = boot(machine)
    assert (found["said"], found["found"], found["cloud"]) == ([], True, "aws")
    crawled = found["crawled"]
    assert crawled["_metadata_api_version"] == "2021-03-23"
    assert crawled["user-data"] == EVERYTHING["UserData"]
    metadata = crawled["meta-data"]
    info, identity = metadata.pop("iam")["info"], metadata.pop("identity-credentials")["ec2"]["info"]
    assert metadata == everything(machine)
    assert (info["Code"], info["InstanceProfileId"]) == (
        "Success",
        machine.launched["IamInstanceProfile"]["Id"],
    )
    assert (identity["Code"], identity["AccountId"]) == ("Success", place.number)
    proofs = crawled["dynamic"]["instance-identity"]
    assert set(proofs) == {"document", "pkcs7", "rsa2048", "signature"}
    assert proofs["document"]["instanceId"] == machine.id


def test_what_is_asked_at_boot_is_answered_always(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, **EVERYTHING)
    boot(machine)
    asked = machine.asked(last="/2021-03-23/dynamic/instance-identity/signature")
    assert {line["status"] for line in asked} == {200}
    assert [line["path"] for line in asked if line["method"] == "PUT"] == ["/latest/api/token"]
    assert not [line["path"] for line in asked if "security-credentials/" in line["path"]]


def test_what_the_boot_goes_on_with_is_the_instance(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, **EVERYTHING)
    found = boot(machine)
    assert found["instance"] == machine.id
    assert found["place"] == ["eu-west-1", "eu-west-1b"]
    assert found["host"] == machine.launched["PrivateDnsName"]
    assert (found["index"], found["classic"], found["disk"]) == ("0", False, "/dev/xvda")
    mac = machine.launched["NetworkInterfaces"][0]["MacAddress"]
    card = {"dhcp4": True, "dhcp6": False, "match": {"macaddress": mac}, "set-name": "eth0"}
    assert found["network"] == {"version": 2, "ethernets": {"eth0": card}}


def test_elsewhere_than_on_ec2_it_reads_without_a_token(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, role=None)
    found = boot(machine, on_ec2=False)
    assert (found["said"], found["cloud"], found["instance"]) == ([], "unknown", machine.id)
    asked = machine.asked(last="/2021-03-23/meta-data/security-groups")
    assert {line["method"] for line in asked} == {"GET"}
    missing = [line["path"] for line in asked if line["status"] != 200]
    assert set(missing) == {"/2021-03-23/user-data"}


def test_metadata_that_is_off_ends_the_search_at_once(place: Place, tmp_path: Path) -> None:
    machine = Machine(place, tmp_path, MetadataOptions={"HttpEndpoint": "disabled"})
    found = boot(machine)
    assert found["found"] is False
    assert "Ec2 IMDS endpoint returned a 403 error. HTTP endpoint is disabled. Aborting." in found["said"]
