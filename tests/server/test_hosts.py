"""Which region a Host header of AWS's own demands, and that any other demands none."""

from __future__ import annotations

import pytest

from vestry.server.hosts import enforced_region

HOSTS = [
    ("sts.amazonaws.com", "sts", "us-east-1"),
    ("IAM.amazonaws.com:443", "iam", "us-east-1"),
    ("iam.global.api.aws", "iam", "us-east-1"),
    ("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1"),
    ("sts-fips.us-west-2.api.aws", "sts", "us-west-2"),
    ("ec2.eu-west-1.amazonaws.com", "ec2", "eu-west-1"),
    ("rolesanywhere.eu-west-1.amazonaws.com", "rolesanywhere", "eu-west-1"),
    ("rolesanywhere-fips.us-east-1.amazonaws.com", "rolesanywhere", "us-east-1"),
    ("eks-auth.eu-west-1.api.aws", "eks-auth", "eu-west-1"),
    ("sts.eu-west-1.amazonaws.com", "ec2", None),
    ("sts.eu-west-1.amazonaws.com.example", "sts", None),
    ("vestry.internal", "sts", None),
    ("127.0.0.1:4566", "sts", None),
    (None, "sts", None),
]


@pytest.mark.parametrize(("host", "service", "region"), HOSTS)
def test_a_name_of_aws_demands_its_region(host: str | None, service: str, region: str | None) -> None:
    assert enforced_region(host, service) == region
