"""The paths and answers that AWS has published: each path is here or has a reason not to be, and answers look alike.

Sources: the published mock's defaults (aws/amazon-ec2-metadata-mock, aemm-metadata-default-values.json) and the EC2 User
Guide, "Instance metadata categories" and "Dynamic data categories".
"""

from __future__ import annotations

import base64
import json
import re

import pytest
from msgspec.structs import replace

from registered import INSTANCE, Registered
from vestry.directory import network
from vestry.directory.machines import MetadataOptions
from vestry.metadata.proving import make_identity_certificate

MAC = network.mac_address(INSTANCE)
DETAILS = (
    '{"KernelId":"aki-5c21674b","RamdiskId":"ari-01bb5768","Monitoring":{"State":"disabled"},'
    '"Placement":{"GroupName":"a-placement-group","HostId":"h-0da999999f9999fb9","PartitionNumber":1}}'
)
FULL = replace(
    INSTANCE,
    options=MetadataOptions(tags="enabled"),
    tags=(("Name", "test-instance"), ("Test", "test-tag")),
    key_name="ann",
    user_data=base64.b64encode(b"1234,john,reboot,true\n").decode(),
    details=DETAILS,
)
#: The paths that EC2 has for an instance that is not of this kind, by the reason.
NOT_HERE = {
    "no AMI is known by more than its id": ["ancestor-ami-ids", "product-codes"],
    "no instance is in an Auto Scaling group": ["autoscaling/target-lifecycle-state"],
    "there are no disks beside the first": [
        *("block-device-mapping/ebs0", "block-device-mapping/ephemeral0", "block-device-mapping/swap"),
    ],
    "no accelerators are attached": [
        *("elastic-gpus/associations/eg-1", "elastic-inference/associations/eia-1"),
        "elastic-inference/associations",
    ],
    "nothing is rebalanced, and no spot instance interrupted": [
        *("events/recommendations/rebalance", "spot/instance-action", "spot/termination-time"),
    ],
    "EC2 has it no more": ["metrics/vhostmd"],
    "no instance has a public address": [
        *("public-hostname", "public-ipv4"),
        *(f"network/interfaces/macs/{MAC}/{name}" for name in ("public-hostname", "public-ipv4s")),
        f"network/interfaces/macs/{MAC}/ipv4-associations/192.0.2.54",
    ],
    "no instance has an address of IPv6": [
        "ipv6",
        *(f"network/interfaces/macs/{MAC}/{name}" for name in ("ipv6s", "subnet-ipv6-cidr-blocks")),
        *(f"network/interfaces/macs/{MAC}/{name}" for name in ("vpc-ipv6-cidr-blocks", "ipv6-prefix")),
    ],
    "no instance has a range of addresses": [f"network/interfaces/macs/{MAC}/ipv4-prefix"],
    "no instance runs on a hypervisor": ["system", "hibernation/configured"],
    "nobody logs in by way of EC2 Instance Connect": ["managed-ssh-keys/signer-cert"],
}
#: The paths of AWS's published mock (aws/amazon-ec2-metadata-mock), below `/latest`.
MOCK = """
ami-id ami-launch-index ami-manifest-path block-device-mapping/ami block-device-mapping/ebs0
block-device-mapping/ephemeral0 block-device-mapping/root block-device-mapping/swap elastic-inference/associations
elastic-inference/associations/eia-1 events/maintenance/scheduled hostname iam/info iam/security-credentials
iam/security-credentials/app instance-action instance-id instance-life-cycle instance-type kernel-id local-hostname
local-ipv4 mac MAC/device-number MAC/ipv4-associations/192.0.2.54 MAC/ipv6s MAC/local-hostname MAC/local-ipv4s MAC/mac
MAC/interface-id MAC/network-card-index MAC/owner-id MAC/public-hostname MAC/public-ipv4s MAC/security-group-ids
MAC/security-groups MAC/subnet-id MAC/subnet-ipv4-cidr-block MAC/subnet-ipv6-cidr-blocks MAC/vpc-id
MAC/vpc-ipv4-cidr-block MAC/vpc-ipv4-cidr-blocks MAC/vpc-ipv6-cidr-blocks placement/availability-zone
placement/availability-zone-id placement/group-name placement/host-id placement/partition-number placement/region
product-codes public-hostname public-ipv4 public-keys/0/openssh-key ramdisk-id reservation-id security-groups
services/domain services/partition spot/instance-action spot/termination-time events/recommendations/rebalance
tags/instance/Name tags/instance/Test autoscaling/target-lifecycle-state
"""
#: Further categories of the guide, and what else is seen on instances.
GUIDE = """
ancestor-ami-ids elastic-gpus/associations/eg-1 events/maintenance/history identity-credentials/ec2/info
identity-credentials/ec2/security-credentials/ec2-instance ipv6 metrics/vhostmd tags/instance system
MAC/ipv4-prefix MAC/ipv6-prefix hibernation/configured managed-ssh-keys/signer-cert
"""


