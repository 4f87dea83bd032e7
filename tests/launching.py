"""Instances for tests: launched, associated and described in few words."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from places import Place, trusting

IMAGE = "ami-12345678"
EC2_TRUST = trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole")
ONE = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}


def ec2_client(place: Place, keys: dict[str, Any] | None = None, region: str = "us-east-1") -> Any:
    """A client of EC2 in a region, by default the root user's, that leaves checking parameters to the server."""
    keys = place.keys if keys is None else keys
    return boto3.client(
        "ec2",
        endpoint_url=place.server.endpoint,
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


def launch(ec2: Any, **more: Any) -> dict[str, Any]:
    """Launch one instance and return it."""
    found: dict[str, Any] = ec2.run_instances(**(ONE | more))["Instances"][0]
    return found


def described(ec2: Any, identifier: str) -> dict[str, Any]:
    """Return an instance as it is described."""
    (reservation,) = ec2.describe_instances(InstanceIds=[identifier])["Reservations"]
    found: dict[str, Any] = reservation["Instances"][0]
    return found


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids in an answer of DescribeInstances, in its order."""
    return [one["InstanceId"] for held in answer["Reservations"] for one in held["Instances"]]


def profile(place: Place, name: str = "web", role: str | None = "app") -> str:
    """Create an instance profile with a role of its own, or with none; return its ARN."""
    made = place.iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    if role is not None:
        place.role(role, EC2_TRUST)
        place.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    arn: str = made["Arn"]
    return arn


def association(ec2: Any, identifier: str) -> dict[str, Any] | None:
    """Return an instance's association, None where there is none."""
    found = ec2.describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [identifier]}]
    )["IamInstanceProfileAssociations"]
    return found[0] if found else None


def filtered(ec2: Any, **filters: str) -> list[str]:
    """Return the ids of the instances that filters let through; `_` in a name stands for `-`."""
    named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return ids(ec2.describe_instances(Filters=named))
