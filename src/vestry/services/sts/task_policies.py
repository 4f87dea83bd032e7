"""The policies that scope a root session to one task, by their ARN. AWS manages them; they can be attached to nothing.

Each allows what AWS's leaves: its actions on the root user (or on resources of the account), and nothing else.
Source: IAM User Guide, "AWS managed policies for AWS Identity and Access Management" (root-task).
"""

from __future__ import annotations

from typing import Any

import msgspec

_PREFIX = "arn:aws:iam::aws:policy/root-task/"
_ROOT_USER, _ANYTHING = "arn:aws:iam::*:root", "*"

_LOOKING = (
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:GetUser",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListSigningCertificates",
)
_DELETING = (
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteSigningCertificate",
)
_BUCKETS = ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:ListAllMyBuckets", "s3:PutBucketPolicy")
_QUEUES = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueues", "sqs:SetQueueAttributes")

#: Name -> what it allows, as (actions, resource) pairs.
_TASKS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "IAMAuditRootUserCredentials": ((_LOOKING, _ROOT_USER), (("iam:GetAccountSummary",), _ANYTHING)),
    "IAMCreateRootUserPassword": ((("iam:CreateLoginProfile", "iam:GetLoginProfile"), _ROOT_USER),),
    "IAMDeleteRootUserCredentials": ((_LOOKING + _DELETING, _ROOT_USER),),
    "S3UnlockBucketPolicy": ((_BUCKETS, _ANYTHING),),
    "SQSUnlockQueuePolicy": ((_QUEUES, _ANYTHING),),
}


def _document(parts: tuple[tuple[tuple[str, ...], str], ...]) -> str:
    statements: list[Any] = [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource} for actions, resource in parts
    ]
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


#: ARN -> document.
TASK_POLICIES: dict[str, str] = {_PREFIX + name: _document(parts) for name, parts in _TASKS.items()}
