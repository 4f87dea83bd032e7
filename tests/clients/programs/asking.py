"""For each line of standard input, ask STS who this is, by one client of boto3's that lives on; print that and its key."""

from __future__ import annotations

import sys

import boto3

session = boto3.Session()
sts = session.client("sts")
for _ in sys.stdin:
    print(sts.get_caller_identity()["Arn"], session.get_credentials().access_key, flush=True)