#: Beside the metadata.
BESIDE = """
dynamic/instance-identity/document dynamic/instance-identity/pkcs7 dynamic/instance-identity/signature
dynamic/fws/instance-monitoring user-data
"""
#: What an answer looks like, and the mock's for an example: of a metadata path or of one beside it.
LOOKS = {
    "ami-id": (r"ami-[0-9a-f]{8,17}", "ami-0a887e401f7654935"),
    "ami-launch-index": (r"\d+", "0"),
    "ami-manifest-path": (r"\(unknown\)", "(unknown)"),
    "block-device-mapping/ami": (r"/dev/xvda", "/dev/xvda"),
    "block-device-mapping/root": (r"/dev/xvda", "/dev/xvda"),
    "hostname": (r"ip(-\d+){4}\.(ec2|[a-z0-9-]+\.compute)\.internal", "ip-172-16-34-43.ec2.internal"),
    "iam/security-credentials": (r"[\w+=,.@-]+", "baskinc-role"),
    "instance-action": (r"none", "none"),
    "instance-id": (r"i-[0-9a-f]{17}", "i-1234567890abcdef0"),
    "instance-life-cycle": (r"on-demand", "on-demand"),
    "instance-type": (r"[a-z0-9]+\.[a-z0-9]+", "m4.xlarge"),
    "kernel-id": (r"aki-5c21674b", "aki-5c21674b"),
    "local-hostname": (r"ip(-\d+){4}\.(ec2|[a-z0-9-]+\.compute)\.internal", "ip-172-16-34-43.ec2.internal"),
    "local-ipv4": (r"\d+(\.\d+){3}", "172.16.34.43"),
    "mac": (r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", "0e:49:61:0f:c3:11"),
    "MAC/device-number": (r"0", "0"),
    "MAC/interface-id": (r"eni-[0-9a-f]{17}", "eni-0f95d3625f5c521cc"),
    "MAC/local-hostname": (
        r"ip(-\d+){4}\.(ec2|[a-z0-9-]+\.compute)\.internal",
        "ip-172-16-34-43.ec2.internal",
    ),
    "MAC/local-ipv4s": (r"\d+(\.\d+){3}", "172.16.34.43"),
    "MAC/mac": (r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", "0e:49:61:0f:c3:11"),
    "MAC/network-card-index": (r"0", "0"),
    "MAC/owner-id": (r"\d{12}", "515336597381"),
    "MAC/security-group-ids": (r"sg-[0-9a-f]{17}(\nsg-[0-9a-f]{17})*", "sg-0b07f8f6cb485d4df"),
    "MAC/security-groups": (r"[\w-]+(\n[\w-]+)*", "ura-launch-wizard-harry-1"),
    "MAC/subnet-id": (r"subnet-[0-9a-f]{8,17}", "subnet-0ac62554"),
    "MAC/subnet-ipv4-cidr-block": (r"\d+(\.\d+){3}/\d+", "192.0.2.0/24"),
    "MAC/vpc-id": (r"vpc-[0-9a-f]{8,17}", "vpc-d295a6a7"),
    "MAC/vpc-ipv4-cidr-block": (r"\d+(\.\d+){3}/\d+", "192.0.2.0/24"),
    "MAC/vpc-ipv4-cidr-blocks": (r"\d+(\.\d+){3}/\d+", "192.0.2.0/24"),
    "placement/availability-zone": (r"[a-z]{2}-[a-z]+-\d[a-z]", "us-east-1a"),
    "placement/availability-zone-id": (r"[a-z]{3,4}\d-az\d", "use1-az4"),
    "placement/group-name": (r"a-placement-group", "a-placement-group"),
    "placement/host-id": (r"h-0da999999f9999fb9", "h-0da999999f9999fb9"),
    "placement/partition-number": (r"1", "1"),
    "placement/region": (r"[a-z]{2}-[a-z]+-\d", "us-east-1"),
    "ramdisk-id": (r"ari-01bb5768", "ari-01bb5768"),
    "reservation-id": (r"r-[0-9a-f]{17}", "r-046cb3eca3e201d2f"),
    "security-groups": (r"[\w-]+(\n[\w-]+)*", "ura-launch-wizard-harry-1"),
    "services/domain": (r"amazonaws\.com", "amazonaws.com"),
    "services/partition": (r"aws", "aws"),
    "tags/instance/Name": (r"test-instance", "test-instance"),
    "tags/instance/Test": (r"test-tag", "test-tag"),
    "dynamic/fws/instance-monitoring": (r"disabled", "disabled"),
    "user-data": (r"1234,john,reboot,true\n", "1234,john,reboot,true\n"),
}
#: The members of the documents, in the order in which EC2 writes them where that is known.
MEMBERS = {
    "iam/info": "Code LastUpdated InstanceProfileArn InstanceProfileId",
    "iam/security-credentials/app": "Code LastUpdated Type AccessKeyId SecretAccessKey Token Expiration",
}
IDENTITY = """
accountId imageId availabilityZone ramdiskId kernelId devpayProductCodes marketplaceProductCodes version privateIp
billingProducts instanceId pendingTime architecture instanceType region
"""
#: What is a text of its own, and signatures, whose alphabet is looked at elsewhere.
UNLIKE = {"events/maintenance/scheduled", "public-keys/0/openssh-key"}


def below_version(name: str) -> str:
    """Return the path below a version of a path as the tables write it."""
    name = name.replace("MAC/", f"network/interfaces/macs/{MAC}/")
    return name if name.startswith(("dynamic/", "user-data")) else f"meta-data/{name}"


@pytest.fixture(scope="module")
def place() -> Registered:
    """An installation whose instance has everything."""
    found = Registered(FULL)
    found.put(make_identity_certificate(found.now, found.entropy, found.keyring))
    return found


@pytest.mark.parametrize("name", (MOCK + GUIDE).split())
def test_a_path_of_ec2_is_here_or_has_a_reason_not_to_be(place: Registered, name: str) -> None:
    path = below_version(name)
    reasons = [why for why, names in NOT_HERE.items() if path.removeprefix("meta-data/") in names]
    assert (place.get(path) is None) is bool(reasons), name


@pytest.mark.parametrize("name", [name for names in NOT_HERE.values() for name in names])
def test_what_does_not_apply_is_not_found(place: Registered, name: str) -> None:
    assert place.get(f"meta-data/{name}") is None


@pytest.mark.parametrize("name", BESIDE.split())
def test_what_is_published_beside_the_metadata_is_here(place: Registered, name: str) -> None:
    assert place.get(name)


@pytest.mark.parametrize(("name", "looks"), LOOKS.items())
def test_an_answer_looks_like_the_published_one(place: Registered, name: str, looks: tuple[str, str]) -> None:
    pattern, published = looks
    assert re.fullmatch(pattern, published)
    found = place.get(below_version(name))
    assert found is not None
    assert re.fullmatch(pattern, found), found


def test_a_document_has_the_published_members(place: Registered) -> None:
    for name, members in MEMBERS.items():
        assert list(json.loads(place.get(below_version(name)) or "")) == members.split()
    identity = json.loads(place.get("dynamic/instance-identity/document") or "")
    assert set(identity) == set(IDENTITY.split())
    assert identity["version"] == "2017-09-30"


def test_every_published_path_that_is_here_has_its_looks() -> None:
    absent = {name for names in NOT_HERE.values() for name in names}
    here = [name for name in MOCK.split() if below_version(name).removeprefix("meta-data/") not in absent]
    assert set(here) <= {*LOOKS, *MEMBERS, *UNLIKE}
